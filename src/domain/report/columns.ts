/**
 * The figure of columns' ranges: how far below its largest weight each column's full scale lies, as a distribution; and in
 * its table the factors that make up for drift. Not here: what that cuts off (`converters.ts`).
 */
import { each } from '../experiment/results.js'
import { percent, time } from './cells.js'
import { gridOf, methodColour, panels, specification, type Figure } from './figure.js'

/** Width of a bin of full scale over largest weight. */
export const binWidth = 0.05
/** Bins up to 1, and one for all that lies beyond. */
export const binCount = Math.round(1 / binWidth) + 1

/** The bin of a column; null for one whose weights are all 0, which has no such ratio. */
export const binOf = (fullScale: number, absMax: number): number | null => {
  if (!(absMax > 0)) return null
  const ratio = fullScale / absMax
  return ratio > 1 ? binCount - 1 : Math.min(binCount - 2, Math.floor(ratio / binWidth + 1e-9))
}

export interface ColumnRanges {
  readonly method: string
  /** Columns in each bin. */
  readonly bins: readonly number[]
  /** Whose full scale is their largest weight. */
  readonly whole: number
  /** Mean of full scale over largest weight. */
  readonly mean: number | null
}

export interface DriftFactor {
  readonly method: string
  readonly time_seconds: number
  readonly alpha: number | null
}

const total = ({ bins }: ColumnRanges): number => bins.reduce((sum, n) => sum + n, 0)
const shareOf = (r: ColumnRanges, n: number): number | null => (total(r) === 0 ? null : n / total(r))
const digits = (value: number | null): string => (value === null ? '-' : value.toFixed(3))

/** Null without columns. */
export const columnsFigure = (ranges: readonly ColumnRanges[], factors: readonly DriftFactor[]): Figure | null => {
  if (ranges.length === 0) return null
  const methods = ranges.map(r => r.method)
  const times = each(factors.map(f => f.time_seconds))
  const said = ranges.map(r => `${r.method} ${digits(r.mean)}`)
  const alt = `Distribution of columns' full scale over their largest weight, by method; means: ${said.join(', ')}.`
  const values = ranges.flatMap(r =>
    r.bins.map((n, i) => ({ method: r.method, from: i * binWidth, to: (i + 1) * binWidth, share: shareOf(r, n) })),
  )
  return {
    name: 'columns',
    title: 'Columns’ ranges',
    caption:
      'Full scale of a column, the weight that maps to the largest conductance, over the column’s largest weight, all columns of all tiles and tasks. At 1 nothing is clipped; the lower it lies, the more current flows and the less the ADC’s steps and noise weigh. Beyond 1: all that lie above.',
    alt,
    spec: specification(
      alt,
      panels(
        3,
        methods.map(method => ({
          title: method,
          width: 215,
          height: 90,
          data: { values: values.filter(v => v.method === method) },
          mark: { type: 'bar' },
          encoding: {
            x: { field: 'from', type: 'quantitative', bin: 'binned', title: 'full scale / largest weight', scale: { domain: [0, binCount * binWidth], nice: false }, axis: { values: [0, 0.25, 0.5, 0.75, 1], format: '~g' } }, // prettier-ignore
            x2: { field: 'to' },
            y: { field: 'share', type: 'quantitative', title: 'of columns', scale: { domain: [0, 1] }, axis: { format: '.0%', values: [0, 0.5, 1] } }, // prettier-ignore
            color: { ...(methodColour(methods) as object), legend: null }, // as: an object
          },
        })),
      ),
    ),
    tables: [
      gridOf<ColumnRanges>(
        'Full scale over largest weight, and the factor that makes up for drift (mean over columns, chips and reads)',
        [
          { head: 'method', cell: r => r.method },
          { head: 'columns', cell: r => String(total(r)) },
          { head: 'mean', cell: r => digits(r.mean) },
          { head: 'at 1', cell: r => percent(shareOf(r, r.whole)) },
          ...times.map(t => ({
            head: `factor after ${time(t)}`,
            cell: (r: ColumnRanges): string =>
              digits(factors.find(f => f.method === r.method && f.time_seconds === t)?.alpha ?? null),
          })),
        ],
        ranges,
      ),
    ],
  }
}
