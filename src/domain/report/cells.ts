/** How a value is written for people, in a terminal's tables as on a page. Not here: how cells are laid out. */
import { durationText, seconds } from '../experiment/duration.js'

/** What stands where there is nothing. */
export const absent = '-'

/** A column of a table: its head, and its cell in each row. */
export interface Shown<R> {
  readonly head: string
  readonly cell: (row: R) => string
  /** Left out unless this holds for some row. */
  readonly where?: (row: R) => boolean
}

/** The columns that have something to show. */
export const shownOf = <R>(all: readonly Shown<R>[], rows: readonly R[]): readonly Shown<R>[] =>
  all.filter(({ where }) => where === undefined || rows.some(where))

/** "0.8050 ± 0.0340"; the mean alone where it has no interval; "undefined" where there is no mean. */
export const around = (
  { mean, high }: { readonly mean: number | null; readonly high: number | null },
  decimals = 4,
  show = (value: number): string => value.toFixed(decimals),
): string => {
  if (mean === null) return 'undefined'
  return high === null ? show(mean) : `${show(mean)} ± ${(high - mean).toFixed(decimals)}`
}

/** Time after programming. */
export const time = (value: number | null): string => (value === null ? absent : durationText(seconds(value)))

export const decimals = (value: number | null): string => (value === null ? absent : value.toFixed(4))
export const signed = (value: number): string => `${value > 0 ? '+' : ''}${value.toFixed(4)}`
export const whole = (value: number | null): string => (value === null ? absent : String(value))
export const probability = (p: number | null): string => (p === null ? absent : p < 0.0001 ? '< 0.0001' : p.toFixed(4))
export const percent = (share: number | null, digits = 1): string =>
  share === null ? absent : `${(100 * share).toFixed(digits)} %`
