/** The scores of an experiment as tables for people: aggregated, compared in pairs, or row by row. */
import { durationText, seconds } from '../domain/experiment/duration.js'
import type { Difference } from '../domain/experiment/difference.js'
import { summaries, type Summary } from '../domain/experiment/summary.js'
import { groupsBy } from '../domain/tables/groups.js'
import type { ScoreRow } from '../domain/tables/scores.js'
import type { EvaluationRow } from '../domain/tables/training.js'
import { columns } from './columns.js'

const absent = '-'

const decimals = (value: number | null): string => (value === null ? absent : value.toFixed(4))
const signed = (value: number | null): string =>
  value === null ? absent : `${value > 0 ? '+' : ''}${value.toFixed(4)}`
const whole = (value: number | null): string => (value === null ? absent : String(value))
const time = (value: number | null): string => (value === null ? absent : durationText(seconds(value)))
const probability = (p: number | null): string => (p === null ? absent : p < 0.0001 ? '< 0.0001' : p.toFixed(4))
const repetitions = (chips: number | null, reads: number | null): string =>
  chips === null || reads === null ? absent : `${chips} x ${reads}`

/** "0.8050 ± 0.0340"; the mean alone where it has no interval; "undefined" where there is no mean. */
const around = (
  { mean, high }: { readonly mean: number | null; readonly high: number | null },
  show: (value: number | null) => string,
): string => (mean === null ? 'undefined' : high === null ? show(mean) : `${show(mean)} ± ${decimals(high - mean)}`)

/** A column of a table: its head, and its cell in each row. */
interface Shown<R> {
  readonly head: string
  readonly cell: (row: R) => string
  /** Left out unless this holds for some row. */
  readonly where?: (row: R) => boolean
}

const tableOf = <R>(all: readonly Shown<R>[], rows: readonly R[]): string => {
  const shown = all.filter(({ where }) => where === undefined || rows.some(where))
  return columns(
    shown.map(c => c.head),
    rows.map(row => shown.map(c => c.cell(row))),
  )
}

/** Every score. */
export const scoreTable = (rows: readonly ScoreRow[]): string =>
  tableOf<ScoreRow>(
    [
      { head: 'task', cell: r => r.task },
      { head: 'method', cell: r => r.method },
      { head: 'chip', cell: r => whole(r.chip) },
      { head: 'read', cell: r => whole(r.read) },
      { head: 'time', cell: r => time(r.time_seconds) },
      { head: 'metric', cell: r => r.metric },
      { head: 'value', cell: r => decimals(r.value) },
      { head: 'agreement', cell: r => decimals(r.agreement) },
      { head: 'examples', cell: r => whole(r.examples) },
    ],
    rows,
  )

/** Means with the half-widths of their intervals over chips. */
export const summaryTable = (rows: readonly Summary[]): string =>
  tableOf<Summary>(
    [
      { head: 'task', cell: r => r.task },
      { head: 'method', cell: r => r.method },
      { head: 'time', cell: r => time(r.time_seconds) },
      { head: 'metric', cell: r => r.metric },
      { head: 'mean', cell: r => around(r, decimals) },
      { head: 'undefined', cell: r => whole(r.undefined_values), where: r => r.undefined_values > 0 },
      { head: 'between chips', cell: r => decimals(r.between_chips), where: r => r.between_chips !== null },
      { head: 'between reads', cell: r => decimals(r.between_reads), where: r => r.between_reads !== null },
      { head: 'drop', cell: r => decimals(r.drop) },
      { head: 'agreement', cell: r => decimals(r.agreement) },
      { head: 'chips x reads', cell: r => repetitions(r.chips, r.reads) },
    ],
    rows,
  )

/** Paired differences with the half-widths of their intervals over chips. */
export const differenceTable = (rows: readonly Difference[]): string =>
  tableOf<Difference>(
    [
      { head: 'task', cell: r => r.task },
      { head: 'method', cell: r => r.method },
      { head: 'against', cell: r => r.reference },
      { head: 'time', cell: r => time(r.time_seconds) },
      { head: 'metric', cell: r => r.metric },
      { head: 'difference', cell: r => around(r, signed) },
      { head: 'undefined', cell: r => whole(r.undefined_pairs), where: r => r.undefined_pairs > 0 },
      { head: 'p', cell: r => probability(r.p) },
      { head: 'chips x reads', cell: r => repetitions(r.chips, r.reads) },
    ],
    rows,
  )

/** What a run prints: means and, with more than one analog method, their differences on the same chips. */
export const resultTables = (summary: readonly Summary[], compared: readonly Difference[]): string => {
  const means = summaryTable(summary)
  const repeated = summary.some(r => r.high !== null) ? ['±: 95 % confidence, Student, over chips'] : []
  if (compared.length === 0) return [means, ...repeated].join('\n')
  return [means, ...repeated, '', 'Differences on the same chips', differenceTable(compared)].join('\n')
}

/** Each score as it stands in its table, then one line with the aggregates. */
export const scoreLines = (
  rows: readonly ScoreRow[],
  summary: readonly Summary[],
  compared: readonly Difference[],
): string => [...rows, { summary, differences: compared }].map(line => `${JSON.stringify(line)}\n`).join('')

/** Means over chips and reads after each epoch of a training. */
export const evaluationTable = (rows: readonly EvaluationRow[]): string =>
  tableOf<Summary & { readonly epoch: number }>(
    [
      { head: 'task', cell: r => r.task },
      { head: 'epoch', cell: r => whole(r.epoch) },
      { head: 'method', cell: r => r.method },
      { head: 'time', cell: r => time(r.time_seconds) },
      { head: 'metric', cell: r => r.metric },
      { head: 'mean', cell: r => around(r, decimals) },
      { head: 'undefined', cell: r => whole(r.undefined_values), where: r => r.undefined_values > 0 },
      { head: 'drop', cell: r => decimals(r.drop), where: r => r.drop !== null },
      { head: 'chips x reads', cell: r => repetitions(r.chips, r.reads), where: r => r.chips !== null },
    ],
    groupsBy(rows, ['task', 'epoch']).flatMap(group =>
      summaries(group.map(row => ({ ...row, agreement: null }))).map(s => ({ ...s, epoch: group[0].epoch })),
    ),
  )
