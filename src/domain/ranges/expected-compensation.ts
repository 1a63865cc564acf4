/**
 * The factors that a drift compensation without offsets is expected to bring to the columns of a tile, from the exact
 * moments of its devices. Not here: compensations with offsets, which find their gain anew at each time (objective.ts).
 */
import { wiredSums } from './ir-drop.js'
import type { TileObjective } from './objective.js'
import type { DeviceMoments } from './pair-sums.js'
import { pairsFactor, pairsOf } from './pairs.js'

const ones = new Map<number, Float64Array>()

/** Of each row, the part of a device's variance that the mean of the rows of devices it stands on has. */
export const varianceShares = ({ rows, rowShares }: Pick<TileObjective, 'rows' | 'rowShares'>): Float64Array => {
  const found = rowShares ?? ones.get(rows) ?? new Float64Array(rows).fill(1)
  if (rowShares === undefined) ones.set(rows, found)
  return found
}

/** How many columns' outputs are averaged. */
export const averagedIn = ({ averaged }: TileObjective, column: number): number => averaged?.[column] ?? 1

/**
 * What a column of devices conducts in the mean square, each row driven alike: sum E[v_i^2]. No wires.
 * @param shares of the variance of each row: as of the mean of the rows of devices that it stands on
 */
const conducted = (
  { rows, weights, columnStep }: TileObjective,
  column: number,
  fullScale: number,
  { mean, variance }: DeviceMoments,
  shares: Float64Array,
): number => {
  const steps = mean.length - 1
  const idleMean = mean[0] ?? NaN
  const idleVariance = variance[0] ?? NaN
  let power = 0
  for (let i = column * columnStep; i < column * columnStep + rows; i++) {
    const share = Math.min(1, Math.abs(weights[i] ?? NaN) / fullScale)
    const k = Math.min(steps - 1, (share * steps) | 0)
    const rest = share * steps - k
    const low = mean[k] ?? NaN
    const lowVariance = variance[k] ?? NaN
    const m = low + rest * ((mean[k + 1] ?? NaN) - low) - idleMean
    const spread = lowVariance + rest * ((variance[k + 1] ?? NaN) - lowVariance) + idleVariance
    power += m * m + (shares[i - column * columnStep] ?? NaN) * spread
  }
  return power
}

/**
 * The factors that the drift compensation is expected to bring at each time, of every column: `global` and `per-column`
 * restore mean magnitudes over inputs that drive all rows alike, which are as the roots of the mean squares;
 * `least-squares` is computed as on the chip, wires and copies included.
 */
export const expectedCompensation = (tile: TileObjective, fullScales: Float32Array): readonly Float64Array[] => {
  const { columns, times, first, driftCompensation, wires } = tile
  const shares = varianceShares(tile)
  const each = (of: (column: number, fullScale: number) => number): Float64Array =>
    Float64Array.from({ length: columns }, (_, j) => ((fullScales[j] ?? 0) > 0 ? of(j, fullScales[j] ?? NaN) : 0))
  const power = (column: number, fullScale: number, moments: DeviceMoments): number => {
    if (wires === null) return conducted(tile, column, fullScale, moments, shares)
    const programmed = [moments, first.mean[0] ?? NaN] as const
    const { square, noise } = wiredSums(tile, wires, [column, fullScale], programmed, 'none')
    return square + noise
  }
  const magnitudes = (moments: DeviceMoments): Float64Array => each((j, c) => Math.sqrt(power(j, c, moments)))
  const ones = (): Float64Array => new Float64Array(columns).fill(1)
  const ratio = (a: number, b: number): number => (a > 0 && b > 0 ? a / b : 1)
  const total = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)
  switch (driftCompensation) {
    case 'global': {
      const before = total(magnitudes(first))
      return times.map(now => ones().fill(ratio(before, total(magnitudes(now)))))
    }
    case 'per-column': {
      const before = magnitudes(first)
      return times.map(now => magnitudes(now).map((m, j) => ratio(before[j] ?? NaN, m)))
    }
    case 'least-squares': {
      const room = pairsOf(tile.rows)
      return times.map(now =>
        each((j, c) => {
          const copies = averagedIn(tile, j)
          return pairsFactor(tile, [j, c], [now, first.mean[0] ?? NaN], i => (shares[i] ?? NaN) / copies, room)
        }),
      )
    }
    default:
      return times.map(ones)
  }
}
