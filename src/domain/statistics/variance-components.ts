/**
 * Chips x reads: how much of a score's spread lies between chips (reprogrammed) and how much between reads of one chip.
 * One-way random-effects analysis of variance; S. R. Searle et al., "Variance Components" (1992), chapter 3.
 * Not modelled: interaction with the time after programming; distributions other than by their variances.
 */
import { estimate, meanOf, squaresOf, type Estimate, type Interval } from './confidence.js'
import { studentTwoSided } from './student.js'

export interface VarianceComponents {
  /** Mean over chips of each chip's mean over reads; the interval is over chips, so that it covers both components. */
  readonly mean: Estimate
  /** Interval of the mean of these very chips under other reads; undefined with no chip read twice. */
  readonly overReads: Interval | undefined
  /** Variance between chips; undefined with fewer than two chips, or with no chip read twice. */
  readonly betweenChips: number | undefined
  /** Variance between reads of one chip; undefined with no chip read twice. */
  readonly betweenReads: number | undefined
  /** True if the estimate between chips came out negative and stands as 0: reads alone explain the spread. */
  readonly clipped: boolean
}

/**
 * @param chips the values of each chip's reads; the numbers of reads may differ
 * @throws RangeError if there is no chip, or a chip without a read
 */
export const varianceComponents = (chips: readonly (readonly number[])[], confidence = 0.95): VarianceComponents => {
  const means = chips.map(meanOf)
  const mean = estimate(means, confidence)
  const values = chips.flat()
  const inner = values.length - chips.length
  if (inner === 0)
    return { mean, overReads: undefined, betweenChips: undefined, betweenReads: undefined, clipped: false }
  const within = chips.reduce((sum, reads, i) => sum + squaresOf(reads, means[i] ?? NaN), 0) / inner
  const half =
    (studentTwoSided(confidence, inner) * Math.sqrt(within * chips.reduce((sum, reads) => sum + 1 / reads.length, 0))) /
    chips.length
  const overReads = { low: mean.mean - half, high: mean.mean + half }
  if (chips.length === 1) return { mean, overReads, betweenChips: undefined, betweenReads: within, clipped: false }
  const grand = meanOf(values)
  const between =
    chips.reduce((sum, reads, i) => sum + reads.length * ((means[i] ?? NaN) - grand) ** 2, 0) / (chips.length - 1)
  // Reads a chip in the expectation of `between`: their number where all chips have the same.
  const reads = (values.length - chips.reduce((sum, r) => sum + r.length ** 2, 0) / values.length) / (chips.length - 1)
  const betweenChips = (between - within) / reads
  return { mean, overReads, betweenChips: Math.max(0, betweenChips), betweenReads: within, clipped: betweenChips < 0 }
}
