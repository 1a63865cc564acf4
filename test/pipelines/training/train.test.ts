import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Config } from '../../../src/domain/experiment/config.js'
import type { TaskName } from '../../../src/domain/tasks/task.js'
import { openCheckpoint } from '../../../src/io/checkpoint/checkpoint.js'
import { writeSafetensors } from '../../../src/io/checkpoint/safetensorsWriter.js'
import { orThrow } from '../../../src/io/fault.js'
import { createHeap } from '../../../src/kernels/heap.js'
import { openDigital } from '../../../src/pipelines/digital.js'
import { batchOf } from '../../../src/pipelines/batches.js'
import { train } from '../../../src/pipelines/training/loop.js'
import { openInTraining } from '../../../src/pipelines/training/model.js'
import { readTrainingSet } from '../../../src/pipelines/training/set.js'
import { tokenised } from '../../../src/pipelines/tokenised.js'
import { temporaryFolder } from '../../cli/ohmflow.js'
import { decoded, listening, miniature, prepared, resultBytes, training, written } from './subject.js'

const folder = temporaryFolder()
const config = decoded(written({ folder }))
const whole = join(folder, 'whole')
let bytes: Readonly<Record<string, string>> = {}

beforeAll(async () => {
  await training(config, whole)
  bytes = resultBytes(whole)
})

/** Stops after some batches, steps and evaluations alike; a state after every step. */
const interruptedAfter = async (own: Config, out: string, batches: number): Promise<string> => {
  const controller = new AbortController()
  let left = batches
  const progress = listening(() => {
    if (--left === 0) controller.abort()
  })
  return training(own, out, { progress, signal: controller.signal, saveEverySteps: 1 }).then(
    () => 'not interrupted',
    (error: unknown) => String(error),
  )
}

const statesOf = (out: string): readonly string[] => readdirSync(join(out, 'states')).toSorted()

/** An encoder without a classifier, whose config.json says nothing of labels. */
const headless = async (task: TaskName): Promise<string> => {
  const out = join(folder, `headless-${task}`)
  cpSync(miniature(task), out, { recursive: true })
  const checkpoint = await orThrow(openCheckpoint(out))
  const tensors = []
  for (const [name, { shape }] of checkpoint.tensors) {
    if (name.startsWith('classifier.')) continue
    const numbers = new Float32Array(shape.reduce((a, b) => a * b, 1))
    await orThrow(checkpoint.readInto(name, numbers))
    tensors.push({ name: `roberta.${name}`, shape, data: numbers })
  }
  await orThrow(writeSafetensors(join(out, 'model.safetensors'), tensors))
  const file = join(out, 'config.json')
  const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  for (const key of ['id2label', 'label2id', 'num_labels', 'problem_type']) Reflect.deleteProperty(json, key)
  writeFileSync(file, JSON.stringify(json))
  return out
}

describe('a training', () => {
  test('learns 32 examples by heart', async () => {
    const own = decoded({
      ...written({ folder, train: { examples: 32, epochs: 25, dropout: 0, attentionDropout: 0, learningRate: 2e-3 } }),
      tasks: [
        {
          ...{ task: 'mrpc', checkpoint: miniature('mrpc'), data: join(miniature('mrpc'), '../../glue/MRPC') },
          ...{ split: 'train', examples: 32 },
        },
      ],
    })
    const { finished } = await training(own, join(folder, 'by-heart'))
    const [told] = finished.told
    expect(told?.steps.at(-1)?.loss).toBeLessThan(0.1)
    expect(told?.evaluations.filter(e => e.metric === 'accuracy').at(-1)?.value).toBe(1)
  })

  test.each([1, 2, 3])('gives the same bytes with %d workers', async workers => {
    const out = join(folder, `workers-${workers}`)
    await training(config, out, { engines: { workers } })
    expect(resultBytes(out)).toEqual(bytes)
  })

  test('another seed gives another model', async () => {
    const out = join(folder, 'seed')
    await training({ ...config, seed: 2 }, out)
    expect(resultBytes(out)['mrpc/model.safetensors']).not.toBe(bytes['mrpc/model.safetensors'])
  })

  test('that is finished is not done again; one whose checkpoint was changed is, where it may be written over', async () => {
    const out = join(folder, 'again')
    cpSync(whole, out, { recursive: true })
    expect((await training(config, out)).finished.effort).toEqual([])
    rmSync(join(out, 'mrpc', 'config.json'))
    const { finished, notes } = await training(config, out, { overwrite: true })
    expect(notes).toEqual([`${join(out, 'mrpc')}: not the checkpoint that was trained here; trained anew`])
    expect(finished.effort).toMatchObject([{ task: 'mrpc', steps: 6 }])
    expect(resultBytes(out)).toEqual(bytes)
  })

  test('that is finished and whose record is damaged is done again; states that a killed process left go', async () => {
    const out = join(folder, 'damaged-record')
    cpSync(whole, out, { recursive: true })
    const [record = ''] = statesOf(out)
    const path = join(out, 'states', record)
    const left = join(out, 'states', record.replace('.unit', '-000000003.safetensors'))
    writeFileSync(left, 'left behind')
    expect((await training(config, out)).finished.effort).toEqual([])
    expect(statesOf(out)).toEqual([record])
    const spoilt = readFileSync(path)
    spoilt[100] = (spoilt[100] ?? 0) ^ 1
    writeFileSync(path, spoilt)
    const { finished, notes } = await training(config, out)
    expect(notes).toContain(`${path}: its checksum does not hold; trained anew`)
    expect(finished.effort).toMatchObject([{ task: 'mrpc', steps: 6 }])
    expect(resultBytes(out)).toEqual(bytes)
  })

  test('is refused while another is at work in its folder', async () => {
    const out = join(folder, 'two')
    const both = await Promise.allSettled([training(config, out), training(config, out)])
    const reasons = both.map(b => (b.status === 'rejected' ? String(b.reason) : 'done'))
    // Where one was done before the other looked, that one found all of it there.
    for (const reason of reasons)
      expect(reason).toMatch(/^done$|no other process at work in this folder, found one that trains/)
    expect(reasons).toContain('done')
    expect(resultBytes(out)).toEqual(bytes)
  })

  test.each<[string, (model: string, out: string) => void, string]>([
    [
      'a foreign checkpoint',
      model => cpSync(miniature('mrpc'), model, { recursive: true }),
      'a checkpoint that was not trained here',
    ],
    [
      'the result of another config',
      (model, out) => {
        cpSync(whole, out, { recursive: true })
        const file = join(model, 'config.json')
        const json = JSON.parse(readFileSync(file, 'utf8')) as { readonly ohmflow: object }
        writeFileSync(file, JSON.stringify({ ...json, ohmflow: { ...json.ohmflow, training: 'f'.repeat(64) } }))
      },
      'that of another training, ffffffffffff (another config, other inputs or another version)',
    ],
    [
      'its own result, changed',
      (model, out) => {
        cpSync(whole, out, { recursive: true })
        writeFileSync(join(model, 'model.safetensors'), 'mine')
      },
      'one that was changed since',
    ],
    [
      'weights alone',
      model => {
        mkdirSync(model, { recursive: true })
        writeFileSync(join(model, 'model.safetensors'), 'mine')
      },
      'weights without a config.json',
    ],
  ])('does not write over %s unless it may', async (_, put, found) => {
    const out = join(folder, `occupied ${found}`)
    const model = join(out, 'mrpc')
    put(model, out)
    const everything = (): readonly string[] =>
      readdirSync(out, { recursive: true, withFileTypes: true })
        .filter(e => e.isFile())
        .map(e => `${e.name} ${readFileSync(join(e.parentPath, e.name)).toString('base64')}`)
    const before = everything()
    await expect(training(config, out)).rejects.toThrow(
      `${model}: expected nothing, or the checkpoint of this training (--overwrite trains over another), found ${found}`,
    )
    expect(everything()).toEqual(before)
    await training(config, out, { overwrite: true })
    expect(resultBytes(out)).toMatchObject(bytes)
    expect((await training(config, out)).finished.effort).toEqual([])
  })

  test.each(['model.safetensors', 'config.json'])('killed while it wrote %s goes on to the same bytes', async last => {
    const out = join(folder, `killed-at-${last}`)
    await interruptedAfter(config, out, 8)
    // What a result looks like before its config is there, and just after.
    cpSync(join(whole, 'mrpc'), join(out, 'mrpc'), { recursive: true })
    if (last !== 'config.json') rmSync(join(out, 'mrpc', 'config.json'))
    await training(config, out)
    expect(resultBytes(out)).toEqual(bytes)
  })

  test('that was killed before it let go of its last states does so when it is started again', async () => {
    const out = join(folder, 'states-left')
    await interruptedAfter(config, out, 4)
    expect(statesOf(out).filter(name => name.includes('-'))).toHaveLength(4)
    cpSync(whole, out, { recursive: true })
    expect((await training(config, out)).finished.effort).toEqual([])
    expect(statesOf(out)).toEqual(statesOf(whole))
    expect(resultBytes(out)).toEqual(bytes)
  })

  test('gives the same model whether activations are kept or computed again, also from one to the other', async () => {
    const modelOf = (out: string) => Object.entries(resultBytes(out)).filter(([name]) => name.startsWith('mrpc/'))
    /** All examples at once, so that memory shows. @returns most bytes that are ever taken */
    const peak = async (activations: string, out: string): Promise<number> => {
      const heap = createHeap()
      let most = 0
      const allocate = (bytes: number) => {
        const at = heap.allocate(bytes)
        most = Math.max(most, heap.used())
        return at
      }
      const own = decoded(written({ folder, train: { activations, batch: 24 } }))
      await training(own, out, { engines: { workers: 0, heap: { ...heap, allocate } } })
      return most
    }
    const [kept, again] = [join(folder, 'kept'), join(folder, 'recomputed')]
    const most = await peak('kept', kept)
    expect(await peak('recomputed', again)).toBeLessThan(0.9 * most)
    expect(modelOf(again)).toEqual(modelOf(kept))
    const recomputed = decoded(written({ folder, train: { activations: 'recomputed' } }))
    const changed = join(folder, 'kept-then-recomputed')
    await interruptedAfter(config, changed, 4)
    const { finished } = await training(recomputed, changed)
    expect(finished.effort[0]?.steps).toBeLessThan(6)
    expect(modelOf(changed)).toEqual(modelOf(whole))
  })

  test('tells what the starting model scored, digitally, as epoch 0; nothing of a new classifier', async () => {
    const { finished } = await training(config, whole)
    const rows = finished.told[0]?.evaluations ?? []
    expect(rows.map(r => [r.epoch, r.step, r.method])).toEqual(
      [0, 0, 1, 1, 2, 2].map(epoch => [epoch, 3 * epoch, 'digital']),
    )
    const { tasks: all } = await prepared(config, join(folder, 'start'))
    const [task] = all
    if (task === undefined) throw new Error('no task')
    const digital = await openDigital(task.open.checkpoint, { workers: 0 })
    let right = 0
    for await (const { example, ids } of tokenised(task.open, task.open)) {
      const { logits } = await digital.run(batchOf([{ ids, example: example.index }]))
      right += Number((logits[1] ?? 0) > (logits[0] ?? 0)) === example.label ? 1 : 0
    }
    await digital.close()
    expect(rows.find(r => r.epoch === 0 && r.metric === 'accuracy')?.value).toBe(right / 8)
    const own = decoded(written({ folder, checkpoint: await headless('mrpc'), train: { epochs: 1 } }))
    const anew = await training(own, join(folder, 'no-start'))
    expect(anew.finished.told[0]?.evaluations.map(r => r.epoch)).toEqual([1, 1])
  })

  test.each([2, 3, 4, 5, 6, 8])('interrupted after %d batches goes on to the same bytes', async batches => {
    const out = join(folder, `interrupted-${batches}`)
    expect(await interruptedAfter(config, out, batches)).toMatch(
      /Interrupted: interrupted: mrpc: the state after step \d of 6 is kept; the same command goes on from there/,
    )
    expect(existsSync(join(out, 'training.parquet'))).toBe(false)
    const { finished, notes } = await training(config, out)
    expect(notes[0]).toMatch(/^mrpc: goes on after step \d of 6$/)
    expect(finished.effort[0]?.steps).toBeLessThan(6)
    expect(resultBytes(out)).toEqual(bytes)
    expect(statesOf(out).filter(name => name.includes('-'))).toEqual([])
  })

  test('goes on from the state before one that is damaged, and anew if both are', async () => {
    const out = join(folder, 'damaged')
    await interruptedAfter(config, out, 4)
    const tensors = statesOf(out).filter(name => name.endsWith('.safetensors'))
    expect(tensors).toHaveLength(2)
    const spoil = (name: string): void => {
      const file = join(out, 'states', name)
      const found = readFileSync(file)
      found[found.length >> 1] = (found[found.length >> 1] ?? 0) ^ 1
      writeFileSync(file, found)
    }
    const both = join(folder, 'both-damaged')
    cpSync(out, both, { recursive: true })
    spoil(tensors[1] ?? '')
    const once = await training(config, out)
    expect(once.notes).toEqual([
      expect.stringContaining('a state that is damaged or was never finished; what is before it is used'),
      'mrpc: goes on after step 2 of 6',
    ])
    expect(resultBytes(out)).toEqual(bytes)
    for (const name of readdirSync(join(both, 'states'))) {
      const file = join(both, 'states', name)
      writeFileSync(file, readFileSync(file).subarray(0, 100))
    }
    const anew = await training(config, both)
    expect(anew.notes).toHaveLength(2)
    expect(anew.finished.effort[0]?.steps).toBe(6)
    expect(resultBytes(both)).toEqual(bytes)
  })

  test('that diverges names the step and the place, and keeps the last good state', async () => {
    const own = decoded(written({ folder, train: { epochs: 1 } }))
    const { train: settings } = own
    if (settings === null) throw new Error('no training')
    const out = join(folder, 'diverged')
    await expect(training({ ...own, train: { ...settings, learningRate: 1e15 } }, out)).rejects.toThrow(
      /^training of mrpc: step 2: expected a finite loss and gradient \(.*\), found (NaN|infinity) (in|after) [\w.]+$/,
    )
    expect(statesOf(out).map(name => name.replace(/^[0-9a-f]{64}/, ''))).toEqual([
      '-000000001.safetensors',
      '-000000001.unit',
    ])
    expect(existsSync(join(out, 'mrpc'))).toBe(false)
  })

  test('writes a checkpoint that gives the logits of the model in training, bit for bit', async () => {
    const { tasks: all, settings } = await prepared(config, join(folder, 'logits'))
    const [task] = all
    if (task === undefined) throw new Error('no task')
    const states = { folder: join(folder, 'logits', 'states'), key: task.key }
    const trained = await train(task, {
      ...{ config, settings, states, engines: { workers: 0 }, progress: listening() },
      signal: new AbortController().signal,
    })
    const digital = await openDigital(await orThrow(openCheckpoint(join(whole, 'mrpc'))), { workers: 0 })
    const set = await readTrainingSet(task.open, task.train)
    const batch = batchOf([0, 1, 2].map(set.sequence))
    expect((await digital.run(batch)).logits).toEqual((await trained.model.engine.run(batch)).logits)
    await trained.model.close()
    await digital.close()
  })

  test('reads its training set as a run would', async () => {
    const { tasks: all } = await prepared(config, folder)
    const [task] = all
    if (task === undefined) throw new Error('no task')
    const set = await readTrainingSet(task.open, task.train)
    let i = 0
    for await (const { example, ids } of tokenised(task.open, task.train)) {
      expect(set.sequence(i)).toEqual({ ids, example: example.index })
      expect([set.lengths[i], set.labels[i]]).toEqual([ids.length, example.label])
      i += 1
    }
    expect(set.lengths).toHaveLength(i)
  })
})

describe('a new classifier', () => {
  test('is normal with deviation 0.02 and biases of 0, by the seed', async () => {
    const own = decoded(written({ folder, checkpoint: await headless('mrpc') }))
    const { tasks: all, settings } = await prepared(own, join(folder, 'head'))
    const [task] = all
    if (task === undefined) throw new Error('no task')
    const headOf = async (seed: number): Promise<ReadonlyMap<string, Float32Array>> => {
      const model = await openInTraining(task.open.checkpoint, settings, seed, { workers: 0 })
      const found = new Map(
        model.tensors.filter(t => t.name.startsWith('classifier.')).map(t => [t.name, t.weights().slice()]),
      )
      await model.close()
      return found
    }
    const [head, other] = [await headOf(1), await headOf(2)]
    const dense = head.get('classifier.dense.weight') ?? new Float32Array(0)
    const deviation = Math.sqrt(dense.reduce((sum, x) => sum + x * x, 0) / dense.length)
    expect(Math.abs(deviation / 0.02 - 1)).toBeLessThan(0.05)
    expect(head.get('classifier.out_proj.bias')).toEqual(new Float32Array(2))
    expect(other.get('classifier.dense.weight')).not.toEqual(dense)
  })

  test.each<[TaskName, object]>([
    ['rte', { id2label: { 0: 'entailment', 1: 'not_entailment' }, problem_type: 'single_label_classification' }],
    ['stsb', { id2label: { 0: 'LABEL_0' }, num_labels: 1, problem_type: 'regression' }],
  ])('of %s has the labels of the task', async (task, expected) => {
    const out = join(folder, `new-${task}`)
    const own = decoded(written({ folder, task, checkpoint: await headless(task), train: { epochs: 1 } }))
    const { finished } = await training(own, out)
    expect(JSON.parse(readFileSync(join(out, task, 'config.json'), 'utf8'))).toMatchObject({
      ...{ ...expected, architectures: ['RobertaForSequenceClassification'], dtype: 'float32' },
      ohmflow: { trained: true },
    })
    const result = await orThrow(openCheckpoint(join(out, task)))
    expect(result).toMatchObject({ hasClassifier: true, untrained: false })
    expect(finished.told[0]?.evaluations.every(e => Number.isFinite(e.value))).toBe(true)
  })

  test('is not made where the checkpoint has one of other labels', async () => {
    const own = decoded({
      ...written({ folder }),
      tasks: [{ task: 'mnli', checkpoint: miniature('mrpc'), data: join(folder, 'mrpc-data') }],
    })
    await expect(prepared(own, folder)).rejects.toThrow(/3 labels of mnli/)
  })
})
