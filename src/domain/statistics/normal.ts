/**
 * The standard normal distribution in double precision: density, distribution, its logarithm, quantile; the folded normal.
 * Not here: the normals that devices and noise are drawn with (domain/random, by address), and the float32 kernels' own.
 */
import { erf, erfc, erfcx, halfGaussian } from '../mathematics/error-function.js'
import type { Stream } from '../random/stream.js'

const inverseRootTwoPi = 0.3989422804014326779
const rootHalf = 0.7071067811865475244

/** phi(x). */
export const normalDensity = (x: number): number => inverseRootTwoPi * halfGaussian(x)

/** Phi(x), with relative error below 4e-15 also where it is tiny. */
export const normalDistribution = (x: number): number => {
  if (x >= -0.5) return x > 0 ? 1 - 0.5 * upperTail(x) : 0.5 * erfc(-x * rootHalf)
  return 0.5 * upperTail(-x)
}

/** erfc(x / sqrt 2) for x >= 0: the exponent from x itself, as x / sqrt 2 is rounded. */
const upperTail = (x: number): number => (x < 0.5 ? 1 - erf(x * rootHalf) : halfGaussian(x) * erfcx(x * rootHalf))

/** ln Phi(x): finite down to x = -1e154, where Phi itself is 0. */
export const logNormalDistribution = (x: number): number =>
  x < -1 ? Math.log(0.5 * erfcx(-x * rootHalf)) - 0.5 * x * x : Math.log1p(-0.5 * erfc(x * rootHalf))

/** Coefficients of the central and tail rational approximations, relative error 1.15e-9 (P. J. Acklam, 2003). */
const central = {
  above: [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
  ],
  below: [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1],
}
const tail = {
  above: [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ],
  below: [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1],
}

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, c) => sum * x + c, 0)

/** Acklam's approximation for 0 < p <= 1/2. */
const roughQuantile = (p: number): number => {
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p))
    return polynomial(tail.above, q) / polynomial(tail.below, q)
  }
  const q = p - 0.5
  return (q * polynomial(central.above, q * q)) / polynomial(central.below, q * q)
}

/**
 * The x with Phi(x) = p: Acklam's approximation and one step of Halley's method.
 * @throws RangeError unless p is in [0, 1].
 */
export const normalQuantile = (p: number): number => {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`"p" expected a number in [0, 1], got ${p}`)
  if (p === 0) return -Infinity
  if (p > 0.5) return -normalQuantile(1 - p)
  const x = roughQuantile(p)
  const density = normalDensity(x)
  if (density === 0) return x
  const step = (normalDistribution(x) - p) / density
  return x - step / (1 + 0.5 * x * step)
}

/** P(|N(mean, deviation)| <= x); deviation > 0. */
export const foldedNormalDistribution = (x: number, mean: number, deviation: number): number =>
  x <= 0 ? 0 : normalDistribution((x - mean) / deviation) - normalDistribution((-x - mean) / deviation)

/** A standard normal from 32 bits of a stream, by inversion; at most 6.4 deviations out. */
export const standardNormal = (s: Stream): number => normalQuantile((s.bits() + 0.5) * 2 ** -32)
