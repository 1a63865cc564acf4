import { fc, test } from '@fast-check/vitest'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSafetensors } from '../../../src/io/checkpoint/safetensors.js'
import { writeSafetensors, type Tensor } from '../../../src/io/checkpoint/safetensorsWriter.js'
import { withSource } from '../../../src/io/source.js'
import { readStoredInto, type StoredTensor } from '../../../src/io/checkpoint/stored.js'
import { shared } from '../../shared.js'
import { accepted, failure, folderWith, refusal } from '../fixture.js'
import { float32, framed, product, safetensors, type Header } from './miniature.js'

const list = [float32('a', [2, 3]), float32('b', [4])]
const entryOf = (header: Header, name: string) =>
  header[name] as { dtype: string; shape: unknown; data_offsets: unknown } // as: made by safetensors()

const refused = (bytes: Uint8Array): Promise<string> =>
  failure(readSafetensors(join(folderWith({ 'm.safetensors': bytes }), 'm.safetensors')))

const text = (json: string): Uint8Array => new TextEncoder().encode(json)

const read = async (tensor: StoredTensor): Promise<Float32Array> => {
  const out = new Float32Array(product(tensor.shape))
  await withSource(tensor.file, source => readStoredInto(source, tensor, out))
  return out
}

const get = (tensors: ReadonlyMap<string, StoredTensor>, name: string): StoredTensor => {
  const tensor = tensors.get(name)
  if (tensor === undefined) throw new Error(`no tensor ${name}`)
  return tensor
}

describe('a safetensors header', () => {
  it('gives names, types, shapes and places, metadata aside', async () => {
    const bytes = safetensors(list, header => (header.__metadata__ = { format: 'pt' }))
    const file = join(folderWith({ 'm.safetensors': bytes }), 'm.safetensors')
    const tensors = await readSafetensors(file)
    const offset = bytes.length - 40
    expect([...tensors.values()]).toEqual([
      { file, name: 'a', dtype: 'F32', shape: [2, 3], offset },
      { file, name: 'b', dtype: 'F32', shape: [4], offset: offset + 24 },
    ])
  })

  it('may list empty tensors', async () => {
    const file = join(folderWith({ m: safetensors([float32('none', [0, 3]), ...list]) }), 'm')
    expect((await readSafetensors(file)).get('none')?.shape).toEqual([0, 3])
  })

  const lies: readonly (readonly [what: string, lie: (header: Header) => unknown, message: string])[] = [
    [
      'a gap',
      h => (entryOf(h, 'a').data_offsets = [4, 28]),
      'tensor a: expected its data at 0, found at 4: it leaves a gap',
    ],
    ['an overlap', h => (entryOf(h, 'b').data_offsets = [20, 36]), 'tensor b: expected its data at 24 or after'],
    ['a later start', h => (entryOf(h, 'b').data_offsets = [28, 44]), 'tensor b: expected its data at 24, found at 28'],
    ['a first gap', h => delete h.a, 'tensor b: expected its data at 0, found at 24: it leaves a gap'],
    [
      'too little data named',
      h => delete h.b,
      'header: expected tensors for all 40 bytes of data, found tensors for 24',
    ],
    [
      'a tensor out of the file',
      h => (h.b = { dtype: 'F32', shape: [400], data_offsets: [24, 1624] }),
      "tensor b: expected its data within the file's 40 bytes of data, found its end at 1624",
    ],
    [
      'a length that is not the shape',
      h => (entryOf(h, 'b').shape = [5]),
      'tensor b: expected 20 bytes for [5] of F32, found 16 at data_offsets [24, 40]',
    ],
    ['reversed offsets', h => (entryOf(h, 'b').data_offsets = [40, 24]), 'tensor b: expected 16 bytes for [4] of F32'],
    [
      'a shape beyond counting',
      h => (entryOf(h, 'b').shape = [2 ** 40, 2 ** 40]),
      'tensor b: expected 4.835703278458517e+24 bytes',
    ],
    ['a negative size', h => (entryOf(h, 'b').shape = [-4]), 'tensor b: shape.0: expected an integer from 0 to'],
    [
      'a fractional offset',
      h => (entryOf(h, 'b').data_offsets = [24.5, 40]),
      'tensor b: data_offsets: expected the first byte',
    ],
    [
      'three offsets',
      h => (entryOf(h, 'b').data_offsets = [24, 40, 48]),
      'tensor b: data_offsets: expected the first byte and the byte after the last, found [24,40,48]',
    ],
    ['no shape', h => (entryOf(h, 'b').shape = undefined), 'tensor b: shape: expected a list of sizes, found nothing'],
    [
      'an unknown type',
      h => (entryOf(h, 'b').dtype = 'F33'),
      'tensor b: expected an element type of the format, found F33',
    ],
    ['a type named as a method', h => (entryOf(h, 'b').dtype = 'toString'), 'tensor b: expected an element type'],
    [
      'no object for a tensor',
      h => (h.b = 7),
      'tensor b: expected an object of dtype, shape and data_offsets, found 7',
    ],
    ['other metadata', h => (h.__metadata__ = { n: 1 }), 'header: __metadata__: n: expected string, found 1'],
  ]
  it.each(lies)('is refused with %s', async (_, lie, message) => {
    expect(await refused(safetensors(list, lie))).toContain(message)
  })

  const a = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
  it.each([
    ['no JSON', text('{"a": nonsense}'), 'header: line 1, column 7: expected a JSON value, found "nonsense"'],
    ['no object', text('[]'), 'header: expected a JSON object, found []'],
    [
      'bytes that are not UTF-8',
      Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d),
      'header: line 1, column 3: expected UTF-8 text, found byte 0xff at offset 2',
    ],
    [
      'a name twice',
      text(`{"a":${a},"a":${a}}`),
      `header: line 1, column 55: expected each key once, found the key "a" again`,
    ],
    ['a name twice, escaped', text(`{"a":${a},"\\u0061" :${a}}`), 'found the key "a" again'],
    ['offsets twice', text('{"a":{"dtype":"F32","dtype":"F32"}}'), 'found the key "dtype" again'],
  ])('is refused when it has %s', async (_, header, message) => {
    expect(await refused(framed(header, []))).toContain(message)
  })

  it('may say the same word twice in different objects, and as a value', async () => {
    const header = text(`{"__metadata__":{"a":"a","b":"\\"a"},"a":${a}}`)
    const file = join(folderWith({ m: framed(header, [float32('a', [2])]) }), 'm')
    expect([...(await readSafetensors(file)).keys()]).toEqual(['a'])
  })

  it.each([2n ** 63n, 2n ** 64n - 1n, 10_000n, 5n])('is refused at a length of %s beyond the file', async length => {
    const message = `header length: expected at most the 4 bytes that follow, found ${length}`
    expect(await refused(framed(text('{}  '), [], length))).toContain(message)
  })

  it('is refused at a length above the limit, before it is allocated', async () => {
    const folder = folderWith({ m: framed(new Uint8Array(0), [], 3n * 10n ** 9n) })
    truncateSync(join(folder, 'm'), 4e9)
    const message = await failure(readSafetensors(join(folder, 'm')))
    expect(message).toContain('header: expected at most 100000000 bytes, found 3000000000 bytes')
  })

  it('is refused in a truncated file, wherever it is cut', async () => {
    const whole = safetensors(list)
    for (let size = 0; size < whole.length; size++) {
      expect(await refused(whole.subarray(0, size))).toMatch(/m\.safetensors: (header|tensor )/)
    }
  })

  it('is refused when nothing, a folder or a pipe stands there', async () => {
    const folder = folderWith()
    mkdirSync(join(folder, 'dir'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    expect(await failure(readSafetensors(join(folder, 'absent')))).toContain('expected a file that exists, found none')
    expect(await failure(readSafetensors(join(folder, 'dir')))).toContain('expected a regular file, found a folder')
    expect(await failure(readSafetensors(join(folder, 'pipe')))).toContain('expected a regular file, found a pipe')
  })
})

describe('reading a tensor', () => {
  it('names the first weight that is not finite by its coordinates', async () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      const bad = float32('b', [2, 3], i => (i >= 4 ? value : 1))
      const file = join(folderWith({ m: safetensors([float32('a', [2]), bad]) }), 'm')
      const message = await failure(read(get(await readSafetensors(file), 'b')))
      expect(message).toContain(`tensor b: expected finite weights, found ${value} at [1, 1]`)
    }
  })

  it('names coordinates beyond the first chunk, in every precision', async () => {
    const shape = [1100, 1000]
    const at = 1_050_001
    const codes = Uint16Array.from({ length: product(shape) }, (_, i) => (i === at ? 0xff80 : 0))
    const bytes = new Uint8Array(codes.buffer)
    const tensors = [
      { name: 'half', dtype: 'F16', shape, bytes },
      { name: 'brain', dtype: 'BF16', shape, bytes },
      float32('single', shape, i => (i === at ? NaN : 0)),
    ]
    const found = await readSafetensors(join(folderWith({ m: safetensors(tensors) }), 'm'))
    expect(await failure(read(get(found, 'half')))).toContain(
      'tensor half: expected finite weights, found NaN at [1050, 1]',
    )
    expect(await failure(read(get(found, 'brain')))).toContain('found -Infinity at [1050, 1]')
    expect(await failure(read(get(found, 'single')))).toContain('found NaN at [1050, 1]')
  })

  it('fills shared memory, at an offset', async () => {
    const file = join(folderWith({ m: safetensors(list) }), 'm')
    const memory = new Float32Array(new SharedArrayBuffer(40), 8, 6)
    const tensor = get(await readSafetensors(file), 'a')
    await withSource(file, source => readStoredInto(source, tensor, memory))
    expect([...memory]).toEqual([...(await read(tensor))])
    expect(memory[5]).toBe(5 / 8 - 1)
  })

  it('reports a file that shrank since it was opened', async () => {
    const file = join(folderWith({ m: safetensors(list) }), 'm')
    const tensor = get(await readSafetensors(file), 'b')
    truncateSync(file, tensor.offset + 4)
    expect(await failure(read(tensor))).toContain('expected 16 bytes, found the end of the file')
  })

  it('is our fault with an array of another length', async () => {
    const file = join(folderWith({ m: safetensors(list) }), 'm')
    const tensor = get(await readSafetensors(file), 'b')
    await expect(withSource(file, source => readStoredInto(source, tensor, new Float32Array(3)))).rejects.toThrow(
      RangeError,
    )
  })
})

describe('writeSafetensors', () => {
  it('gives the bytes of the Hugging Face library, in whatever order the tensors come', async () => {
    const file = shared('data/reference/tiny-roberta/model.safetensors')
    const tensors: Tensor[] = []
    for (const tensor of (await readSafetensors(file)).values()) {
      tensors.unshift({ name: tensor.name, shape: tensor.shape, data: await read(tensor) })
    }
    const copy = join(folderWith(), 'model.safetensors')
    await accepted(writeSafetensors(copy, tensors))
    expect(readFileSync(copy).equals(readFileSync(file))).toBe(true)
  })

  it('gives the bytes of the Hugging Face library in float16', async () => {
    const file = shared('data/reference/tiny-roberta-3-labels-f16/model.safetensors')
    const tensors: Tensor[] = []
    for (const tensor of (await readSafetensors(file)).values()) {
      tensors.push({ name: tensor.name, shape: tensor.shape, data: await read(tensor) })
    }
    const copy = join(folderWith(), 'model.safetensors')
    await accepted(writeSafetensors(copy, tensors, { precision: 'F16' }))
    expect(readFileSync(copy).equals(readFileSync(file))).toBe(true)
  })

  const anyTensors = fc.uniqueArray(
    fc.tuple(fc.string({ unit: 'grapheme' }), fc.array(fc.nat(4), { maxLength: 3 }), fc.integer()),
    { maxLength: 5, selector: ([name]) => name },
  )
  test.prop([anyTensors], { numRuns: 50 })('read back gives the same bits, names and shapes', async drawn => {
    const tensors = drawn.map(([name, shape, seed]) => {
      // Any finite bit pattern: subnormals and -0 included.
      const bits = Uint32Array.from({ length: product(shape) }, (_, i) => Math.imul(seed + i, 0x9e3779b1) & 0xff7fffff)
      return { name, shape, data: new Float32Array(bits.buffer) }
    })
    const file = join(folderWith(), 'model.safetensors')
    await accepted(writeSafetensors(file, tensors, { metadata: { format: 'pt', note: 'round trip' } }))
    const found = await readSafetensors(file)
    expect(found.size).toBe(tensors.length)
    for (const { name, shape, data } of tensors) {
      const tensor = get(found, name)
      expect(tensor.shape).toEqual(shape)
      expect(tensor.offset % 4).toBe(0)
      expect(new Uint32Array((await read(tensor)).buffer)).toEqual(new Uint32Array(data.buffer))
    }
  })

  it('gives the same bytes piece by piece, each piece in the room of the one before', async () => {
    const whole = Float32Array.from({ length: 10 }, (_, i) => i / 3)
    const room = new Float32Array(4)
    const data = function* () {
      for (let first = 0; first < 10; first += 4) {
        room.set(whole.subarray(first, first + 4))
        yield room.subarray(0, Math.min(4, 10 - first))
      }
    }
    const folder = folderWith()
    for (const precision of ['F32', 'F16'] as const) {
      const [a, b] = ['a', 'b'].map(name => join(folder, name)) as [string, string] // two names, two paths
      await accepted(writeSafetensors(a, [{ name: 'w', shape: [2, 5], data: whole }], { precision }))
      await accepted(writeSafetensors(b, [{ name: 'w', shape: [2, 5], data }], { precision }))
      expect(readFileSync(a).equals(readFileSync(b))).toBe(true)
    }
    const pieces = () => [Float32Array.of(0, 1), Float32Array.of(2, NaN)]
    expect(await refusal(writeSafetensors(join(folder, 'c'), [{ name: 'w', shape: [4], data: pieces }]))).toContain(
      'found NaN at element 3',
    )
    await expect(writeSafetensors(join(folder, 'd'), [{ name: 'w', shape: [11], data }])()).rejects.toThrow(RangeError)
    expect(readdirSync(folder).sort()).toEqual(['a', 'b'])
  })

  it('refuses what it could not read back and leaves the old file alone', async () => {
    const folder = folderWith({ 'm.safetensors': 'old' })
    const file = join(folder, 'm.safetensors')
    const one = (value: number): Tensor[] => [{ name: 'w', shape: [2], data: Float32Array.of(0, value) }]
    expect(await refusal(writeSafetensors(file, one(NaN)))).toContain(
      'tensor w: expected values that are finite in F32, found NaN at element 1',
    )
    expect(await refusal(writeSafetensors(file, one(1e5), { precision: 'F16' }))).toContain(
      'tensor w: expected values that are finite in F16, found 100000 at element 1',
    )
    expect(readFileSync(file, 'utf8')).toBe('old')
    expect(readdirSync(folder)).toEqual(['m.safetensors'])
  })

  it('reports a place it cannot write to', async () => {
    const folder = folderWith()
    writeFileSync(join(folder, 'file'), '')
    expect(await refusal(writeSafetensors(join(folder, 'file', 'sub', 'm'), []))).toMatch(/expected .*, found /)
  })

  it('holds the caller to names of their own and matching lengths', async () => {
    const file = join(folderWith(), 'm')
    const w: Tensor = { name: 'w', shape: [2], data: new Float32Array(2) }
    await expect(writeSafetensors(file, [w, w])()).rejects.toThrow(RangeError)
    await expect(writeSafetensors(file, [{ ...w, shape: [3] }])()).rejects.toThrow(RangeError)
    await expect(writeSafetensors(file, [{ ...w, name: '__metadata__' }])()).rejects.toThrow(RangeError)
  })
})
