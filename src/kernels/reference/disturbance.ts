/**
 * What training on hardware does to a tile's weights: clipped to full scale c_j, noise added, and the way back.
 *
 *     w~_ij = clip(w_ij, +-c_j) + s_ij xi_ij      s_ij = deviation_j, or deviation_j table(|w_ij| / c_j)
 *     dw~_ij/dw_ij = 1 + sign(w_ij) f_ij, or 0 where |w_ij| > c_j
 *     dw~_ij/dc_j  = (+-1 where |w_ij| > c_j) + e_ij - (|w_ij| / c_j) f_ij
 *
 * with e_ij = (w~_ij - clip(w_ij)) / c_j if the noise grows with full scale, else 0; and, if it follows the weight too,
 * f_ij = table'(|w_ij| / c_j) xi_ij = e_ij table' / table of the straight line that the forward pass was on; 0 where |w_ij| > c_j.
 *
 * and IR drop: w~ u, u from the ladder (ladder.ts) over the targets' conductances |w| / c_j, a column's positive weights
 * on one bit line, the others on the second. Taken as a constant by the way back: how u follows the weights.
 * Not modelled: noise of the idle device's own.
 */
import type { Origin } from '../../domain/random/addresses.js'
import { ladderInto } from './ladder.js'
import { foldSum, lanes } from './lanes.js'
import { normals } from './normal.js'

const { fround, abs, sqrt, trunc } = Math

export interface TileShape {
  readonly rows: number
  readonly columns: number
  readonly rowStep: number
}

export const clipped = (w: number, c: number): number => {
  const high = w > c ? c : w
  return high < -c ? -c : high
}

/** 1 / c; 0 for a column of zeros. */
const inverseOf = (c: number): number => (c > 0 ? fround(1 / c) : 0)

/** y[j] = largest |w| of column j; NaN never counts as larger. */
export const columnMaximaInto = (y: Float32Array, w: Float32Array, { rows, columns, rowStep }: TileShape): void => {
  for (let j = 0; j < columns; j++) {
    let most = 0
    for (let i = 0; i < rows; i++) most = abs(w[j * rowStep + i] ?? 0) > most ? abs(w[j * rowStep + i] ?? 0) : most
    y[j] = most
  }
}

/** Value of a table over [0, 1] at a share, and what it rises by over the step there; NaN counts as 0. */
const tabulated = (table: Float32Array, share: number): { readonly value: number; readonly rise: number } => {
  const steps = table.length - 1
  const far = fround(share * steps)
  const near = far > steps ? steps : far
  const x = near >= 0 ? near : 0
  const k = Math.min(trunc(x), steps - 1)
  const low = table[k] ?? 0
  const rise = fround((table[k + 1] ?? 0) - low)
  return { value: fround(low + fround(fround(x - k) * rise)), rise }
}

/** f: what noise e, in full scales, changes by with the share; 0 where there is no noise. */
const following = (table: Float32Array, share: number, e: number): number => {
  const { value, rise } = tabulated(table, share)
  return value === 0 ? 0 : fround(fround(e / value) * fround(rise * (table.length - 1)))
}

export interface Disturbance {
  readonly fullScales: Float32Array
  readonly deviations: Float32Array
  readonly table: Float32Array | null
  readonly clips: boolean
  readonly noise: Origin | null
  readonly firstRow: number
  readonly firstColumn: number
}

/** Row i of the layer is normal (i >> 4) & 3 of counter word 0 = (i >> 6) * 16 + (i & 15); word 1 is the column. */
export const disturbInto = (y: Float32Array, w: Float32Array, t: TileShape, d: Disturbance): void => {
  for (let j = 0; j < t.columns; j++) {
    const [c, deviation] = [d.fullScales[j] ?? 0, d.deviations[j] ?? 0]
    const inverse = inverseOf(c)
    const last = d.firstRow + t.rows
    for (let group = d.firstRow - (d.firstRow % 64); group < last; group += 64)
      for (let lane = 0; lane < 16; lane++) {
        const { noise } = d
        const xi =
          noise === null
            ? null
            : normals([group / 4 + lane, (d.firstColumn + j) >>> 0, noise.word2, noise.word3], noise.key)
        for (let k = 0; k < 4; k++) {
          const row = group + 16 * k + lane
          if (row < d.firstRow || row >= last) continue
          const at = j * t.rowStep + row - d.firstRow
          const given = w[at] ?? 0
          const kept = d.clips ? clipped(given, c) : given
          if (xi === null) y[at] = kept
          else {
            const s =
              d.table === null ? deviation : fround(deviation * tabulated(d.table, fround(abs(kept) * inverse)).value)
            y[at] = fround(kept + fround(s * (xi[k] ?? 0)))
          }
        }
      }
  }
}

/** y[j] = sum_i g dw~/dc in the order of lanes.ts; then g = g dw~/dw. */
export const clipGradientInto = (
  y: Float32Array,
  gradient: Float32Array,
  w: Float32Array,
  used: Float32Array | null,
  { fullScales, table }: Pick<Disturbance, 'fullScales' | 'table'>,
  { rows, columns, rowStep }: TileShape,
): void => {
  for (let j = 0; j < columns; j++) {
    const c = fullScales[j] ?? 0
    const inverse = inverseOf(c)
    const sums = new Float32Array(lanes)
    for (let i = 0; i < rows; i++) {
      const at = j * rowStep + i
      const [given, g] = [w[at] ?? 0, gradient[at] ?? 0]
      const beyond = abs(given) > c
      let slope = beyond ? (given > 0 ? 1 : -1) : 0
      let own = g
      if (used !== null) {
        const e = fround(fround((used[at] ?? 0) - clipped(given, c)) * inverse)
        slope = fround(slope + e)
        if (table !== null && !beyond) {
          const share = fround(abs(given) * inverse)
          const f = following(table, share, e)
          slope = fround(slope - fround(share * f))
          own = fround(g * fround(1 + (given > 0 ? f : given < 0 ? -f : 0)))
        }
      }
      sums[i % lanes] = (sums[i % lanes] ?? 0) + fround(g * slope)
      gradient[at] = beyond ? 0 : own
    }
    y[j] = foldSum(sums)
  }
}

/** w clipped to +-deviations standard deviations of its column (about the mean, in binary64), or to +-limit if that is 0. */
export const clipWeightsInto = (
  w: Float32Array,
  { rows, columns, rowStep }: TileShape,
  deviations: number,
  limit: number,
): void => {
  for (let j = 0; j < columns; j++) {
    const column = w.subarray(j * rowStep, j * rowStep + rows)
    let most = fround(limit)
    if (deviations !== 0) {
      const [sums, squares] = [new Float64Array(lanes), new Float64Array(lanes)]
      column.forEach((x, i) => {
        sums[i % lanes] = (sums[i % lanes] ?? 0) + x
        squares[i % lanes] = (squares[i % lanes] ?? 0) + x * x
      })
      const mean = foldSum(sums) / rows
      const variance = foldSum(squares) / rows - mean * mean
      most = fround(deviations * sqrt(variance > 0 ? variance : 0))
    }
    column.forEach((x, i) => (column[i] = clipped(x, most)))
  }
}

/** y times, or divided by, u of each weight's own bit line. */
export const lineFactorsInto = (
  y: Float32Array,
  w: Float32Array,
  fullScales: Float32Array,
  { rows, columns, rowStep }: TileShape,
  load: number,
  divides: boolean,
): void => {
  const g = new Float32Array(rows)
  const [plus, minus] = [new Float64Array(rows), new Float64Array(rows)]
  for (let j = 0; j < columns; j++) {
    const c = fullScales[j] ?? 0
    const inverse = inverseOf(c)
    for (const [u, up] of [
      [plus, true],
      [minus, false],
    ] as const) {
      for (let i = 0; i < rows; i++) {
        const given = w[j * rowStep + i] ?? 0
        g[i] = given > 0 === up ? fround(abs(clipped(given, c)) * inverse) : 0
      }
      ladderInto(u, g, rows, load, { column: 0, step: 1 })
    }
    for (let i = 0; i < rows; i++) {
      const at = j * rowStep + i
      const u = fround(((w[at] ?? 0) > 0 ? plus[i] : minus[i]) ?? NaN)
      y[at] = divides ? fround((y[at] ?? 0) / u) : fround((y[at] ?? 0) * u)
    }
  }
}
