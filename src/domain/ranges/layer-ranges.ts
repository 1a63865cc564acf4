/**
 * The ranges of a layer's tiles in one line, for people: what their converters and columns cover, and what is cut off.
 * Not here: single tiles and columns (tables `tiles` and `columns`).
 */
import type { Tile } from '../crossbar/tiling.js'
import type { ColumnStatistics } from './column-statistics.js'

/** A tile with its ranges, and what came of them. */
export interface RangedTile extends Pick<ColumnStatistics, 'absMax'> {
  readonly place: Pick<Tile, 'rows' | 'columns'>
  /** null: dynamic. */
  readonly inputRange: number | null
  readonly fullScales: Float32Array
  /** How many. */
  readonly clippedWeights: number
  /** Share of the calibration inputs; null: not known. */
  readonly clippedInputs: number | null
  readonly expected: { readonly start: number; readonly chosen: number } | null
}

/**
 * Flat, with null for what there is not, so that it prints as JSON as it is. An alias, not an interface: rows must stay
 * assignable to records of cells.
 */
export type LayerRanges = {
  readonly tiles: number
  /** Least and greatest of its tiles; null: all are dynamic. */
  readonly input_range_least: number | null
  readonly input_range_greatest: number | null
  /** Share of the calibration inputs beyond their tile's range; null: not known of all. */
  readonly clipped_inputs: number | null
  /** Share of the weights beyond their column's full scale. */
  readonly clipped_weights: number
  /** Mean over columns of full scale over largest weight, columns of zeros left out; null: there are no others. */
  readonly relative_full_scale: number | null
  /** Sums over tiles of the tables' columns of these names; null: nothing was minimised. */
  readonly expected_error_start: number | null
  readonly expected_error: number | null
}

const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

/** Null as soon as one is not known. */
const allOf = <A>(values: readonly (A | null)[]): readonly A[] | null => {
  const known = values.filter(v => v !== null)
  return known.length === values.length ? known : null
}

/** Sum of values times weights over the sum of the weights. */
const weightedMean = (values: readonly number[], weights: readonly number[]): number =>
  sumOf(values.map((v, i) => v * (weights[i] ?? NaN))) / sumOf(weights)

/** @param tiles all of one layer's */
export const layerRanges = (tiles: readonly RangedTile[]): LayerRanges => {
  const fixed = tiles.flatMap(t => t.inputRange ?? [])
  const clipped = allOf(tiles.map(t => t.clippedInputs))
  const expected = allOf(tiles.map(t => t.expected))
  const relative = tiles.flatMap(({ fullScales, absMax }) =>
    Array.from(fullScales, (c, j) => c / (absMax[j] ?? NaN)).filter((_, j) => absMax[j] !== 0),
  )
  const weights = tiles.map(({ place }) => place.rows.size * place.columns.size)
  return {
    tiles: tiles.length,
    input_range_least: fixed.length === 0 ? null : Math.min(...fixed),
    input_range_greatest: fixed.length === 0 ? null : Math.max(...fixed),
    // Every row's inputs come to each of its tiles.
    clipped_inputs:
      clipped === null
        ? null
        : weightedMean(
            clipped,
            tiles.map(t => t.place.rows.size),
          ),
    clipped_weights: sumOf(tiles.map(t => t.clippedWeights)) / sumOf(weights),
    relative_full_scale: relative.length === 0 ? null : sumOf(relative) / relative.length,
    expected_error_start: expected === null ? null : sumOf(expected.map(e => e.start)),
    expected_error: expected === null ? null : sumOf(expected.map(e => e.chosen)),
  }
}
