/**
 * What a tile's weights are like, column by column: all that rules over weights alone need.
 * Not here: the rules (column-range.ts), anything about inputs.
 */
import type { Tile } from '../crossbar/tiling.js'

export interface ColumnStatistics {
  /** Largest magnitude of each column's weights. */
  readonly absMax: Float32Array
  /** Standard deviation of each column's weights about their mean, over all of them. */
  readonly deviation: Float64Array
}

/**
 * @param weights [outputs, inputs] of the whole layer
 * @param inputs of the layer
 */
export const columnStatistics = (
  weights: Float32Array,
  inputs: number,
  { rows, columns }: Pick<Tile, 'rows' | 'columns'>,
): ColumnStatistics => {
  const absMax = new Float32Array(columns.size)
  const deviation = new Float64Array(columns.size)
  for (let j = 0; j < columns.size; j++) {
    const at = (columns.first + j) * inputs + rows.first
    let largest = 0
    let sum = 0
    for (let i = at; i < at + rows.size; i++) {
      const w = weights[i] ?? NaN
      largest = Math.max(largest, Math.abs(w))
      sum += w
    }
    const mean = sum / rows.size
    let squares = 0
    for (let i = at; i < at + rows.size; i++) squares += ((weights[i] ?? NaN) - mean) ** 2
    absMax[j] = largest
    deviation[j] = Math.sqrt(squares / rows.size)
  }
  return { absMax, deviation }
}

/** Weights beyond their column's full scale: they are clipped. */
export const clippedWeights = (
  weights: Float32Array,
  inputs: number,
  { rows, columns }: Pick<Tile, 'rows' | 'columns'>,
  fullScales: Float32Array,
): number => {
  let clipped = 0
  for (let j = 0; j < columns.size; j++) {
    const at = (columns.first + j) * inputs + rows.first
    const most = fullScales[j] ?? NaN
    for (let i = at; i < at + rows.size; i++) if (Math.abs(weights[i] ?? NaN) > most) clipped += 1
  }
  return clipped
}
