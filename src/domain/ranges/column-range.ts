/**
 * The full-scale weight c_j of each column of a tile, by rule. A weight beyond it is clipped; a column of zeros has none.
 * Not yet here: every rule but `abs-max` and `learned`; `experiment/available.ts` refuses them by name.
 */
import type { ColumnRange } from '../experiment/method.js'
import type { ColumnStatistics } from './column-statistics.js'

/**
 * c_j [columns], in the unit of the weights; 0 for a column of zeros.
 * @param learned what training left, if the rule asks for it
 * @throws RangeError for a rule that is not there
 */
export const fullScales = (
  { rule }: ColumnRange,
  { absMax }: Pick<ColumnStatistics, 'absMax'>,
  learned: Float32Array | null = null,
): Float32Array => {
  if (rule === 'learned' && learned !== null) return learned.map((c, j) => (absMax[j] === 0 ? 0 : c))
  if (rule !== 'abs-max') throw new RangeError(`"columnRange.rule" expected "abs-max", got "${rule}"`)
  return absMax
}
