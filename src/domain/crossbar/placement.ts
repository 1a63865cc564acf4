/**
 * The order of a tile's rows along its bit lines. The drop at a row grows with its distance from the ADC, and what flows
 * near the ADC drops little on its way: rows that carry much current lie there, the same order for every bit line of the tile.
 * Not modelled: orders that serve one column better than another; what it takes to lead the inputs to their rows.
 */
import type { Tile } from './tiling.js'

/**
 * Mean square of what each row gives to all outputs together, but for a factor of the tile: sum_j w_ij^2 E[x_i^2].
 * @param weights of the tile's layer, [outputs, inputs]
 * @param squares of the tile's inputs: their mean squares, or sums of squares
 */
export const rowStrengths = (
  weights: Float32Array,
  inputs: number,
  { rows, columns }: Pick<Tile, 'rows' | 'columns'>,
  squares: ArrayLike<number>,
): Float64Array => {
  const strengths = new Float64Array(rows.size)
  for (let j = columns.first; j < columns.first + columns.size; j++)
    for (let i = 0; i < rows.size; i++)
      strengths[i] = (strengths[i] ?? NaN) + (weights[j * inputs + rows.first + i] ?? NaN) ** 2
  return strengths.map((s, i) => s * (squares[i] ?? NaN))
}

/** The same order with copies of rows, numbered after the tile's own: beside the rows that they are copies of. */
export const orderWithCopies = (order: Uint32Array, owners: Uint16Array): Uint32Array => {
  const copies = new Map<number, number[]>()
  owners.forEach((row, k) => copies.set(row, [...(copies.get(row) ?? []), order.length + k]))
  return Uint32Array.from([...order].flatMap(row => [row, ...(copies.get(row) ?? [])]))
}

/** The row at each place from the far end to the ADC: weakest first, equals in their own order. */
export const rowOrder = (strengths: Float64Array): Uint32Array =>
  Uint32Array.from(strengths.keys()).sort((a, b) => (strengths[a] ?? NaN) - (strengths[b] ?? NaN) || a - b)
