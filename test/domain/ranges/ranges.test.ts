import { describe, expect, test } from 'vitest'
import { fullScales } from '../../../src/domain/ranges/column-range.js'
import { clippedWeights, columnStatistics } from '../../../src/domain/ranges/column-statistics.js'
import { binOf, fineBins } from '../../../src/domain/ranges/histogram.js'
import { inputRange, type InputStatistics } from '../../../src/domain/ranges/input-range.js'

/** Three columns of four weights; the tile has the last two columns, rows 1 to 3. */
const weights = Float32Array.from([
  ...[9, 9, 9, 9], //
  ...[9, 1, -2, 3],
  ...[9, 0, 0, 0],
])
const tile = { rows: { first: 1, size: 3 }, columns: { first: 1, size: 2 } }

describe('column statistics', () => {
  test('are of the tile alone', () => {
    const { absMax, deviation } = columnStatistics(weights, 4, tile)
    expect([...absMax]).toEqual([3, 0])
    // Mean 2/3, squares 1 + 4 + 9.
    expect(deviation[0]).toBeCloseTo(Math.sqrt(14 / 3 - 4 / 9), 15)
    expect(deviation[1]).toBe(0)
  })

  test('abs-max ranges are the largest magnitudes; no weight is beyond them', () => {
    const statistics = columnStatistics(weights, 4, tile)
    const scales = fullScales({ rule: 'abs-max' }, statistics)
    expect([...scales]).toEqual([3, 0])
    expect(clippedWeights(weights, 4, tile, scales)).toBe(0)
    const learned = Float32Array.from(statistics.absMax, (_, j) => 0.5 + j)
    const zeros = Float32Array.from(statistics.absMax, (m, j) => (m === 0 ? 0 : 0.5 + j))
    expect(fullScales({ rule: 'learned' }, statistics, { learned })).toEqual(zeros)
    expect(() => fullScales({ rule: 'learned' }, statistics)).toThrow('"learned" expected for the rule "learned"')
  })

  test('weights beyond smaller ranges are counted', () => {
    const clipped = (...scales: number[]): number => clippedWeights(weights, 4, tile, Float32Array.from(scales))
    expect(clipped(2, 0)).toBe(1)
    expect(clipped(1.5, 0)).toBe(2)
    expect(clipped(0.5, 1)).toBe(3)
    expect(clipped(0, 0)).toBe(3)
  })
})

describe('column rules', () => {
  const statistics = { absMax: Float32Array.of(3, 0, 2, 2), deviation: Float64Array.of(0.5, 0, 1, 0) }
  test('a multiple of the deviation clips, and never reaches beyond the largest weight', () => {
    const rule = (standardDeviations: number) => ({ rule: 'weight-standard-deviations', standardDeviations }) as const
    expect([...fullScales(rule(3), statistics)]).toEqual([1.5, 0, 2, 2])
    expect([...fullScales(rule(1), statistics)]).toEqual([0.5, 0, 1, 2])
  })
  test('a fixed value is that of every column but one of zeros', () => {
    expect([...fullScales({ rule: 'fixed', value: 0.25, file: null }, statistics)]).toEqual([0.25, 0, 0.25, 0.25])
  })

  const rule = { rule: 'output-current', standardDeviations: 3, inputs: 2, start: 'abs-max' } as const
  const outputs = {
    seen: { mean: Float64Array.of(-30, 5, 10, 0), deviation: Float64Array.of(10, 1, 2, 0) },
    ...{ inputRange: 0.5, bound: 12 },
  }
  test('currents of mean and L deviations fit the ADC: conductances go down where they would not, never up', () => {
    // (30 + 3 x 10) / (0.5 x 12) = 10; a column of zeros has none; (10 + 6) / 6; nothing conducted.
    expect([...fullScales(rule, statistics, { outputs })]).toEqual([10, 0, Math.fround(16 / 6), 2])
    // Then |mean| + L deviation is the bound, in units of beta c_j.
    const [c = NaN] = fullScales(rule, statistics, { outputs })
    expect((30 + 3 * 10) / (outputs.inputRange * c)).toBe(outputs.bound)
    expect([...fullScales(rule, statistics, { outputs: { ...outputs, bound: Infinity } })]).toEqual([3, 0, 2, 2])
    const learned = Float32Array.of(11, 1, 0.5, 0.5)
    expect([...fullScales({ ...rule, start: 'learned' }, statistics, { outputs, learned })]).toEqual([
      ...[11, 0, Math.fround(16 / 6), 0.5],
    ])
    expect(() => fullScales(rule, statistics)).toThrow('"outputs" expected for the rule "output-current"')
  })
  test('the optimal ones need an objective', () => {
    expect(() => fullScales({ rule: 'optimal', start: 'abs-max' }, statistics)).toThrow('got "optimal"')
  })
})

/** What calibration would know of these numbers. */
const seen = (...numbers: readonly number[]): InputStatistics => {
  const counts = [0, 1].map(() => new Uint32Array(fineBins.count))
  const patterns = new Int32Array(Float32Array.from(numbers).buffer)
  patterns.forEach(p => {
    const own = counts[p < 0 ? 1 : 0]
    const bin = binOf(fineBins, p)
    if (own !== undefined) own[bin] = (own[bin] ?? NaN) + 1
  })
  return {
    count: numbers.length,
    sum: numbers.reduce((a, b) => a + b, 0),
    squares: numbers.reduce((a, b) => a + b * b, 0),
    largest: numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 0),
    positive: counts[0] ?? [],
    negative: counts[1] ?? [],
  }
}

describe('input range', () => {
  const absMax = { rule: 'abs-max' } as const
  const percentile = (p: number, of: 'magnitude' | 'signed value' = 'magnitude') =>
    ({ rule: 'percentile', percentile: p, of, start: 'abs-max' }) as const

  test('is the largest that calibration saw; 1 where it saw nothing', () => {
    expect(inputRange(absMax, seen(0.5, -2.5, 0))).toBe(2.5)
    for (const rule of [absMax, percentile(99), { rule: 'standard-deviations', standardDeviations: 3 } as const])
      expect(inputRange(rule, seen(0, 0))).toBe(1)
    expect(inputRange({ rule: 'learned' }, seen(7), 0.25)).toBe(0.25)
    expect(() => inputRange({ rule: 'learned' }, seen(7))).toThrow('"learned" expected a range')
    expect(inputRange({ rule: 'fixed', value: 3, file: null }, seen(7))).toBe(3)
  })

  test('a percentile is the least number that so many do not exceed, to 1 in 512, and never more than the largest', () => {
    const hundred = seen(...Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 1 : -1) * (i + 1)))
    for (const p of [1, 37, 50, 99]) {
      const found = inputRange(percentile(p), hundred)
      expect(found).toBeGreaterThanOrEqual(p)
      expect(found).toBeLessThanOrEqual(p * (1 + 1 / 256))
    }
    expect(inputRange(percentile(100), hundred)).toBe(100)
    // Of the numbers themselves, half of which are negative: the 75th is the 25th of the 50 odd ones.
    const signed = inputRange(percentile(75, 'signed value'), hundred)
    expect(signed).toBeGreaterThanOrEqual(49)
    expect(signed).toBeLessThanOrEqual(49 * (1 + 1 / 256))
    // The median is no range: there are as many below 0.
    expect(inputRange(percentile(50, 'signed value'), hundred)).toBe(100)
    expect(inputRange({ ...percentile(100), start: 'learned' }, hundred, 12)).toBe(12)
  })

  test('standard deviations are about the mean; a constant has none, and keeps its largest', () => {
    const rule = { rule: 'standard-deviations', standardDeviations: 2 } as const
    expect(inputRange(rule, seen(3, 5, 3, 5))).toBe(2)
    expect(inputRange(rule, seen(4, 4, 4))).toBe(4)
  })

  test('an outlier of a million deviations has its place', () => {
    const outlier = seen(...Array.from({ length: 999 }, (_, i) => Math.sin(i)), 1e6)
    expect(inputRange(absMax, outlier)).toBe(1e6)
    expect(inputRange(percentile(99.9), outlier)).toBeLessThan(1.01)
    expect(inputRange(percentile(100), outlier)).toBe(1e6)
  })

  test('is one number of a tile', () => {
    expect(inputRange({ rule: 'dynamic' }, seen(3))).toBe(1)
    expect(() => inputRange({ rule: 'optimal', start: 'abs-max' }, seen(1))).toThrow('got "optimal"')
  })
})
