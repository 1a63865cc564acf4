/**
 * The input range beta of a tile, by rule: the magnitude that stands for full scale at its DAC.
 * Not here: `optimal`, which minimises the objective (optimum.ts).
 */
import type { InputRange } from '../experiment/method.js'
import { edgeOf, fineBins, percentileOf } from './histogram.js'

/** What calibration saw at a tile's rows. */
export interface InputStatistics {
  /** How many numbers, their sum and that of their squares. */
  readonly count: number
  readonly sum: number
  readonly squares: number
  /** Largest magnitude. */
  readonly largest: number
  /** How many by `fineBins`: of the numbers from 0 up, and of the magnitudes of those below. */
  readonly positive: ArrayLike<number>
  readonly negative: ArrayLike<number>
}

/** The p-th percentile of x itself; where that is not positive, of nothing that could be a range, null. */
const signedPercentile = ({ count, largest, positive }: InputStatistics, p: number): number | null => {
  let above = 0
  for (let b = 0; b < fineBins.count; b++) above += positive[b] ?? NaN
  return percentileOf(fineBins, positive, p, { below: count - above, largest })
}

const magnitudePercentile = ({ largest, positive, negative }: InputStatistics, p: number): number | null => {
  const both = Float64Array.from({ length: fineBins.count }, (_, b) => (positive[b] ?? NaN) + (negative[b] ?? NaN))
  return percentileOf(fineBins, both, p, { largest })
}

/** Standard deviation about the mean. */
const deviation = ({ count, sum, squares }: InputStatistics): number => {
  const mean = sum / count
  return Math.sqrt(Math.max(0, squares / count - mean * mean))
}

/**
 * Share of the numbers beyond a range, to its bin: those from where the next bin begins, or the range's own if the range is
 * its edge, as percentiles are. null of no numbers.
 */
export const clippedInputs = (
  { count, largest, positive, negative }: InputStatistics,
  range: number,
): number | null => {
  if (count === 0) return null
  if (range >= largest) return 0
  let clipped = 0
  // Outermost bins first: as soon as one begins below the range, so do all the others.
  for (let b = fineBins.count - 1; b > 0 && edgeOf(fineBins, b) >= range; b--)
    clipped += (positive[b] ?? 0) + (negative[b] ?? 0)
  return clipped / count
}

/**
 * beta, positive. A tile that calibration never excited gets 1: any range would carry its inputs. A rule that comes to
 * 0 on inputs that are not all 0 (a percentile among zeros, the deviation of a constant) gives way to the largest.
 * `dynamic` is 1, the unit of what each input vector's own range is found to be.
 * @param learned what training left, if the rule or what it starts from asks for it: a percentile does not exceed it
 * @throws RangeError for a rule that is not one number of a tile
 */
export const inputRange = (rule: InputRange, seen: InputStatistics, learned: number | null = null): number => {
  const largest = seen.largest > 0 ? seen.largest : 1
  const positive = (range: number | null): number => (range !== null && range > 0 ? Math.fround(range) : largest)
  const needed = (): number => {
    if (learned === null) throw new RangeError(`"learned" expected a range for the rule "${rule.rule}", got none`)
    return learned
  }
  switch (rule.rule) {
    case 'fixed':
      if (rule.value === null) throw new RangeError('"inputRange.value" expected a number, got none')
      return rule.value
    case 'abs-max':
      return largest
    case 'learned':
      return needed()
    case 'percentile': {
      const percentile = rule.of === 'magnitude' ? magnitudePercentile : signedPercentile
      const found = positive(percentile(seen, rule.percentile))
      return rule.start === 'learned' ? Math.min(found, needed()) : found
    }
    case 'standard-deviations':
      return positive(rule.standardDeviations * deviation(seen))
    case 'dynamic':
      return 1
    case 'optimal':
      throw new RangeError(`"inputRange.rule" expected one that is a number of a tile, got "${rule.rule}"`)
  }
}
