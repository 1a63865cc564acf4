/**
 * The input range beta of a tile, by rule: the magnitude that stands for full scale at its DAC.
 * Not yet here: every rule but `abs-max` and `learned`; `experiment/available.ts` refuses them by name.
 */
import type { InputRange } from '../experiment/method.js'

/** What calibration saw at a tile's rows. */
export interface InputStatistics {
  /** Largest magnitude at each row. */
  readonly absMax: ArrayLike<number>
  /** What training left, if the rule asks for it. */
  readonly learned?: number | null
}

/**
 * beta, positive: 1 for a tile that calibration never excited, whose inputs any range would carry.
 * @throws RangeError for a rule that is not there, or if a maximum is not finite
 */
export const inputRange = ({ rule }: InputRange, { absMax, learned }: InputStatistics): number => {
  if (rule === 'learned' && learned !== null && learned !== undefined) return learned
  if (rule !== 'abs-max') throw new RangeError(`"inputRange.rule" expected "abs-max", got "${rule}"`)
  let largest = 0
  for (let i = 0; i < absMax.length; i++) {
    const value = absMax[i] ?? NaN
    if (!Number.isFinite(value)) throw new RangeError(`"absMax" expected finite numbers, got ${value} at row ${i}`)
    largest = Math.max(largest, value)
  }
  return largest > 0 ? largest : 1
}
