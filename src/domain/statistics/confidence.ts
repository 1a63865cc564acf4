/**
 * A mean with its confidence interval by Student's t, and the paired comparison of two methods.
 * Not modelled: skewness, correlation between the values, corrections for many comparisons.
 */
import { studentTwoSided } from './student.js'

export interface Interval {
  readonly low: number
  readonly high: number
}

export interface Estimate {
  readonly mean: number
  /** Values the mean is of. */
  readonly count: number
  /** Standard error of the mean; undefined for a single value, which says nothing about its spread. */
  readonly standardError: number | undefined
  /** Undefined for a single value. */
  readonly interval: Interval | undefined
}

export const meanOf = (values: readonly number[]): number => {
  if (values.length === 0) throw new RangeError('"values" expected at least one, got none')
  return values.reduce((sum, v) => sum + v, 0) / values.length
}

/** Sum of squared distances from the mean. */
export const squaresOf = (values: readonly number[], mean: number): number =>
  values.reduce((sum, v) => sum + (v - mean) ** 2, 0)

/**
 * Mean of independent values, with the interval that covers the true mean with the given confidence if they are normal.
 * @throws RangeError if there is no value, or confidence is not in (0, 1)
 */
export const estimate = (values: readonly number[], confidence = 0.95): Estimate => {
  const mean = meanOf(values)
  const count = values.length
  if (count === 1) return { mean, count, standardError: undefined, interval: undefined }
  const standardError = Math.sqrt(squaresOf(values, mean) / (count - 1) / count)
  const half = studentTwoSided(confidence, count - 1) * standardError
  return { mean, count, standardError, interval: { low: mean - half, high: mean + half } }
}

/**
 * Mean of b - a over the same chips: each chip's reads are averaged first, so chips alone count as independent and what a
 * chip does to both methods cancels.
 * @param a one list of reads for each chip
 * @param b of the same chips and reads, in the same order
 * @throws RangeError unless both have the same chips and reads
 */
export const pairedDifference = (
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
  confidence = 0.95,
): Estimate => {
  if (a.length !== b.length) throw new RangeError(`"b" expected ${a.length} chips, got ${b.length}`)
  const differences = a.map((reads, chip) => {
    const others = b[chip] ?? []
    if (others.length !== reads.length) {
      throw new RangeError(`"b" expected ${reads.length} reads of chip ${chip}, got ${others.length}`)
    }
    return meanOf(reads.map((value, read) => (others[read] ?? NaN) - value))
  })
  return estimate(differences, confidence)
}
