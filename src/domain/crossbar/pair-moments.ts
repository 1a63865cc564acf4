/**
 * The moments of a weight at one time on a fine even grid, for loops over millions of weights.
 * Not here: the exact moments (devices/moments.ts) and the adaptive table they are taken from (moment-table.ts).
 */
import { tabulate } from '../devices/moment-table.js'
import type { DeviceModel } from '../devices/model.js'
import { pairMoments } from './differential-pair.js'

export interface PairMoments {
  readonly seconds: number
  /** Mean and variance of the weight a pair yields at share k / steps of full scale, k = 0 .. steps. */
  readonly mean: Float64Array
  readonly variance: Float64Array
  readonly steps: number
  /** Largest error of the straight lines between grid points, seen at their middles; of full scale and of its square. */
  readonly meanError: number
  readonly varianceError: number
}

const steps = 1 << 14

/** @throws RangeError as the model's moments. */
export const pairMomentsTable = (model: DeviceModel, seconds: number): PairMoments => {
  const table = tabulate(model, seconds)
  const gMax = model.gMaxMicroSiemens
  const mean = new Float64Array(steps + 1)
  const variance = new Float64Array(steps + 1)
  const at = (share: number) => pairMoments(share, gMax, table.at)
  for (let k = 0; k <= steps; k++) {
    const m = at(k / steps)
    mean[k] = m.mean
    variance[k] = m.variance
  }
  let meanError = 0
  let varianceError = 0
  for (let k = 0; k < steps; k++) {
    const m = at((k + 0.5) / steps)
    const middle = (a: Float64Array): number => 0.5 * ((a[k] ?? NaN) + (a[k + 1] ?? NaN))
    meanError = Math.max(meanError, Math.abs(m.mean - middle(mean)))
    varianceError = Math.max(varianceError, Math.abs(m.variance - middle(variance)))
  }
  return { seconds, mean, variance, steps, meanError, varianceError }
}

/** Value of one of the table's columns at a share in [0, 1] of full scale. */
export const interpolated = (column: Float64Array, share: number): number => {
  const x = share * (column.length - 1)
  const k = Math.min(Math.floor(x), column.length - 2)
  const low = column[k] ?? NaN
  return low + (x - k) * ((column[k + 1] ?? NaN) - low)
}
