/** Trained bytes: the same with any number of threads, any groups, values kept or computed again; with dropout. */
import { createHash } from 'node:crypto'
import { fc, test } from '@fast-check/vitest'
import { describe, expect, test as once } from 'vitest'
import type { Batch } from '../../../src/domain/encoder/algebra.js'
import { clipCoefficient, usual } from '../../../src/engines/training/optimise.js'
import { groupsOf } from '../../../src/engines/training/groups.js'
import type { TrainerOptions } from '../../../src/engines/training/trainer.js'
import { openDigital } from '../../../src/pipelines/digital.js'
import { batchFrom, bits, referenceRows } from '../model.js'
import { checkpoint, inTraining, type InTraining } from './model.js'

/** Of many lengths, one of more than 256 tokens among them, so that its sums have more than one block. */
const rows = referenceRows('tiny-roberta')
const sequences = [...rows.slice(0, 12), ...rows.filter(({ ids }) => ids.length > 256).slice(0, 1)]
const batchAt = (step: number): Batch => {
  const turned = [...sequences.slice(step), ...sequences.slice(0, step)]
  return { ...batchFrom(turned), examples: Int32Array.from(turned, (_, i) => 100 * step + i) }
}

/** Hash of every tensor after some steps of training, and the losses on the way. */
const trained = async ({ trainer, parameters, tensor, engine }: InTraining, steps: number) => {
  const losses: number[] = []
  for (let step = 1; step <= steps; step++) {
    const batch = batchAt(step)
    const labels = batch.examples.map(example => example % 2)
    const loss = { kind: 'cross entropy', labels, count: labels.length } as const
    const found = await trainer.gradient(batch, loss, { seed: 7, step, hidden: 0.1, attention: 0.2 })
    losses.push(...found.losses, ...found.logits)
    const squares = [...(await trainer.squaredNorms()).values()].reduce((a, b) => a + b, 0)
    const clip = clipCoefficient(Math.sqrt(squares), 0.5)
    await trainer.update({ ...usual, step, learningRate: 1e-3, weightDecay: 0.01, clip })
  }
  const hash = createHash('sha256')
  for (const name of parameters.tensors.keys()) hash.update(name).update(tensor(name))
  await engine.close()
  return { hash: hash.digest('hex'), losses }
}

const expected = trained(await inTraining(0), 3)

describe('three steps of training give the same bytes', () => {
  once.each<[number, Partial<TrainerOptions>]>([
    [0, { keeping: 'recomputed' }],
    [0, { groups: 5, groupTokens: 100 }],
    [1, {}],
    [2, {}],
    [2, { groups: 7, groupTokens: 60, keeping: 'recomputed' }],
    [3, {}],
    [3, { groups: 14, groupTokens: 20 }],
  ])('%i workers, %j', async (workers, options) => {
    expect(await trained(await inTraining(workers, options), 3)).toEqual(await expected)
  })

  once('in WebAssembly', async () => {
    expect(await trained(await inTraining(2, {}, { kind: 'wasm' }), 3)).toEqual(await expected)
  })

  once('and another seed of dropout gives others', async () => {
    const { trainer, gradient, engine } = await inTraining(0)
    const batch = batchAt(1)
    const loss = { kind: 'cross entropy', labels: batch.examples.map(() => 0), count: 13 } as const
    const found: Float32Array[] = []
    for (const [seed, step] of [
      [1, 1],
      [1, 1],
      [2, 1],
      [1, 2],
    ] as const) {
      await trainer.gradient(batch, loss, { seed, step, hidden: 0.1, attention: 0.1 })
      found.push(gradient('encoder.layer.0.intermediate.dense.weight'))
    }
    const [a, again, otherSeed, otherStep] = found.map(f => bits(f))
    expect(again).toEqual(a)
    expect(otherSeed).not.toEqual(a)
    expect(otherStep).not.toEqual(a)
    await engine.close()
  })
})

describe('a model in training', () => {
  once('runs batches to the bits of the digital engine', async () => {
    const { engine } = await inTraining(0)
    const digital = await openDigital(checkpoint, { workers: 0 })
    const batch = batchAt(0)
    const [a, b] = [await engine.run(batch, { firstTokens: true }), await digital.run(batch, { firstTokens: true })]
    expect(bits(a.logits)).toEqual(bits(b.logits))
    expect(a.firstTokens.map(bits)).toEqual(b.firstTokens.map(bits))
    await digital.close()
  })

  once('fails a step with the fault of the group that had it, and goes on', async () => {
    const { trainer, engine } = await inTraining(2, { groups: 4 })
    const batch = batchAt(1)
    const labels = batch.examples.map(() => 1)
    labels[labels.length - 1] = 9
    await expect(
      trainer.gradient(batch, { kind: 'cross entropy', labels, count: labels.length }, null),
    ).rejects.toThrow('"label" expected an integer from 0 to 1, got 9')
    labels[labels.length - 1] = 0
    const { losses } = await trainer.gradient(batch, { kind: 'cross entropy', labels, count: labels.length }, null)
    expect(losses.every(Number.isFinite)).toBe(true)
    await expect(
      trainer.gradient(batch, { kind: 'cross entropy', labels: labels.slice(1), count: 12 }, null),
    ).rejects.toThrow('"loss" expected 13 targets, got 12')
    await engine.close()
  })
})

describe('groups of a batch', () => {
  test.prop([
    fc.array(fc.integer({ min: 1, max: 512 }), { maxLength: 40 }),
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 1, max: 2000 }),
  ])('are all of it in order, within the bound of tokens', (lengths, groups, groupTokens) => {
    const offsets = Int32Array.from([0, ...lengths])
    for (let i = 1; i < offsets.length; i++) offsets[i] = (offsets[i] ?? 0) + (offsets[i - 1] ?? 0)
    const cut = groupsOf(offsets, { groups, groupTokens })
    expect(cut.flatMap(({ first, end }) => lengths.slice(first, end))).toEqual(lengths)
    for (const { first, end } of cut) {
      expect(end).toBeGreaterThan(first)
      if (end - first > 1) expect((offsets[end] ?? 0) - (offsets[first] ?? 0)).toBeLessThanOrEqual(groupTokens)
    }
  })

  once('are as many as asked for, and as heavy as each other, for equal sequences', () => {
    const offsets = Int32Array.from({ length: 9 }, (_, i) => 128 * i)
    expect(groupsOf(offsets, { groups: 2, groupTokens: 1024 })).toEqual([
      { first: 0, end: 4 },
      { first: 4, end: 8 },
    ])
    expect(groupsOf(offsets, { groups: 3, groupTokens: 1024 })).toHaveLength(3)
  })
})
