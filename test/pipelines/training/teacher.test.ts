/** Distillation: the teacher works in groups as the student does, is given back, and holds a regression back too. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Batch } from '../../../src/domain/encoder/algebra.js'
import { HeapSpent, createHeap, type Heap } from '../../../src/kernels/heap.js'
import { batchOf } from '../../../src/pipelines/batches.js'
import { openDigital } from '../../../src/pipelines/digital.js'
import { train } from '../../../src/pipelines/training/loop.js'
import { readTrainingSet } from '../../../src/pipelines/training/set.js'
import { logitsInGroups } from '../../../src/pipelines/training/teacher.js'
import { temporaryFolder } from '../../cli/ohmflow.js'
import { decoded, listening, prepared, resultBytes, training, written } from './subject.js'

const folder = temporaryFolder()
const distilled = (distillation: number) =>
  decoded(written({ folder, task: 'stsb', train: { distillation, dropout: 0, attentionDropout: 0 } }))

const prepare = async (config: ReturnType<typeof decoded>, name: string) => {
  const out = join(folder, name)
  const { tasks, settings } = await prepared(config, out)
  const [task] = tasks
  if (task === undefined) throw new Error('no task')
  const options = {
    ...{ config, settings, progress: listening(), signal: new AbortController().signal },
    states: { folder: join(out, 'states'), key: task.key },
  }
  return { task, options }
}

describe('a teacher', () => {
  test('says the same in groups, one for each thread', async () => {
    const { task } = await prepare(distilled(1), 'groups')
    const set = await readTrainingSet(task.open, task.train)
    const batch = batchOf([0, 1, 2, 3, 4, 5, 6].map(set.sequence))
    const engine = await openDigital(task.open.checkpoint, { workers: 0 })
    const taken: number[] = []
    const run = (b: Batch) => {
      taken.push(b.examples.length)
      return engine.run(b)
    }
    const { logits } = await engine.run(batch)
    expect(logits).toHaveLength(7)
    for (const groups of [1, 2, 3, 7]) {
      expect(await logitsInGroups({ run }, batch, { groups, groupTokens: 512 })).toEqual(logits)
      expect(taken.length).toBeGreaterThanOrEqual(groups)
      expect(taken.reduce((a, b) => a + b)).toBe(7)
      taken.length = 0
    }
    await engine.close()
  })

  test('is given back where the model in training does not fit', async () => {
    const { task, options } = await prepare(distilled(1), 'no-room')
    const whole = createHeap()
    /** Room for the teacher, and for no model with gradient and moments beside it. */
    const room = (most: number): Heap => ({
      ...whole,
      allocate: bytes => {
        if (whole.used() + bytes > most) throw new HeapSpent('no room')
        return whole.allocate(bytes)
      },
    })
    const teacher = await openDigital(task.open.checkpoint, { workers: 0, heap: whole })
    const most = 2 * whole.used()
    await teacher.close()
    const before = whole.used()
    await expect(train(task, { ...options, engines: { workers: 0, heap: room(most) } })).rejects.toThrow('no room')
    expect(whole.used()).toBe(before)
  })
})

describe('a regression with distillation', () => {
  test('starts from its own loss, and stays the nearer to the starting model the more that weighs', async () => {
    const far = async (weight: number) => {
      const { task, options } = await prepare(distilled(weight), `weight-${weight}`)
      const { model, steps } = await train(task, { ...options, engines: { workers: 0 } })
      const set = await readTrainingSet(task.open, task.train)
      const batch = batchOf([0, 1, 2, 3, 4, 5].map(set.sequence))
      const start = await openDigital(task.open.checkpoint, { workers: 0 })
      const [before, after] = [(await start.run(batch)).logits, (await model.engine.run(batch)).logits]
      await Promise.all([start.close(), model.close()])
      return { steps, distance: after.reduce((sum, z, i) => sum + (z - (before[i] ?? NaN)) ** 2, 0) }
    }
    const [none, some, much] = [await far(0), await far(1), await far(100)]
    // In the first step student and teacher are one.
    expect(Math.abs((much.steps[0]?.loss ?? NaN) / (none.steps[0]?.loss ?? NaN) - 1)).toBeLessThan(1e-5)
    expect(some.distance).toBeLessThan(0.8 * none.distance)
    expect(much.distance).toBeLessThan(0.5 * some.distance)
  })

  test('gives the same bytes with any workers', async () => {
    const config = decoded(written({ folder, task: 'stsb', train: { preset: 'fast', epochs: 1, distillation: 0.5 } }))
    const bytes = []
    for (const workers of [0, 3]) {
      const out = join(folder, `workers-${workers}`)
      await training(config, out, { engines: { workers } })
      bytes.push(resultBytes(out, 'stsb'))
    }
    expect(bytes[1]).toEqual(bytes[0])
  })
})
