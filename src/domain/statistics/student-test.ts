/**
 * Student's test of a mean against zero; of paired differences, the paired t-test.
 * Not modelled: unequal variances of two samples (Welch), corrections for many comparisons.
 */
import type { Estimate } from './confidence.js'
import { studentDistribution } from './student.js'

export interface StudentTest {
  /** Mean in units of its standard error. */
  readonly t: number
  /** Two-sided probability of a |t| at least as large if the true mean is zero; absolute error about 1e-15. */
  readonly p: number
}

/**
 * Undefined for a single value, and where the values differ by no more than rounding: they say nothing about spread.
 * @param magnitude of the numbers the values were computed from, which their rounding errors are relative to
 */
export const studentTest = (e: Estimate, magnitude: number): StudentTest | undefined => {
  if (e.standardError === undefined || e.standardError <= 4 * Number.EPSILON * magnitude) return undefined
  const t = e.mean / e.standardError
  return { t, p: 2 * studentDistribution(-Math.abs(t), e.count - 1) }
}
