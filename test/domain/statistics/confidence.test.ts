import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { estimate, pairedDifference } from '../../../src/domain/statistics/confidence.js'
import { varianceComponents } from '../../../src/domain/statistics/variance-components.js'

/** Five chips, four reads each, by two methods. */
const one = [
  [0.81, 0.83, 0.8, 0.82],
  [0.78, 0.79, 0.8, 0.77],
  [0.85, 0.84, 0.86, 0.83],
  [0.8, 0.82, 0.81, 0.79],
  [0.77, 0.76, 0.79, 0.78],
]
const other = [
  [0.83, 0.84, 0.83, 0.84],
  [0.79, 0.82, 0.8, 0.8],
  [0.85, 0.86, 0.88, 0.85],
  [0.83, 0.82, 0.84, 0.8],
  [0.78, 0.79, 0.8, 0.79],
]

describe('confidence interval', () => {
  test('is that of scipy.stats.t.interval over the chips', () => {
    const { mean, count, standardError, interval } = estimate(one.map(reads => reads.reduce((a, b) => a + b) / 4))
    expect(count).toBe(5)
    expect(mean).toBeCloseTo(0.805, 14)
    expect(standardError).toBeCloseTo(0.01224744871391587, 14)
    expect(interval?.low).toBeCloseTo(0.7709956309670873, 12)
    expect(interval?.high).toBeCloseTo(0.8390043690329128, 12)
  })

  test('is absent for one value, and none for no value', () => {
    expect(estimate([3])).toEqual({ mean: 3, count: 1, standardError: undefined, interval: undefined })
    expect(() => estimate([])).toThrow('"values" expected at least one, got none')
    expect(() => estimate([1, 2], 1)).toThrow(/"confidence"/)
  })
})

describe('paired difference', () => {
  test('is that of scipy.stats.ttest_rel over the chips', () => {
    const { mean, standardError, interval } = pairedDifference(one, other, 0.99)
    expect(mean).toBeCloseTo(0.017, 14)
    expect(mean / (standardError ?? NaN)).toBeCloseTo(18.17376445004496, 9)
    expect(interval?.low).toBeCloseTo(0.012693263603801307, 11)
    expect(interval?.high).toBeCloseTo(0.02130673639619859, 11)
  })

  test.prop([fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 })])(
    'does not see what a chip does to both methods',
    shifts => {
      const shifted = (chips: typeof one) => chips.map((reads, i) => reads.map(v => v + (shifts[i] ?? 0)))
      const found = pairedDifference(shifted(one), shifted(other))
      const plain = pairedDifference(one, other)
      expect(found.interval?.low).toBeCloseTo(plain.interval?.low ?? NaN, 12)
      expect(found.interval?.high).toBeCloseTo(plain.interval?.high ?? NaN, 12)
    },
  )

  test('refuses what is not paired', () => {
    expect(() => pairedDifference(one, other.slice(1))).toThrow('"b" expected 5 chips, got 4')
    expect(() => pairedDifference([[1, 2]], [[1]])).toThrow('"b" expected 2 reads of chip 0, got 1')
  })
})

describe('variance components', () => {
  test('are those of statsmodels MixedLM by restricted likelihood, where that has a closed form', () => {
    const { mean, betweenChips, betweenReads, clipped } = varianceComponents(one)
    // statsmodels 0.15 stops its iteration at 0.00070831853, 0.00016666753, and an error of the mean of 0.0122473296.
    expect(Math.abs((betweenChips ?? NaN) / 0.00070831853 - 1)).toBeLessThan(5e-5)
    expect(Math.abs((betweenReads ?? NaN) / 0.00016666753 - 1)).toBeLessThan(1e-5)
    expect(Math.abs((mean.standardError ?? NaN) / 0.0122473296 - 1)).toBeLessThan(5e-5)
    // By hand: mean squares 0.003 and 0.0025 / 15.
    expect(betweenReads).toBeCloseTo(0.0025 / 15, 15)
    expect(betweenChips).toBeCloseTo((0.003 - 0.0025 / 15) / 4, 15)
    expect(clipped).toBe(false)
  })

  test('allow chips with different numbers of reads', () => {
    const chips = [
      [1, 2, 4],
      [5, 7],
      [3, 3.5, 2, 4.5],
    ]
    const { betweenChips, betweenReads } = varianceComponents(chips)
    // scipy.stats.f_oneway: the ratio of the mean squares; reads a chip: (9 - 29 / 9) / 2.
    const within = betweenReads ?? NaN
    expect(1 + ((betweenChips ?? NaN) * ((9 - 29 / 9) / 2)) / within).toBeCloseTo(5.084033613445377, 12)
    expect(within).toBeCloseTo((14 / 3 + 2 + 3.25) / 6, 14)
  })

  test('clip a negative estimate, and say so', () => {
    const { betweenChips, betweenReads, clipped } = varianceComponents([
      [0, 10],
      [1, 9],
      [2, 8],
    ])
    expect([betweenChips, clipped]).toEqual([0, true])
    expect(betweenReads).toBeCloseTo((50 + 32 + 18) / 3, 12)
  })

  test('are undefined where nothing is repeated', () => {
    expect(varianceComponents([[1], [2]])).toMatchObject({ betweenChips: undefined, betweenReads: undefined })
    expect(varianceComponents([[1, 3]])).toMatchObject({ betweenChips: undefined, betweenReads: 2, clipped: false })
    expect(varianceComponents([[1], [2]]).mean.mean).toBe(1.5)
    expect(() => varianceComponents([])).toThrow(RangeError)
    expect(() => varianceComponents([[1], []])).toThrow(RangeError)
  })
})
