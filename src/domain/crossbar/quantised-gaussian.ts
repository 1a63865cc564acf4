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
/** In steps: from here on the series has at most a dozen terms; below it few codes are reached. */
const wide = 0.12

export interface Quantised {
  /** E[q(z)] - E[z]. */
  readonly bias: number
  /** Var[q(z)] - Var[z]; negative where clipping takes away more than rounding adds. */
  readonly excess: number
}

/** The same, written over by the next mean that is asked for: millions of them are. */
export interface QuantisedPlace {
  bias: number
  excess: number
}

type QuantisedInto = (mean: number, to: QuantisedPlace) => void

/**
 * No end of the scale in reach: rounding has the period of a step, so that its moments are Fourier series
 * in u = mean / step, damped by g_k = exp(-2 pi^2 k^2 d^2) with d = deviation / step (Widrow and Kollar 2008, ch. 4):
 *
 *     E[e] = step sum (-1)^k g_k sin(2 pi k u) / (pi k),    E[e^2] = step^2 (1 / 12 + sum (-1)^k g_k cos(2 pi k u) / (pi k)^2),
 *
 * and Cov[e, z] = deviation^2 dE[e] / d mean (Stein's lemma).
 */
const rounded = (step: number, deviation: number): QuantisedInto => {
  const d = deviation / step
  /** (-1)^k g_k, from k = 1. */
  const found: number[] = []
  for (let k = 1; ; k++) {
    const damping = Math.exp(-2 * (Math.PI * k * d) ** 2)
    if (damping < negligible) break
    found.push(k % 2 === 0 ? damping : -damping)
  }
  const terms = Float64Array.from(found)
  return (mean, to) => {
    let first = 0
    let second = 1 / 12
    let slope = 0
    if (terms.length > 0) {
      const u = mean / step
      const turn = 2 * Math.PI * (u - Math.round(u))
      const sin = Math.sin(turn)
      const cos = Math.cos(turn)
      // Of k times the turn, by the sums of angles.
      let sinK = sin
      let cosK = cos
      for (let i = 0; i < terms.length; i++) {
        const signed = terms[i] ?? NaN
        const turns = Math.PI * (i + 1)
        first += (signed * sinK) / turns
        second += (signed * cosK) / (turns * turns)
        slope += 2 * signed * cosK
        const next = sinK * cos + cosK * sin
        cosK = cosK * cos - sinK * sin
        sinK = next
      }
    }
    to.bias = step * first
    to.excess = step * step * (second - first * first + 2 * d * d * slope)
  }
}

/**
 * What the ends of the scale change in the moments without them: with S_m the probability of a code m or more beyond an end
 * that is `far` codes from the mean, E[q] loses step S_m, and E[(q - mean)^2] what lies between these codes' squares.
 */
const clip = ({ range, maxCode }: Converter, inside: QuantisedPlace, mean: number, deviation: number): void => {
  const step = range / maxCode
  let bias = inside.bias
  let square = inside.excess + deviation * deviation + inside.bias * inside.bias
  for (const end of [1, -1]) {
    const far = range - end * mean
    for (let m = 1; ; m++) {
      const border = far + (m - 0.5) * step
      if (border > tails * deviation) break
      const share = normalDistribution(-border / deviation)
      bias -= end * step * share
      square -= share * step * (2 * far + (2 * m - 1) * step)
    }
  }
  inside.bias = bias
  inside.excess = square - bias * bias - deviation * deviation
}

/**
 * Code by code, from the mean's own: with U_m the probability of m codes above it or more, and L_m of m below or more,
 * E[q] = centre + step sum (U_m - L_m) and E[(q - centre)^2] = step^2 sum (2 m - 1) (U_m + L_m).
 */
const codeByCode = ({ range, maxCode }: Converter, mean: number, deviation: number, to: QuantisedPlace): void => {
  const step = range / maxCode
  const centre = Math.max(-maxCode, Math.min(maxCode, Math.round(mean / step)))
  let first = 0
  let second = 0
  for (const up of [1, -1]) {
    for (let m = 1; m <= maxCode - up * centre; m++) {
      const border = up * ((centre + up * (m - 0.5)) * step - mean)
      if (border > tails * deviation) break
      const share = normalDistribution(-border / deviation)
      first += up * share * step
      second += (2 * m - 1) * share * step * step
    }
  }
  to.bias = centre * step - mean + first
  to.excess = second - first * first - deviation * deviation
}

/**
 * q(z) for z ~ N(mean, deviation^2), as a function of the mean.
 * @param deviation in the unit of the converter's range, >= 0
 */
export const quantisedGaussianInto = (c: Converter, deviation: number): QuantisedInto => {
  const step = c.range / c.maxCode
  if (deviation === 0)
    return (mean, to) => {
      to.bias = decode(c, encode(c, mean)) - mean
      to.excess = 0
    }
  if (!(deviation > wide * step)) return (mean, to) => codeByCode(c, mean, deviation, to)
  const inside = rounded(step, deviation)
  return (mean, to) => {
    if (!(Math.abs(mean) < c.range)) {
      codeByCode(c, mean, deviation, to)
      return
    }
    inside(mean, to)
    if (!(Math.abs(mean) + tails * deviation < c.range)) clip(c, to, mean, deviation)
  }
}

/** The same, a value of its own for each mean. */
export const quantisedGaussian = (c: Converter, deviation: number): ((mean: number) => Quantised) => {
  const into = quantisedGaussianInto(c, deviation)
  return mean => {
    const found = { bias: NaN, excess: NaN }
    into(mean, found)
    return found
  }
}
