/** Hardware-aware training gives the same bytes however it is done; with everything off, those of plain training. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { seconds } from '../../../src/domain/experiment/duration.js'
import { learnableRanges } from '../../../src/domain/experiment/training.js'
import { nothingAware, type HardwareAware } from '../../../src/domain/training/hardware-aware.js'
import { inProcess } from '../../../src/engines/inProcess.js'
import { placeHardware, readRanges, writeRanges } from '../../../src/engines/training/hardware/model.js'
import { hardwareOf } from '../../../src/engines/training/hardware/weights.js'
import { usual } from '../../../src/engines/training/optimise.js'
import { trainer, type TrainerOptions } from '../../../src/engines/training/trainer.js'
import { workerPool } from '../../../src/engines/workers/pool.js'
import type { KernelChoice } from '../../../src/kernels/load.js'
import { batchFrom, referenceRows } from '../model.js'
import { inTraining } from './model.js'

const rows = referenceRows('tiny-roberta')
const batch = batchFrom([...rows.slice(0, 7), ...rows.filter(({ ids }) => ids.length > 256).slice(0, 1)])
const labels = batch.examples.map(example => example % 2)
const loss = { kind: 'cross entropy', labels, count: labels.length } as const

const everything: HardwareAware = {
  ...nothingAware(),
  ...{ tile: { rows: 20, columns: 24 }, dac: { bits: 8 }, adc: { bits: 8, bound: 12 }, outputNoise: 0.1 },
  ...{ weightNoise: { rule: 'device', time: seconds(3600), scale: 1 }, learn: learnableRanges },
  ...{ weightClip: { rule: 'standard-deviations', standardDeviations: 2.5 }, wireResistanceOhm: 0.35 },
}

/** Hash of all tensors and ranges after two steps, and the losses. @param settings null: plain */
const trained = async (
  settings: HardwareAware | null,
  workers: number,
  options: Partial<TrainerOptions> = {},
  kernels: KernelChoice = {},
) => {
  const { bench, parameters: loaded, engine: unused } = await inTraining(0, {}, kernels)
  const { heap } = bench
  const parameters = settings === null ? loaded : placeHardware(loaded, settings, heap)
  const model = { kind: 'training', parameters } as const
  const setup = { memory: heap.memory, kernels: { ...kernels, kind: bench.loaded.kind }, model }
  const engine = workers === 0 ? inProcess(bench, model) : workerPool(setup, { threads: workers })
  const given: TrainerOptions = { groups: Math.max(1, workers), groupTokens: 512, keeping: 'kept', ...options }
  const t = trainer(engine, heap, parameters, given)
  const hardware = parameters.hardware
  if (hardware !== null) await t.initialiseRanges([batch])
  const before = hardware === null ? new Map<string, Float32Array>() : readRanges(heap, hardware)
  const losses: number[] = []
  for (let step = 1; step <= 2; step++) {
    const dropout = { seed: 7, step, hidden: 0.1, attention: 0.1 }
    const found = await t.gradient(batch, loss, dropout, settings === null ? null : { seed: 3, step })
    losses.push(...found.losses, ...found.logits)
    await t.update({ ...usual, step, learningRate: 1e-3, weightDecay: 0.01, clip: 1 })
  }
  const hash = createHash('sha256')
  for (const name of loaded.tensors.keys()) {
    const { at, length } = parameters.tensors.get(name) ?? { at: 0, length: 0 }
    hash.update(name).update(heap.f32(at, length).slice())
  }
  const after = hardware === null ? new Map<string, Float32Array>() : readRanges(heap, hardware)
  for (const [name, range] of after) hash.update(name).update(range)
  const refused = (): void => writeRanges(heap, hardwareOf(parameters), new Map())
  await Promise.all([engine.close(), unused.close()])
  return { hash: hash.digest('hex'), losses, before, after, refused }
}
const bytes = ({ hash, losses }: Awaited<ReturnType<typeof trained>>) => ({ hash, losses })

describe('two steps of training', () => {
  test('with everything off are plain ones, to the bit', async () => {
    expect(bytes(await trained(nothingAware(), 0))).toEqual(bytes(await trained(null, 0)))
  })

  test('on hardware give the same bytes with any threads, groups, kernels, values kept or not', async () => {
    const expected = await trained(everything, 0)
    expect(expected.losses.every(Number.isFinite)).toBe(true)
    for (const [workers, options, kernels] of [
      [1, {}, {}],
      [2, { groups: 5, groupTokens: 60, keeping: 'recomputed' }, {}],
      [3, { groups: 8, groupTokens: 30 }, {}],
      [2, {}, { kind: 'wasm' }],
    ] as const)
      expect(bytes(await trained(everything, workers, options, kernels))).toEqual(bytes(expected))
    // Every range has moved, none to 0 or below; a checkpoint gets them by name.
    expect(expected.after.size).toBe(2 * (3 * 6 + 2))
    for (const [name, range] of expected.after) {
      expect(range.every(x => x > 0)).toBe(true)
      const still = range.filter((x, i) => x === expected.before.get(name)?.[i]).length
      expect(still / range.length, name).toBeLessThan(0.5)
    }
    expect(expected.refused).toThrow('positive numbers, got none')
  })
})
