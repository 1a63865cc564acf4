/** The scores of an experiment as tables for people: aggregated, compared in pairs, or row by row. */
import { intervalsNote, recoveryNotes, type Results } from '../domain/experiment/results.js'
import { summaries, type Summary } from '../domain/experiment/summary.js'
import { around, decimals, time, whole } from '../domain/report/cells.js'
import {
  differenceColumns,
  repetitions,
  spreadColumns,
  subjectColumns,
  summaryColumns,
} from '../domain/report/score-columns.js'
import { groupsBy } from '../domain/tables/groups.js'
import type { ScoreRow } from '../domain/tables/scores.js'
import type { EvaluationRow } from '../domain/tables/training.js'
import { tableOf } from './columns.js'
import { ladderTables } from './ladder.js'

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

/**
 * What a run prints: its means; with more than one analog method the ladder of them, what else there is to say of each, and
 * their differences on the same chips.
 */
export const resultTables = (results: Results): string => {
  const { summary, differences: compared } = results
  const repeated = summary.some(r => r.high !== null) ? [intervalsNote] : []
  if (compared.length === 0) return [tableOf(summaryColumns, summary), ...repeated].join('\n')
  const notes = [...repeated, ...recoveryNotes(results)]
  return [
    ladderTables(results),
    '',
    ...notes,
    ...(notes.length === 0 ? [] : ['']),
    'Drop from the digital score, and agreement with the digital predictions',
    tableOf(
      [...subjectColumns, ...spreadColumns],
      summary.filter(r => r.chips !== null),
    ),
    '',
    'Differences on the same chips',
    tableOf(differenceColumns, compared),
  ].join('\n')
}

/** Each score as it stands in its table, then one line with what they come to. */
export const scoreLines = (rows: readonly ScoreRow[], results: Results): string =>
  [...rows, results].map(line => `${JSON.stringify(line)}\n`).join('')

/** Means over chips and reads after each epoch of a training. */
export const evaluationTable = (rows: readonly EvaluationRow[]): string =>
  tableOf<Summary & { readonly epoch: number }>(
    [
      { head: 'task', cell: r => r.task },
      { head: 'epoch', cell: r => whole(r.epoch) },
      { head: 'method', cell: r => r.method },
      { head: 'time', cell: r => time(r.time_seconds) },
      { head: 'metric', cell: r => r.metric },
      { head: 'mean', cell: r => around(r) },
      { head: 'undefined', cell: r => whole(r.undefined_values), where: r => r.undefined_values > 0 },
      { head: 'drop', cell: r => decimals(r.drop), where: r => r.drop !== null },
      { head: 'chips x reads', cell: r => repetitions(r.chips, r.reads), where: r => r.chips !== null },
    ],
    groupsBy(rows, ['task', 'epoch']).flatMap(group =>
      summaries(group.map(row => ({ ...row, agreement: null }))).map(s => ({ ...s, epoch: group[0].epoch })),
    ),
  )
