/**
 * The moments of a device at one time on a fine even grid of targets, for loops over millions of weights.
 * Not here: the exact moments (moments.ts) and the adaptive table they are taken from (moment-table.ts).
 */
import type { DeviceModel } from './model.js'
import type { Moments } from './moments.js'
import { tabulate } from './moment-table.js'

/** In units of g_max and of its square. */
export interface MomentGrid {
  readonly seconds: number
  /** Of a device whose target is share k / (length - 1) of g_max. */
  readonly mean: Float64Array
  readonly variance: Float64Array
  /** Largest error of the straight lines between grid points, seen at their middles. Curves that jump set it. */
  readonly meanError: number
  readonly varianceError: number
}

/** Grid points less one. */
export const gridSteps = 1 << 14

/** @throws RangeError as the model's moments. */
export const momentGrid = (model: DeviceModel, seconds: number): MomentGrid => {
  const table = tabulate(model, seconds)
  const gMax = model.gMaxMicroSiemens
  const at = (share: number): Moments => {
    const { mean, variance } = table.at(share * gMax)
    return { mean: mean / gMax, variance: variance / (gMax * gMax) }
  }
  const mean = new Float64Array(gridSteps + 1)
  const variance = new Float64Array(gridSteps + 1)
  for (let k = 0; k <= gridSteps; k++) {
    const m = at(k / gridSteps)
    mean[k] = m.mean
    variance[k] = m.variance
  }
  let meanError = 0
  let varianceError = 0
  for (let k = 0; k < gridSteps; k++) {
    const m = at((k + 0.5) / gridSteps)
    const middle = (a: Float64Array): number => 0.5 * ((a[k] ?? NaN) + (a[k + 1] ?? NaN))
    meanError = Math.max(meanError, Math.abs(m.mean - middle(mean)))
    varianceError = Math.max(varianceError, Math.abs(m.variance - middle(variance)))
  }
  return { seconds, mean, variance, meanError, varianceError }
}

/** Value of one of the grid's columns at a share in [0, 1] of g_max. */
export const interpolated = (column: Float64Array, share: number): number => {
  const x = share * (column.length - 1)
  const k = Math.min(Math.floor(x), column.length - 2)
  const low = column[k] ?? NaN
  return low + (x - k) * ((column[k + 1] ?? NaN) - low)
}
