/**
 * The full-scale weight c_j of each column of a tile, by rule. A weight beyond it is clipped; a column of zeros has none.
 * Not here: `optimal`, which minimises the objective (optimum.ts).
 */
import type { ColumnRange } from '../experiment/method.js'
import type { ColumnStatistics } from './column-statistics.js'

/** What calibration saw of a tile's outputs, column by column: y_tj = sum_i w_ij x_ti over the tile's rows. */
export interface OutputStatistics {
  readonly mean: Float64Array
  readonly deviation: Float64Array
}

/** What rules over more than weights need. */
export interface ColumnContext {
  /** What training left, if the rule or what it starts from asks for it. */
  readonly learned?: Float32Array | null
  /** For `output-current`: what was seen, the tile's input range, and the ADC's bound; Infinity: an ideal ADC. */
  readonly outputs?: { readonly seen: OutputStatistics; readonly inputRange: number; readonly bound: number } | null
}

const needed = <A>(value: A | null | undefined, name: string, rule: string): A => {
  if (value === null || value === undefined) throw new RangeError(`"${name}" expected for the rule "${rule}", got none`)
  return value
}

/**
 * c_j [columns], in the unit of the weights; 0 for a column of zeros.
 *
 * `output-current` (Lammie et al. 2024): a column's current is y / (beta c_j) full-scale devices times full-scale inputs.
 * Where mean and L standard deviations of it exceed the ADC's bound, the column's conductances are scaled down until they
 * fit: c_j = (|mean| + L deviation) / (beta bound), and never below what it starts from, for a conductance cannot exceed
 * g_max.
 * @throws RangeError for `optimal`, or if a rule lacks what it needs
 */
export const fullScales = (
  rule: ColumnRange,
  { absMax, deviation }: ColumnStatistics,
  { learned, outputs }: ColumnContext = {},
): Float32Array => {
  const each = (of: (j: number, largest: number) => number): Float32Array =>
    absMax.map((largest, j) => (largest === 0 ? 0 : of(j, largest)))
  switch (rule.rule) {
    case 'fixed': {
      const value = needed(rule.value, 'columnRange.value', rule.rule)
      return each(() => value)
    }
    case 'abs-max':
      return absMax
    case 'weight-standard-deviations':
      // Nothing is won beyond the largest weight; a constant column has no deviation.
      return each((j, largest) => {
        const wanted = rule.standardDeviations * (deviation[j] ?? NaN)
        return wanted > 0 ? Math.min(largest, wanted) : largest
      })
    case 'learned': {
      const found = needed(learned, 'learned', rule.rule)
      return each(j => found[j] ?? NaN)
    }
    case 'output-current': {
      const { seen, inputRange, bound } = needed(outputs, 'outputs', rule.rule)
      const start = rule.start === 'learned' ? needed(learned, 'learned', rule.rule) : absMax
      return each(j => {
        const current = Math.abs(seen.mean[j] ?? NaN) + rule.standardDeviations * (seen.deviation[j] ?? NaN)
        return Math.max(start[j] ?? NaN, current / (inputRange * bound))
      })
    }
    case 'optimal':
      throw new RangeError('"columnRange.rule" expected one that needs no objective, got "optimal"')
  }
}
