/**
 * What a converter does to a Gaussian signal, in closed form: the mean square of encode-and-decode less the signal,
 * rounding and clipping both. Not modelled: signals of another shape; correlation of the error with the signal.
 */
import { normalDensity, normalDistribution } from '../statistics/normal.js'
import type { Converter } from './converter.js'

/** Beyond so many deviations a Gaussian has nothing that shows. */
const tails = 9

/**
 * E[(q(z) - z)^2] for z ~ N(0, deviation^2): summed over the codes, each code's cell by the truncated Gaussian's moments,
 * int z^2 phi = Phi - z phi. A cell of the outermost codes reaches to infinity.
 * @param deviation in the unit of the converter's range, >= 0
 */
export const quantisationError = ({ range, maxCode }: Converter, deviation: number): number => {
  const step = range / maxCode
  if (deviation === 0) return 0
  // Far from both ends of the scale the error is uniform, to exp(-2 pi^2 (deviation / step)^2).
  if (deviation > 2 * step && tails * deviation < range) return (step * step) / 12
  const last = Math.min(maxCode, Math.ceil((tails * deviation) / step))
  /** Cell of code k, from z = a to b in deviations; codes k and -k share it. */
  const cell = (k: number): number => {
    const a = ((k - 0.5) * step) / deviation
    const b = k === maxCode ? Infinity : ((k + 0.5) * step) / deviation
    const q = (k * step) / deviation
    const mass = normalDistribution(-a) - normalDistribution(-b)
    const first = normalDensity(a) - normalDensity(b)
    const second = mass + a * normalDensity(a) - (b === Infinity ? 0 : b * normalDensity(b))
    return q * q * mass - 2 * q * first + second
  }
  let sum = cell(0)
  for (let k = 1; k <= last; k++) sum += 2 * cell(k)
  return Math.max(0, sum) * deviation * deviation
}
