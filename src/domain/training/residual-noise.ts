/**
 * What is left of a device's noise after drift compensation, as noise on a weight: from the exact moments at one time. A pair
 * programmed to share s of full scale yields, in units of full scale, the mean m(s) = E[g(s)] - E[g(0)] and the variance
 * Var[g(s)] + Var[g(0)]. A compensation by one factor multiplies both by 1 / k, k being the slope of m: the least-squares
 * line through the origin over [0, 1],
 *
 *     k = int s m(s) ds / int s^2 ds        deviation(s) = scale sqrt(Var[g(s)] + Var[g(0)]) / k
 *
 * Not modelled: m(s) / k - s, what a factor leaves of the mean; a weight's real distribution over shares.
 */
import { interpolated, type MomentGrid } from '../devices/moment-grid.js'

/** Straight lines in the table: the deviation is smooth but for its kinks, errors stay below 1e-4 of full scale. */
export const deviationSteps = 4096

/** k: what the mean weight has come down to. */
export const meanSlope = ({ mean }: Pick<MomentGrid, 'mean'>): number => {
  const idle = mean[0] ?? NaN
  const last = mean.length - 1
  let cross = 0
  let square = 0
  mean.forEach((g, i) => {
    const s = i / last
    // The trapezoidal rule: ends count half.
    const weight = i === 0 || i === last ? 0.5 : 1
    cross += weight * s * (g - idle)
    square += weight * s * s
  })
  return cross / square
}

/** Deviation in units of full scale at shares k / deviationSteps. */
export const residualDeviations = (grid: Pick<MomentGrid, 'mean' | 'variance'>, scale: number): Float32Array => {
  const slope = meanSlope(grid)
  const idle = grid.variance[0] ?? NaN
  return Float32Array.from(
    { length: deviationSteps + 1 },
    (_, k) => (scale * Math.sqrt(interpolated(grid.variance, k / deviationSteps) + idle)) / slope,
  )
}
