/** AdamW against a plain one in float64, the norm of a gradient, clipping, and which tensors decay. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect, test as once } from 'vitest'
import { tensorShapes } from '../../../src/domain/encoder/architecture.js'
import { stream } from '../../../src/domain/random/stream.js'
import {
  adamWStep,
  clipCoefficient,
  decays,
  sliceLength,
  slicesOf,
  usual,
} from '../../../src/engines/training/optimise.js'
import { heap, reference } from '../../kernels/paths.js'
import { checkpoint, inTraining, reference as rows, referenceBatch } from './model.js'

interface Constants {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly learningRate: number
  readonly weightDecay: number
  readonly clip: number
}

/** As the paper has it (algorithm 2, decoupled): one number through all its gradients. @returns how far it went */
const plainAdamW = (start: number, gradients: readonly number[], c: Constants, decayed: boolean): number => {
  let [w, m, v] = [start, 0, 0]
  gradients.forEach((given, i) => {
    const g = given * c.clip
    m = c.beta1 * m + (1 - c.beta1) * g
    v = c.beta2 * v + (1 - c.beta2) * g * g
    const mean = m / (1 - c.beta1 ** (i + 1))
    const variance = v / (1 - c.beta2 ** (i + 1))
    const decay = decayed ? c.weightDecay * w : 0
    w -= c.learningRate * (mean / (Math.sqrt(variance) + c.epsilon) + decay)
  })
  return w - start
}

const constants = fc.record({
  beta1: fc.constantFrom(0.8, 0.9),
  beta2: fc.constantFrom(0.98, 0.999),
  epsilon: fc.constantFrom(1e-8, 1e-3),
  learningRate: fc.constantFrom(1e-3, 0.05),
  weightDecay: fc.constantFrom(0, 0.5, 2),
  clip: fc.constantFrom(1, 0.3),
})

describe('AdamW', () => {
  test.prop([constants, fc.boolean(), fc.integer({ min: 1, max: 12 }), fc.nat()])(
    'goes where a plain one in float64 goes',
    (c, decayed, steps, seed) => {
      const length = 20
      const random = stream(seed, 'AdamW')
      const uniform = (): Float32Array => Float32Array.from({ length }, () => 2 * random.uniform() - 1)
      const [w, g, m, v] = [0, 1, 2, 3].map(() => heap.allocate(4 * length)) as [number, number, number, number] // as: four of them
      const start = uniform()
      heap.f32(w, length).set(start)
      for (const moment of [m, v]) heap.f32(moment, length).fill(0)
      const gradients = Array.from({ length: steps }, uniform)
      gradients.forEach((numbers, i) => {
        heap.f32(g, length).set(numbers)
        reference.adamW({ ...adamWStep({ ...c, step: i + 1 }, decayed), w, g, m, v, length })
      })
      const went = heap.f32(w, length).map((x, i) => x - (start[i] ?? NaN))
      const plain = Array.from(start, (x, j) =>
        plainAdamW(
          x,
          gradients.map(numbers => numbers[j] ?? NaN),
          c,
          decayed,
        ),
      )
      const most = plain.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
      plain.forEach((x, i) => expect(Math.abs(x - (went[i] ?? NaN)) / most).toBeLessThan(2e-3))
      for (const at of [w, g, m, v]) heap.free(at)
    },
  )

  once('decays weights and embeddings, not biases and layer norms', () => {
    const names = [...tensorShapes(checkpoint.architecture).keys()]
    const still = names.filter(name => !decays(name))
    expect(still.filter(name => !name.endsWith('.bias') && !name.endsWith('LayerNorm.weight'))).toEqual([])
    expect(names.filter(decays)).toHaveLength(3 + 6 * 3 + 2)
  })
})

describe('the norm of a gradient', () => {
  once('is the sum over all tensors, and clipping brings it down to the limit', async () => {
    const { trainer, gradient, parameters, engine } = await inTraining(2)
    const labels = Int32Array.from(rows.labels)
    await trainer.gradient(referenceBatch, { kind: 'cross entropy', labels, count: labels.length }, null)
    const found = await trainer.squaredNorms()
    expect([...found.keys()]).toEqual([...parameters.tensors.keys()])
    for (const [name, square] of found) {
      const plain = gradient(name).reduce((sum, x) => sum + x * x, 0)
      expect(Math.abs(square - plain)).toBeLessThanOrEqual(1e-9 * plain)
    }
    await engine.close()
  })

  test.prop([fc.double({ min: 0, max: 1e6, noNaN: true }), fc.double({ min: 1e-3, max: 1e3, noNaN: true })])(
    'clipped is at most the limit, and the same if it was below',
    (norm, most) => {
      expect(norm * clipCoefficient(norm, most)).toBeLessThanOrEqual(most)
      if (norm < most - 1e-5) expect(clipCoefficient(norm, most)).toBe(1)
      if (norm > most) expect(norm * clipCoefficient(norm, most)).toBeGreaterThan(0.99 * most)
      expect(clipCoefficient(norm, null)).toBe(1)
    },
  )
})

once('slices cover every tensor once', async () => {
  const { parameters, engine } = await inTraining(0)
  const lengths = new Map<string, number>()
  for (const { tensor, from, length } of slicesOf(parameters)) {
    expect(from).toBe(lengths.get(tensor) ?? 0)
    expect(length).toBeLessThanOrEqual(sliceLength)
    lengths.set(tensor, from + length)
  }
  expect([...lengths]).toEqual([...parameters.tensors].map(([name, { length }]) => [name, length]))
  expect(usual.beta2).toBe(0.999)
  await engine.close()
})

once('forty steps learn a batch by heart, with dropout', async () => {
  const { trainer, engine } = await inTraining(2)
  const labels = Int32Array.from(rows.labels)
  const loss = { kind: 'cross entropy', labels, count: labels.length } as const
  const means: number[] = []
  for (let step = 1; step <= 40; step++) {
    const { losses } = await trainer.gradient(referenceBatch, loss, { seed: 1, step, hidden: 0.1, attention: 0.1 })
    means.push(losses.reduce((a, b) => a + b, 0) / labels.length)
    const squares = [...(await trainer.squaredNorms()).values()].reduce((a, b) => a + b, 0)
    const clip = clipCoefficient(Math.sqrt(squares), 1)
    await trainer.update({ ...usual, step, learningRate: 2e-3, weightDecay: 0.01, clip })
  }
  expect(means[0]).toBeGreaterThan(0.9)
  expect(means.at(-1)).toBeLessThan(0.3)
  await engine.close()
})
