/**
 * What a converter makes of a Gaussian signal: mean and variance of encode-and-decode, rounding and clipping both.
 * Not modelled: signals of another shape.
 */
import { normalDistribution } from '../statistics/normal.js'
import { decode, encode, type Converter } from './converter.js'

/** Beyond so many deviations a Gaussian has nothing that shows. */
const tails = 9
/** Terms of the series below this do not show. */
const negligible = 1e-17
/** In steps: from here on the series has few terms; below it few codes are reached. */
const wide = 0.3

export interface Quantised {
  /** E[q(z)] - E[z]. */
  readonly bias: number
  /** Var[q(z)] - Var[z]; negative where clipping takes away more than rounding adds. */
  readonly excess: number
}

/**
 * No end of the scale in reach: rounding has the period of a step, so that its moments are Fourier series
 * in u = mean / step, damped by g_k = exp(-2 pi^2 k^2 d^2) with d = deviation / step (Widrow and Kollar 2008, ch. 4):
 *
 *     E[e] = step sum (-1)^k g_k sin(2 pi k u) / (pi k),    E[e^2] = step^2 (1 / 12 + sum (-1)^k g_k cos(2 pi k u) / (pi k)^2),
 *
 * and Cov[e, z] = deviation^2 dE[e] / d mean (Stein's lemma).
 */
const rounded = (step: number, mean: number, deviation: number): Quantised => {
  const [u, d] = [mean / step, deviation / step]
  let [first, second, slope] = [0, 1 / 12, 0]
  for (let k = 1; ; k++) {
    const damping = Math.exp(-2 * (Math.PI * k * d) ** 2)
    if (damping < negligible) break
    const signed = k % 2 === 0 ? damping : -damping
    const turn = 2 * Math.PI * k * (u - Math.round(u))
    first += (signed * Math.sin(turn)) / (Math.PI * k)
    second += (signed * Math.cos(turn)) / (Math.PI * k) ** 2
    slope += 2 * signed * Math.cos(turn)
  }
  return { bias: step * first, excess: step * step * (second - first * first + 2 * d * d * slope) }
}

/**
 * Code by code, from the mean's own: with U_m the probability of m codes above it or more, and L_m of m below or more,
 * E[q] = centre + step sum (U_m - L_m) and E[(q - centre)^2] = step^2 sum (2 m - 1) (U_m + L_m).
 */
const codeByCode = ({ maxCode }: Converter, step: number, mean: number, deviation: number): Quantised => {
  const centre = Math.max(-maxCode, Math.min(maxCode, Math.round(mean / step)))
  let [first, second] = [0, 0]
  for (const up of [1, -1]) {
    for (let m = 1; m <= maxCode - up * centre; m++) {
      const border = up * ((centre + up * (m - 0.5)) * step - mean)
      if (border > tails * deviation) break
      const share = normalDistribution(-border / deviation)
      first += up * share * step
      second += (2 * m - 1) * share * step * step
    }
  }
  return { bias: centre * step - mean + first, excess: second - first * first - deviation * deviation }
}

/**
 * q(z) for z ~ N(mean, deviation^2).
 * @param deviation in the unit of the converter's range, >= 0
 */
export const quantisedGaussian = (c: Converter, mean: number, deviation: number): Quantised => {
  const step = c.range / c.maxCode
  if (deviation === 0) return { bias: decode(c, encode(c, mean)) - mean, excess: 0 }
  return deviation > wide * step && Math.abs(mean) + tails * deviation < c.range
    ? rounded(step, mean, deviation)
    : codeByCode(c, step, mean, deviation)
}
