import { describe, expect, test } from 'vitest'
import { binOf, fineBins } from '../../../src/domain/ranges/histogram.js'
import { clippedInputs, inputRange, type InputStatistics } from '../../../src/domain/ranges/input-range.js'
import { layerRanges, type RangedTile } from '../../../src/domain/ranges/layer-ranges.js'

const patternOf = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0] ?? NaN
/** What calibration would have seen of these numbers. */
const seen = (values: readonly number[]): InputStatistics => {
  const [positive, negative] = [new Uint32Array(fineBins.count), new Uint32Array(fineBins.count)]
  for (const v of values) {
    const [counts, bin] = [v < 0 ? negative : positive, binOf(fineBins, patternOf(v))]
    counts[bin] = (counts[bin] ?? NaN) + 1
  }
  return {
    ...{ count: values.length, positive, negative, largest: Math.max(0, ...values.map(Math.abs)) },
    ...{ sum: values.reduce((a, b) => a + b, 0), squares: values.reduce((a, b) => a + b * b, 0) },
  }
}

describe('inputs beyond a range', () => {
  const values = [0, 0.5, -1, 2, -4, 8, -16, 32]
  test.each([
    [64, 0],
    [32, 0],
    [30, 1 / 8],
    [17, 1 / 8],
    [3, 4 / 8],
    [0.1, 7 / 8],
  ])('of %f are counted, of either sign', (range, share) => {
    expect(clippedInputs(seen(values), range)).toBe(share)
  })

  test('are none of the largest, the share left by a percentile, and not known of nothing', () => {
    const many = seen(Array.from({ length: 1000 }, (_, i) => Math.fround(Math.sqrt(i + 1) * (i % 3 === 0 ? -1 : 1))))
    expect(clippedInputs(many, inputRange({ rule: 'abs-max' }, many))).toBe(0)
    const range = inputRange({ rule: 'percentile', percentile: 90, of: 'magnitude', start: 'abs-max' }, many)
    expect(clippedInputs(many, range)).toBeCloseTo(0.1, 2)
    expect(clippedInputs(many, range)).toBeLessThanOrEqual(0.1)
    expect(clippedInputs(seen([]), 1)).toBeNull()
  })
})

describe('the ranges of a layer', () => {
  const tile = (change: Partial<RangedTile>): RangedTile => ({
    place: { rows: { first: 0, size: 10 }, columns: { first: 0, size: 2 } },
    ...{ inputRange: 2, fullScales: Float32Array.of(0.5, 1), absMax: Float32Array.of(1, 1) },
    ...{ clippedWeights: 3, clippedInputs: 0.1, expected: { start: 4, chosen: 1 } },
    ...change,
  })

  test('are least and greatest, shares of all, means over columns and sums over tiles', () => {
    const short = { rows: { first: 10, size: 30 }, columns: { first: 0, size: 2 } }
    const other = tile({ place: short, inputRange: 8, clippedInputs: 0.5, expected: { start: 1, chosen: 0.5 } })
    expect(layerRanges([tile({}), other])).toEqual({
      ...{ tiles: 2, input_range_least: 2, input_range_greatest: 8 },
      // (10 x 0.1 + 30 x 0.5) / 40; 6 of 20 + 60 weights.
      ...{ clipped_inputs: 0.4, clipped_weights: 0.075, relative_full_scale: 0.75 },
      ...{ expected_error_start: 5, expected_error: 1.5 },
    })
  })

  test('leave out what one tile does not tell, and columns of zeros', () => {
    const zeros = { fullScales: Float32Array.of(0, 3), absMax: Float32Array.of(0, 4) }
    expect(layerRanges([tile(zeros)]).relative_full_scale).toBe(0.75)
    expect(
      layerRanges([tile({ fullScales: new Float32Array(2), absMax: new Float32Array(2) })]).relative_full_scale,
    ).toBeNull()
    const dynamic = tile({ inputRange: null, clippedInputs: null, expected: null })
    expect(layerRanges([tile({}), dynamic])).toMatchObject({
      ...{ input_range_least: 2, input_range_greatest: 2, clipped_inputs: null },
      ...{ expected_error_start: null, expected_error: null },
    })
    expect(layerRanges([dynamic]).input_range_least).toBeNull()
  })
})
