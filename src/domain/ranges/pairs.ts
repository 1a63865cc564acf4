/**
 * What the pairs of a column yield at a time, row by row, as a compensation that is computed from moments sees them, on the
 * chip and in the objective alike: of rows of devices behind the wires of their bit lines, the ladder's factors u included
 * (ir-drop.ts); and the factor of least squares that follows (drift-compensation.ts).
 * Not modelled: the spread of u, its correlation with a device's own conductance.
 */
import { leastSquaresFactor } from '../crossbar/drift-compensation.js'
import { interpolated } from '../devices/moment-grid.js'
import { distort, solve, sortedOf, type Programmed, type Rows, type Wires } from './ir-drop.js'

/** A column's weights, w_i at j columnStep + i, and the lines that they lie on. */
export interface ColumnsOfPairs {
  readonly rows: number
  readonly weights: Float32Array
  readonly columnStep: number
  /** null: no IR drop. */
  readonly wires: Wires | null
}

/**
 * Of each row, in units of the column's full scale and with the sign of a weight that is not below 0: expectation and
 * variance of what a pair yields. Of a row that stands on several rows of devices, the means of theirs.
 */
export interface Pairs {
  readonly mean: Float64Array
  readonly variance: Float64Array
}

export const pairsOf = (rows: number): Pairs => ({ mean: new Float64Array(rows), variance: new Float64Array(rows) })

/**
 * Behind the wires: the pairs whose sums `wiredSums` has, from the same ladder. For what is asked a few times a column.
 */
const wiredPairsInto = (
  out: Pairs,
  tile: Rows,
  wires: Wires,
  [column, fullScale]: readonly [column: number, fullScale: number],
  [{ mean, variance }, idle]: Programmed,
): void => {
  const { room, blocks, rowCopies } = wires
  const sorted = sortedOf(tile, wires, column)
  const { start, magnitude, share } = sorted
  const { own, inverse, u } = room
  const [held, spread] = [new Float64Array(blocks.length), new Float64Array(blocks.length)]
  const [idleMean, idleVariance] = [mean[0] ?? NaN, variance[0] ?? NaN]
  distort(wires, sorted, fullScale, idle)
  for (let g = 0; g < own.length; g++) {
    let conducts = 0
    const to = start[g + 1] ?? NaN
    for (let i = start[g] ?? NaN; i < to; i++) {
      const target = Math.min(1, ((magnitude[i] ?? NaN) / fullScale) * (inverse[g] ?? NaN))
      held[i] = interpolated(mean, target)
      spread[i] = interpolated(variance, target)
      conducts += held[i] ?? NaN
    }
    own[g] = conducts
  }
  inverse.fill(1)
  solve(wires, idleMean)
  out.mean.fill(0, 0, tile.rows)
  out.variance.fill(0, 0, tile.rows)
  // As they were sorted: group by group, each in the order of the rows of devices.
  const next = start.slice()
  for (let line = 0; line < blocks.length; line++) {
    const row = line < tile.rows ? line : (rowCopies[line - tile.rows] ?? NaN)
    const below = (tile.weights[column * tile.columnStep + row] ?? NaN) < 0
    const g = 2 * (blocks[line] ?? 0) + (below ? 1 : 0)
    const at = next[g] ?? NaN
    next[g] = at + 1
    const [passed, idles, part] = [u[g] ?? NaN, u[g ^ 1] ?? NaN, share[at] ?? NaN]
    out.mean[row] = (out.mean[row] ?? NaN) + part * (passed * (held[at] ?? NaN) - idles * idleMean)
    out.variance[row] =
      (out.variance[row] ?? NaN) + part * (passed * passed * (spread[at] ?? NaN) + idles * idles * idleVariance)
  }
}

/** @param place the column, and its full scale; with 0, no row yields anything */
export const pairsInto = (
  out: Pairs,
  columns: ColumnsOfPairs,
  [column, fullScale]: readonly [column: number, fullScale: number],
  programmed: Programmed,
): void => {
  const { rows, weights, columnStep, wires } = columns
  if (wires !== null && fullScale > 0) {
    const tile = { rows, weights, columnStep, energies: null }
    wiredPairsInto(out, tile, wires, [column, fullScale], programmed)
    return
  }
  const [{ mean, variance }] = programmed
  const [idleMean, idleVariance] = [mean[0] ?? NaN, variance[0] ?? NaN]
  for (let i = 0; i < rows; i++) {
    const w = Math.abs(weights[column * columnStep + i] ?? NaN)
    const share = fullScale > 0 ? Math.min(1, w / fullScale) : 0
    out.mean[i] = interpolated(mean, share) - idleMean
    out.variance[i] = interpolated(variance, share) + idleVariance
  }
}

/**
 * alpha* of a column, its weights clipped to full scale.
 * @param parts of the variance of a pair in each row, what is left of it where a row or the column stands several times
 * @param room overwritten
 */
export const pairsFactor = (
  columns: ColumnsOfPairs,
  place: readonly [column: number, fullScale: number],
  programmed: Programmed,
  parts: (row: number) => number,
  room: Pairs,
): number => {
  const [column, fullScale] = place
  const { rows, weights, columnStep } = columns
  if (!(fullScale > 0)) return 1
  pairsInto(room, columns, place, programmed)
  const shares = new Float64Array(rows)
  for (let i = 0; i < rows; i++) shares[i] = Math.min(1, Math.abs(weights[column * columnStep + i] ?? NaN) / fullScale)
  return leastSquaresFactor(shares, (_, i) => ({
    mean: room.mean[i] ?? NaN,
    variance: (room.variance[i] ?? NaN) * parts(i),
  }))
}
