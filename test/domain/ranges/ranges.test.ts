import { describe, expect, test } from 'vitest'
import { fullScales } from '../../../src/domain/ranges/column-range.js'
import { clippedWeights, columnStatistics } from '../../../src/domain/ranges/column-statistics.js'
import { inputRange } from '../../../src/domain/ranges/input-range.js'

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
    expect(() => fullScales({ rule: 'learned' }, statistics)).toThrow('expected "abs-max", got "learned"')
  })

  test('weights beyond smaller ranges are counted', () => {
    const clipped = (...scales: number[]): number => clippedWeights(weights, 4, tile, Float32Array.from(scales))
    expect(clipped(2, 0)).toBe(1)
    expect(clipped(1.5, 0)).toBe(2)
    expect(clipped(0.5, 1)).toBe(3)
    expect(clipped(0, 0)).toBe(3)
  })
})

describe('input range', () => {
  const rule = { rule: 'abs-max' } as const
  test('is the largest that calibration saw; 1 where it saw nothing', () => {
    expect(inputRange(rule, { absMax: [0.5, 2.5, 0] })).toBe(2.5)
    expect(inputRange(rule, { absMax: [0, 0] })).toBe(1)
  })
  test('needs numbers, and a rule that is there', () => {
    expect(() => inputRange(rule, { absMax: [1, NaN] })).toThrow('"absMax" expected finite numbers, got NaN at row 1')
    expect(() => inputRange(rule, { absMax: [Infinity] })).toThrow('got Infinity at row 0')
    expect(() => inputRange({ rule: 'dynamic' }, { absMax: [1] })).toThrow('expected "abs-max", got "dynamic"')
  })
})
