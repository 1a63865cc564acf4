/**
 * Exact mean and variance of a device: the drift exponent and the read noise in closed form, the programming noise by
 * Gauss-Legendre quadrature split at its kinks. DESIGN.md, "The physics".
 * Not here: which curves a device has (model.ts); correlation between devices (there is none).
 */
import { erfcx, halfGaussian } from '../mathematics/error-function.js'
import { gaussLegendre, panels } from '../mathematics/gauss-legendre.js'
import { normalDensity, normalDistribution } from '../statistics/normal.js'

export interface Moments {
  readonly mean: number
  readonly variance: number
}

const rootHalf = 0.7071067811865475244

/** E[exp(-lambda |N(mu, sd)|)], sd > 0: both terms scaled, so that nothing overflows. */
const foldedLaplace = (mu: number, sd: number, lambda: number): number => {
  const a = mu / sd
  const b = lambda * sd
  // exp(b^2/2 + ab) Phi(-a - b) = exp(-a^2/2) erfcx((a + b) / sqrt 2) / 2, and the same with -a.
  const side = (c: number): number =>
    b + c > 0
      ? 0.5 * halfGaussian(c) * erfcx((b + c) * rootHalf)
      : Math.exp(b * (0.5 * b + c)) * normalDistribution(-c - b)
  return side(-a) + side(a)
}

/**
 * Mean and variance of the drift factor exp(-lambda nu), nu = |N(mu, sd)|, by the Laplace transform of the folded normal.
 * @param lambda ln(t / t_0) times the drift scale, >= 0
 */
export const driftMoments = (mu: number, sd: number, lambda: number): Moments => {
  if (lambda === 0) return { mean: 1, variance: 0 }
  if (sd === 0) return { mean: Math.exp(-lambda * Math.abs(mu)), variance: 0 }
  if (Math.abs(mu) > sd * (40 + 2 * lambda * sd)) {
    // Nothing folds, not even in the tail that the exponential weighs: a log-normal.
    const square = (lambda * sd) ** 2
    const mean = Math.exp(0.5 * square - lambda * Math.abs(mu))
    return { mean, variance: mean * mean * Math.expm1(square) }
  }
  const mean = foldedLaplace(mu, sd, lambda)
  const spread = lambda * sd
  if (spread > 1) return { mean, variance: Math.max(0, foldedLaplace(mu, sd, 2 * lambda) - mean * mean) }
  // E[Y^2] - E[Y]^2 would cancel. With Y's mean A (1 + d1) and mean square A^2 exp(spread^2) (1 + d2), where A is the
  // mean without folding and d the corrections for it, the leading parts cancel exactly and expm1 is left.
  const a = Math.abs(mu) / sd
  const unfolded = Math.exp(spread * (0.5 * spread - a))
  const correction = (b: number): number => Math.exp(2 * a * b) * normalDistribution(-a - b) - normalDistribution(b - a)
  const d1 = correction(spread)
  const d2 = correction(2 * spread)
  const square = spread * spread
  const relative = Math.expm1(square) * (1 + d2) + d2 - d1 * (2 + d1)
  return { mean, variance: Math.max(0, unfolded * unfolded * relative) }
}

/**
 * Mean and variance of one read relative to the conductance: max(0, 1 + c xi).
 * @param c relative deviation of the read, >= 0
 */
export const readMoments = (c: number): Moments => {
  // Beyond 9 deviations the bound at 0 takes part with probability 1e-19.
  if (c < 1 / 9) return { mean: 1, variance: c * c }
  const below = normalDistribution(-1 / c)
  const excess = c * normalDensity(1 / c) - below
  return { mean: 1 + excess, variance: c * c * (1 - below) - excess * (1 + excess) }
}

const rule = gaussLegendre(16)
/** Deviations of the programming noise beyond which nothing is left in double precision. */
const farthest = 9
/** Width of a panel in deviations: 16 points integrate the density over it to 1e-16. */
const widest = 2

export interface Programming {
  /** Target conductance [µS]. */
  readonly target: number
  /** Standard deviation of the programming noise [µS], >= 0. */
  readonly deviation: number
}

/**
 * Mean and variance of what is read from a device that has not drifted: programmed to max(0, target + deviation xi), read
 * with the relative deviation c(programmed). Drift is a factor independent of both.
 * @param relativeReadDeviation c(programmed [µS])
 * @param cuts conductances [µS] at which c jumps or has a corner
 */
export const undriftedMoments = (
  { target, deviation }: Programming,
  relativeReadDeviation: (programmed: number) => number,
  cuts: readonly number[],
): Moments => {
  if (deviation === 0) {
    const read = readMoments(relativeReadDeviation(target))
    return { mean: target * read.mean, variance: target * target * read.variance }
  }
  const zero = -target / deviation
  const ends = panels(
    Math.max(zero, -farthest),
    farthest,
    cuts.map(g => (g - target) / deviation),
    widest,
  )
  // Sums about the target, not about 0: their difference would cancel when the noise is small.
  let first = -target * normalDistribution(zero)
  let second = target * target * normalDistribution(zero)
  for (let p = 1; p < ends.length; p++) {
    const start = ends[p - 1] ?? NaN
    const half = 0.5 * ((ends[p] ?? NaN) - start)
    for (let i = 0; i < rule.nodes.length; i++) {
      const z = start + half * (1 + (rule.nodes[i] ?? NaN))
      const weight = half * (rule.weights[i] ?? NaN) * normalDensity(z)
      const programmed = Math.max(0, target + deviation * z)
      const read = readMoments(relativeReadDeviation(programmed))
      // programmed * read.mean - target, without its cancellation
      const distance = deviation * z + programmed * (read.mean - 1)
      first += weight * distance
      second += weight * (distance * distance + programmed * programmed * read.variance)
    }
  }
  return { mean: target + first, variance: Math.max(0, second - first * first) }
}

/** Moments of the product of two independent quantities. */
export const product = (a: Moments, b: Moments): Moments => ({
  mean: a.mean * b.mean,
  variance: a.variance * (b.variance + b.mean * b.mean) + a.mean * a.mean * b.variance,
})
