import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tensorShapes } from '../../../src/domain/encoder/architecture.js'
import { openCheckpoint, type Checkpoint } from '../../../src/io/checkpoint/checkpoint.js'
import { shared } from '../../shared.js'
import { accepted, folderWith, refusal } from '../fixture.js'
import { config, float32, product, safetensors, tensors, type Listed } from './miniature.js'
import { archive, zip } from './torchArchive.js'

const model = (list: readonly Listed[], changes: object = {}): string =>
  folderWith({ 'config.json': { ...config, ...changes }, 'model.safetensors': safetensors(list) })

const read = async (checkpoint: Checkpoint, name: string): Promise<Float32Array> => {
  const shape = checkpoint.tensors.get(name)?.shape
  if (shape === undefined) throw new Error(`no tensor ${name}`)
  const out = new Float32Array(product(shape))
  await accepted(checkpoint.readInto(name, out))
  return out
}

/** All tensors' bits, by name. */
const bits = async (checkpoint: Checkpoint): Promise<ReadonlyMap<string, Uint32Array>> => {
  const found = new Map<string, Uint32Array>()
  for (const name of checkpoint.tensors.keys()) {
    found.set(name, new Uint32Array((await read(checkpoint, name)).buffer))
  }
  return found
}

/** SHA-256 of all tensors' bits, by name: vitest compares large arrays slowly. */
const digests = async (checkpoint: Checkpoint): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>()
  for (const name of checkpoint.tensors.keys()) {
    found.set(
      name,
      createHash('sha256')
        .update(await read(checkpoint, name))
        .digest('hex'),
    )
  }
  return found
}

const expectedBits = (list: readonly Listed[]): ReadonlyMap<string, Uint32Array> =>
  new Map(
    list.map(({ name, bytes }) => [name.replace(/^roberta\./, ''), new Uint32Array(new Uint8Array(bytes).buffer)]),
  )

const renamed = (rename: (name: string) => string): readonly Listed[] =>
  tensors.map(tensor => ({ ...tensor, name: rename(tensor.name) }))

const openHandles = (): number => readdirSync('/proc/self/fd').length

describe('a checkpoint', () => {
  it('gives every tensor of the architecture, with its exact bits', async () => {
    const checkpoint = await accepted(openCheckpoint(model(tensors, { id2label: { 0: 'no', 1: 'yes' } })))
    expect(checkpoint.labelNames).toEqual(['no', 'yes'])
    expect(checkpoint.hasClassifier).toBe(true)
    expect(checkpoint.files.map(file => basename(file))).toEqual(['config.json', 'model.safetensors'])
    expect(await bits(checkpoint)).toEqual(expectedBits(tensors))
    expect(new Map([...checkpoint.tensors].map(([name, { shape }]) => [name, shape]))).toEqual(
      tensorShapes(checkpoint.architecture),
    )
  })

  it('may leave out the prefix', async () => {
    const checkpoint = await accepted(openCheckpoint(model(renamed(name => name.replace('roberta.', '')))))
    expect(await bits(checkpoint)).toEqual(expectedBits(tensors))
  })

  it('may hold what a classifier does not use', async () => {
    const others = ['roberta.pooler.dense.weight', 'pooler.dense.bias', 'lm_head.bias', 'lm_head.layer_norm.weight']
    const buffer = { name: 'roberta.embeddings.position_ids', dtype: 'I64', shape: [1], bytes: new Uint8Array(8) }
    const list = [...tensors, buffer, ...others.map(name => float32(name, [3], () => NaN))]
    const checkpoint = await accepted(openCheckpoint(model(list)))
    expect(await bits(checkpoint)).toEqual(expectedBits(tensors))
  })

  it('prefers safetensors to torch archives, whole files to shards', async () => {
    const marked = (value: number): readonly Listed[] =>
      tensors.map(({ name, shape }) => float32(name, shape, () => value))
    const sharded = (file: string): object => ({
      weight_map: Object.fromEntries(tensors.map(({ name }) => [name, file])),
    })
    const files: Record<string, Uint8Array | object> = { 'config.json': config }
    const first = async (): Promise<number | undefined> =>
      (await read(await accepted(openCheckpoint(folderWith(files))), 'embeddings.LayerNorm.bias'))[0]
    files['pytorch_model.bin.index.json'] = sharded('shard.bin')
    files['shard.bin'] = zip(archive(marked(1)))
    expect(await first()).toBe(1)
    files['pytorch_model.bin'] = zip(archive(marked(2)))
    expect(await first()).toBe(2)
    files['model.safetensors.index.json'] = sharded('shard.safetensors')
    files['shard.safetensors'] = safetensors(marked(3))
    expect(await first()).toBe(3)
    files['model.safetensors'] = safetensors(marked(4))
    expect(await first()).toBe(4)
  })

  it('leaves no file open, whether it is taken or refused', async () => {
    const before = openHandles()
    const nan = tensors.map(({ name, shape }) => float32(name, shape, () => NaN))
    const checkpoint = await accepted(openCheckpoint(model(nan)))
    expect(await refusal(checkpoint.readInto('embeddings.LayerNorm.bias', new Float32Array(4)))).toContain(
      'tensor roberta.embeddings.LayerNorm.bias: expected finite weights, found NaN at [0]',
    )
    await refusal(openCheckpoint(model(tensors.slice(1))))
    await bits(await accepted(openCheckpoint(model(tensors))))
    expect(openHandles()).toBe(before)
  })

  it('holds the caller to its names and lengths', async () => {
    const checkpoint = await accepted(openCheckpoint(model(tensors)))
    await expect(checkpoint.readInto('pooler.dense.bias', new Float32Array(4))()).rejects.toThrow(RangeError)
    await expect(checkpoint.readInto('classifier.dense.bias', new Float32Array(3))()).rejects.toThrow(RangeError)
  })
})

describe('a checkpoint is refused', () => {
  it.each(tensors.map(({ name }) => name))('without %s', async name => {
    const message = await refusal(openCheckpoint(model(tensors.filter(tensor => tensor.name !== name))))
    expect(message).toMatch(new RegExp(`model.safetensors: tensor ${name.replace('roberta.', '')}: .*, found none$`))
  })

  const one = float32('one', [1])
  it.each([
    'roberta.encoder.layer.1.output.dense.bias',
    'roberta.encoder.layer.0.attention.self.distance_embedding.weight',
    'roberta.embeddings.extra',
    'classifier.weight',
    'bert.encoder.layer.0.output.dense.bias',
    'qa_outputs.bias',
  ])('with %s too many', async name => {
    const message = await refusal(openCheckpoint(model([...tensors, { ...one, name }])))
    expect(message).toContain(
      `tensor ${name}: expected only tensors of a RoBERTa encoder of 1 layers and its classifier, found one too many`,
    )
  })

  it('with a tensor under both of its names', async () => {
    const message = await refusal(openCheckpoint(model([...tensors, float32('embeddings.LayerNorm.bias', [4])])))
    expect(message).toContain(
      'tensor embeddings.LayerNorm.bias: expected it once, found it with and without the prefix',
    )
  })

  it('with a shape that is not that of config.json', async () => {
    const labels = await refusal(openCheckpoint(model(tensors, { num_labels: 3 })))
    expect(labels).toContain(
      'tensor classifier.out_proj.weight: expected the shape [3, 4] of config.json, found [2, 4]',
    )
    const vocabulary = await refusal(openCheckpoint(model(tensors, { vocab_size: 12 })))
    expect(vocabulary).toContain(
      'tensor roberta.embeddings.word_embeddings.weight: expected the shape [12, 4] of config.json, found [11, 4]',
    )
    const flat = tensors.map(tensor =>
      tensor.name === 'classifier.dense.weight' ? { ...tensor, shape: [16] } : tensor,
    )
    expect(await refusal(openCheckpoint(model(flat)))).toContain('expected the shape [4, 4] of config.json, found [16]')
  })

  it.each([
    ['F64', 8],
    ['I32', 4],
    ['F8_E4M3', 1],
  ])('with weights in %s', async (dtype, width) => {
    const list = tensors.map(tensor =>
      tensor.name === 'classifier.dense.bias' ? { ...tensor, dtype, bytes: new Uint8Array(4 * width) } : tensor,
    )
    expect(await refusal(openCheckpoint(model(list)))).toContain(
      `tensor classifier.dense.bias: expected weights in F32, F16 or BF16, found ${dtype}`,
    )
  })

  it('without config.json, without weights, without a folder', async () => {
    expect(await refusal(openCheckpoint(folderWith()))).toMatch(
      /config\.json: expected a file that exists, found none$/,
    )
    expect(await refusal(openCheckpoint(folderWith({ 'config.json': config })))).toContain(
      'expected weights: model.safetensors, model.safetensors.index.json, pytorch_model.bin, ' +
        'pytorch_model.bin.index.json, found none of them',
    )
    expect(await refusal(openCheckpoint(join(folderWith(), 'absent')))).toContain(
      'expected a file that exists, found none',
    )
  })

  it('with a config.json that is not JSON, or says a thing twice', async () => {
    expect(await refusal(openCheckpoint(folderWith({ 'config.json': '{' })))).toMatch(
      /config\.json: line 1, column 2: expected a key in double quotes or "}", found the end of the file$/,
    )
    expect(await refusal(openCheckpoint(folderWith({ 'config.json': '{"a":1,"a":2}' })))).toContain(
      'config.json: line 1, column 8: expected each key once, found the key "a" again',
    )
  })
})

describe('a checkpoint without a classifier', () => {
  const encoder = tensors.filter(({ name }) => !name.startsWith('classifier.'))

  it('is refused where one is required, saying what is there instead', async () => {
    expect(await refusal(openCheckpoint(model(encoder)))).toContain(
      'expected a sequence classifier (classifier.dense, classifier.out_proj), found an encoder without a head',
    )
    expect(await refusal(openCheckpoint(model([...encoder, float32('lm_head.bias', [11])])))).toContain(
      'found a language-model head (lm_head) and no classifier',
    )
  })

  it('is taken where it is optional, but not half a classifier', async () => {
    for (const list of [encoder, [...encoder, float32('lm_head.bias', [11])]]) {
      const checkpoint = await accepted(openCheckpoint(model(list), { classifier: 'optional' }))
      expect(checkpoint.hasClassifier).toBe(false)
      expect(await bits(checkpoint)).toEqual(expectedBits(encoder))
    }
    const half = tensors.filter(({ name }) => name !== 'classifier.out_proj.bias')
    expect(await refusal(openCheckpoint(model(half), { classifier: 'optional' }))).toContain(
      'tensor classifier.out_proj.bias: expected one of shape [2], found none',
    )
  })
})

describe('a checkpoint in shards', () => {
  const [one, two] = [tensors.slice(0, 7), tensors.slice(7)]
  const home = (): Record<string, string> =>
    Object.fromEntries(tensors.map(({ name }, i) => [name, i < one.length ? 'one.st' : 'two.st']))
  const sharded = (change: (map: Record<string, string>) => unknown = () => undefined): string => {
    const map = home()
    change(map)
    return folderWith({
      'config.json': config,
      'model.safetensors.index.json': { metadata: { total_size: 1 }, weight_map: map },
      'one.st': safetensors(one),
      'two.st': safetensors(two),
    })
  }
  const some = two[0]?.name ?? ''

  it('gives the same tensors, and names all its files', async () => {
    const checkpoint = await accepted(openCheckpoint(sharded()))
    expect(await bits(checkpoint)).toEqual(expectedBits(tensors))
    expect(checkpoint.files.map(file => basename(file))).toEqual([
      'config.json',
      'model.safetensors.index.json',
      'one.st',
      'two.st',
    ])
  })

  it.each<[string, string, string]>([
    ['a missing file', 'three.st', 'expected the file "three.st" beside the index, found none'],
    ['another shard', 'one.st', `expected the tensor in "one.st", found none of that name`],
    ['a file above', '../one.st', 'expected the name of a file in the same folder, found "../one.st"'],
    ['an absolute path', '/etc/passwd', 'expected the name of a file in the same folder, found "/etc/passwd"'],
    ['a path of Windows', 'C:\\one.st', 'expected the name of a file in the same folder, found "C:\\\\one.st"'],
    ['a file below', 'sub/one.st', 'expected the name of a file in the same folder'],
    ['the folder', '.', 'expected the name of a file in the same folder, found "."'],
    ['the folder above', '..', 'expected the name of a file in the same folder, found ".."'],
    ['nothing', '', 'expected the name of a file in the same folder, found ""'],
  ])('is refused when a tensor is mapped to %s', async (_, shard, message) => {
    // Only one tensor of `two` is moved, and the shard that holds it does not come first.
    const text = await refusal(openCheckpoint(sharded(map => (map[some] = shard))))
    if (shard === 'one.st')
      expect(text).toContain(`weight_map[${JSON.stringify(some)}]: expected "two.st", which holds the tensor`)
    else expect(text).toContain(message)
    expect(text).toContain(`model.safetensors.index.json: weight_map`)
  })

  it('is refused when a shard holds a tensor the index does not know, or not one it names', async () => {
    expect(await refusal(openCheckpoint(sharded(map => Reflect.deleteProperty(map, some))))).toContain(
      `weight_map[${JSON.stringify(some)}]: expected "two.st", which holds the tensor, found it not mapped`,
    )
    expect(await refusal(openCheckpoint(sharded(map => (map.ghost = 'two.st'))))).toContain(
      'weight_map.ghost: expected the tensor in "two.st", found none of that name',
    )
  })

  it('is refused without a weight_map', async () => {
    const folder = folderWith({ 'config.json': config, 'model.safetensors.index.json': {} })
    expect(await refusal(openCheckpoint(folder))).toContain('weight_map: expected an object from tensor to file')
  })

  it('may be links to files elsewhere, as in the Hugging Face cache, but not to a folder', async () => {
    const blobs = folderWith({ config: JSON.stringify(config), weights: safetensors(tensors) })
    const folder = folderWith()
    symlinkSync(join(blobs, 'config'), join(folder, 'config.json'))
    symlinkSync(join(blobs, 'weights'), join(folder, 'model.safetensors'))
    expect(await bits(await accepted(openCheckpoint(folder)))).toEqual(expectedBits(tensors))
    const other = folderWith({ 'config.json': config })
    mkdirSync(join(other, 'real'))
    symlinkSync(join(other, 'real'), join(other, 'model.safetensors'))
    expect(await refusal(openCheckpoint(other))).toContain('expected a regular file, found a folder')
    expect(existsSync(join(other, 'real'))).toBe(true)
  })
})

describe('real checkpoints', () => {
  it.each([
    ['models/sst2', 105, ['LABEL_0', 'LABEL_1'], [17564, 384]],
    ['models/mrpc', 105, ['LABEL_0', 'LABEL_1'], [21984, 384]],
    ['models/stsb', 105, [], [21383, 384]],
    ['reference/tiny-roberta', 57, ['LABEL_0', 'LABEL_1'], [50265, 32]],
    ['reference/tiny-roberta-3-labels-f16', 57, ['entailment', 'neutral', 'contradiction'], [50265, 32]],
    ['reference/tiny-roberta-regression-bf16-sharded', 57, [], [50265, 32]],
  ])('%s opens, and every weight is read', async (name, count, labelNames, embeddings) => {
    const checkpoint = await accepted(openCheckpoint(shared('data', name)))
    expect(checkpoint.labelNames).toEqual(labelNames)
    expect(checkpoint.tensors.get('embeddings.word_embeddings.weight')?.shape).toEqual(embeddings)
    expect((await digests(checkpoint)).size).toBe(count)
  })

  it('models/base is an encoder alone', async () => {
    const folder = shared('data/models/base')
    expect(await refusal(openCheckpoint(folder))).toContain('found an encoder without a head')
    const checkpoint = await accepted(openCheckpoint(folder, { classifier: 'optional' }))
    expect(checkpoint.hasClassifier).toBe(false)
    expect((await digests(checkpoint)).size).toBe(101)
  })

  it('tiny-roberta-no-classifier is refused as a language model', async () => {
    expect(await refusal(openCheckpoint(shared('data/reference/tiny-roberta-no-classifier')))).toContain(
      'found a language-model head (lm_head) and no classifier',
    )
  })

  it('tiny-roberta has the same bits in model.safetensors and pytorch_model.bin', async () => {
    const folder = folderWith()
    for (const file of ['config.json', 'pytorch_model.bin']) {
      symlinkSync(shared('data/reference/tiny-roberta', file), join(folder, file))
    }
    const archived = await accepted(openCheckpoint(folder))
    expect(archived.files.map(file => basename(file))).toEqual(['config.json', 'pytorch_model.bin'])
    const plain = await accepted(openCheckpoint(shared('data/reference/tiny-roberta')))
    expect(await digests(archived)).toEqual(await digests(plain))
  })
})
