/**
 * A tile's weights as they are programmed: those of the layer, each times its row's factor, in binary32.
 * Not here: how factors are chosen (row-scale.ts).
 */
import type { Tile } from '../crossbar/tiling.js'

/** f32 [columns, rows], one column after the other; w_ij s_i, each product rounded. @param weights w_ij at j columnStep + i */
export const scaledWeightsInto = (
  out: Float32Array,
  weights: Float32Array,
  columnStep: number,
  rowScales: Float32Array,
): void => {
  const rows = rowScales.length
  for (let j = 0; j * rows < out.length; j++)
    for (let i = 0; i < rows; i++) out[j * rows + i] = (weights[j * columnStep + i] ?? NaN) * (rowScales[i] ?? NaN)
}

/** Weights, and where a tile lies in them. */
interface Held {
  readonly weights: Float32Array
  readonly inputs: number
  readonly place: Pick<Tile, 'rows' | 'columns'>
}

/**
 * The layer's own weights where rows are not scaled; else a copy that holds the tile alone.
 * @param weights f32 [outputs, inputs] of the whole layer. @param rowScales [rows of the tile], or empty
 */
export const heldWeights = (
  weights: Float32Array,
  inputs: number,
  place: Pick<Tile, 'rows' | 'columns'>,
  rowScales: Float32Array,
): Held => {
  if (rowScales.length === 0) return { weights, inputs, place }
  const { rows, columns } = place
  const own = new Float32Array(columns.size * rows.size)
  scaledWeightsInto(own, weights.subarray(columns.first * inputs + rows.first), inputs, rowScales)
  return {
    weights: own,
    inputs: rows.size,
    place: { rows: { first: 0, size: rows.size }, columns: { first: 0, size: columns.size } },
  }
}
