/** Histograms over logarithmic bins against the numbers themselves. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import {
  addToTail,
  binOf,
  coarseBins,
  edgeOf,
  excessOf,
  fineBins,
  percentileOf,
  tailBins,
  tailHistogram,
  weightedHistogram,
} from '../../../src/domain/ranges/histogram.js'

const patternOf = (x: number): number => new Int32Array(Float32Array.of(x).buffer)[0] ?? NaN
const magnitude = fc.double({ min: 2 ** -30, max: 2 ** 30, noNaN: true }).map(Math.fround)
const weighted = fc.array(fc.tuple(magnitude, fc.double({ min: 0.01, max: 10, noNaN: true })), {
  minLength: 1,
  maxLength: 40,
})

describe('bins', () => {
  test.prop([magnitude, fc.boolean(), fc.constantFrom(fineBins, coarseBins)])(
    'hold what lies in them',
    (x, up, bins) => {
      const bin = binOf(bins, patternOf(up ? x : -x))
      expect(edgeOf(bins, bin)).toBeLessThanOrEqual(x)
      expect(edgeOf(bins, bin + 1)).toBeGreaterThan(x)
      expect(edgeOf(bins, bin + 1) / edgeOf(bins, bin)).toBeLessThanOrEqual(1 + 2 ** -bins.mantissaBits)
    },
  )
  test('take what is smaller or larger at their ends', () => {
    for (const x of [0, -0, 2 ** -40]) expect(binOf(fineBins, patternOf(x))).toBe(0)
    expect(edgeOf(fineBins, 0)).toBe(0)
    for (const x of [2 ** 32, 1e30]) expect(binOf(fineBins, patternOf(x))).toBe(fineBins.count - 1)
  })

  const counted = (numbers: readonly number[]): Uint32Array => {
    const counts = new Uint32Array(fineBins.count)
    for (const x of numbers) {
      const bin = binOf(fineBins, patternOf(x))
      counts[bin] = (counts[bin] ?? NaN) + 1
    }
    return counts
  }
  test.prop([
    fc.array(magnitude, { minLength: 1, maxLength: 60 }),
    fc.array(magnitude),
    fc.double({ min: 1, max: 100, noNaN: true }),
  ])('of two sets add up to those of both, and percentiles with them', (a, b, p) => {
    const [one, other, both] = [counted(a), counted(b), counted([...b, ...a])]
    expect(both.every((c, i) => c === (one[i] ?? NaN) + (other[i] ?? NaN))).toBe(true)
    const sorted = [...a, ...b].sort((x, y) => x - y)
    const largest = sorted.at(-1) ?? NaN
    const exact = sorted[Math.max(1, Math.ceil((p / 100) * sorted.length - 1e-9)) - 1] ?? NaN
    const found = percentileOf(fineBins, both, p, { largest }) ?? NaN
    expect(found).toBeGreaterThanOrEqual(exact)
    expect(found).toBeLessThanOrEqual(Math.min(largest, exact * (1 + 2 ** -9)))
  })
})

describe('weighted histograms', () => {
  test.prop([weighted, magnitude])(
    'know the energy beyond a threshold as well as their bins are fine',
    (all, threshold) => {
      const slots = new Float64Array(coarseBins.count)
      for (const [x, w] of all) {
        const bin = binOf(coarseBins, patternOf(x))
        slots[bin] = (slots[bin] ?? NaN) + w
      }
      const excess = excessOf(weightedHistogram(slots, b => edgeOf(coarseBins, b)))
      const beyond = (scale: number): number =>
        all.reduce((sum, [x, w]) => sum + w * Math.max(0, x * scale - threshold) ** 2, 0)
      // Every number moved to the ends of its bin, 1 in 32 wide.
      const slack = 1e-12 * all.reduce((sum, [x, w]) => sum + w * x * x, 0)
      expect(excess(threshold)).toBeGreaterThanOrEqual(beyond(1 / (1 + 1 / 32)) - slack)
      expect(excess(threshold)).toBeLessThanOrEqual(beyond(1 + 1 / 32) + slack)
      expect(excess(2 ** 31)).toBe(0)
    },
  )

  test.prop([weighted, fc.integer({ min: 0, max: 2 })])(
    'with few bins keep every weight, whatever comes first',
    (all, index) => {
      const slots = new Float64Array(3 * tailBins)
      const tops = new Int32Array(3)
      for (const [x, w] of all) addToTail(slots, tops, index, patternOf(-x), w)
      const { lower, upper, weight } = tailHistogram(slots, tops, index)
      const total = all.reduce((sum, [, w]) => sum + w, 0)
      expect(weight.reduce((a, b) => a + b, 0)).toBeCloseTo(total, 8)
      const largest = Math.max(...all.map(([x]) => x))
      expect(lower.at(-1)).toBeLessThanOrEqual(largest)
      expect(upper.at(-1)).toBeGreaterThan(largest)
      // Within a 200th of the largest, numbers stay in bins of their own width.
      for (let b = 0; b < weight.length; b++) {
        const [from = NaN, to = NaN, w = NaN] = [lower[b], upper[b], weight[b]]
        const own = all.filter(([x]) => x >= from && x < to).reduce((sum, [, v]) => sum + v, 0)
        expect(w).toBeCloseTo(own, 8)
        if (from > largest / 200) expect(to / from).toBeLessThanOrEqual(1.126)
      }
      expect(tops.filter((_, i) => i !== index)).toEqual(new Int32Array(2))
    },
  )
})
