/** A sample of calibration vectors: the same in whatever order they are offered, exact while all fit, unbiased beyond. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { offer, slotOf, slotsInOrder, standsFor, type Sample } from '../../../src/domain/ranges/sample.js'

const empty = (size: number): Sample => ({
  ...{ priorities: new Float64Array(size), weights: new Float64Array(size) },
  ...{ examples: new Uint32Array(size), tokens: new Uint32Array(size) },
  ...{ count: new Int32Array(1), threshold: new Float64Array(1) },
})

type Vector = readonly [example: number, token: number, weight: number]

const filled = (size: number, vectors: readonly Vector[]): Sample => {
  const sample = empty(size)
  for (const vector of vectors) offer(sample, ...vector)
  return sample
}

/** What is in it, and what each stands for. */
const contents = (s: Sample): readonly (readonly [number, number, number])[] =>
  slotsInOrder(s).map(k => [s.examples[k] ?? NaN, s.tokens[k] ?? NaN, standsFor(s, k)])

const vectors = fc.uniqueArray(
  fc.tuple(fc.nat(20), fc.nat(20), fc.double({ min: 0, max: 1e3, noNaN: true })).map((v): Vector => v),
  { minLength: 1, maxLength: 60, selector: ([example, token]) => example * 100 + token },
)

describe('a sample', () => {
  test.prop([
    fc.integer({ min: 1, max: 30 }),
    vectors.chain(all => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all], { minLength: all.length }))),
  ])('does not depend on the order, and holds what has most priority', (size, [all, shuffled]) => {
    const sample = filled(size, all)
    expect(contents(filled(size, shuffled))).toEqual(contents(sample))
    const some = all.filter(([, , weight]) => weight > 0).length
    expect(contents(sample)).toHaveLength(Math.min(size, some))
    if (some <= size) expect(contents(sample).every(([, , stands]) => stands === 1)).toBe(true)
  })

  test.prop([vectors])('finds its vectors again', all => {
    const sample = filled(8, all)
    for (const [example, token] of all) {
      const slot = slotOf(sample, example, token)
      if (slot >= 0) expect([sample.examples[slot], sample.tokens[slot]]).toEqual([example, token])
    }
    expect(all.filter(([e, t]) => slotOf(sample, e, t) >= 0)).toHaveLength(slotsInOrder(sample).length)
    expect(slotOf(sample, 21, 0)).toBe(-1)
  })

  test('adds up without a bias: weights, and what does not go with them', () => {
    // Many samples of 16 of 100 vectors: of different vectors, that have the same weights.
    const runs = 400
    const weight = (t: number): number => 1 + (t % 10) ** 2
    const value = (t: number): number => t % 7
    const sums = { weight: 0, value: 0, squares: 0 }
    for (let run = 0; run < runs; run++) {
      const sample = empty(16)
      for (let t = 0; t < 100; t++) offer(sample, run, t, weight(t))
      let found = 0
      for (const k of slotsInOrder(sample)) {
        const t = sample.tokens[k] ?? NaN
        sums.weight += weight(t) * standsFor(sample, k)
        found += value(t) * standsFor(sample, k)
      }
      sums.value += found
      sums.squares += found * found
    }
    const total = (of: (t: number) => number): number =>
      Array.from({ length: 100 }, (_, t) => of(t)).reduce((a, b) => a + b)
    const mean = sums.value / runs
    const error = Math.sqrt((sums.squares / runs - mean * mean) / runs)
    expect(Math.abs(mean - total(value)) / error).toBeLessThan(4)
    expect(error / total(value)).toBeLessThan(0.05)
    expect(sums.weight / runs / total(weight)).toBeCloseTo(1, 2)
  })
})
