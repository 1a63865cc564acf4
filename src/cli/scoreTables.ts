/** The scores of an experiment as tables for people: aggregated, compared in pairs, or row by row. */
import { intervalsNote, recoveryNotes, type Results } from '../domain/experiment/results.js'
import type { SettingResults } from '../domain/experiment/setting-results.js'
import { summaries, type Summary } from '../domain/experiment/summary.js'
import { around, decimals, time, whole } from '../domain/report/cells.js'
import {
  differenceColumns,
  repetitions,
  spreadColumns,
  subjectColumns,
  summaryColumns,
} from '../domain/report/score-columns.js'
import { settingColumns } from '../domain/report/settings.js'
import { groupsBy } from '../domain/tables/groups.js'
import type { ScoreRow } from '../domain/tables/scores.js'
import type { Column, Row } from '../domain/tables/table.js'
import type { EvaluationRow } from '../domain/tables/training.js'
import { tableOf } from './columns.js'
import { ladderTables } from './ladder.js'

/**
 * Every score.
 * @param columns what tells the settings of a sweep apart
 */
export const scoreTable = (rows: readonly ScoreRow[], columns: readonly Column[] = []): string =>
  tableOf<ScoreRow>(
    [
      ...settingColumns(columns),
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

/** Of all settings together, each row beside what tells its setting apart. */
const together = (settings: readonly SettingResults[]): Results => {
  const all = <A extends object>(of: (results: Results) => readonly A[]): readonly A[] =>
    settings.flatMap(({ cells, results }) => of(results).map(row => ({ ...cells, ...row })))
  return {
    ...{ summary: all(r => r.summary), differences: all(r => r.differences) },
    ...{ means: all(r => r.means), recovery: all(r => r.recovery) },
  }
}

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
    ladderTables([{ cells: {}, ladder: results }]),
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

/**
 * What a run of a sweep prints: its means in one ladder, methods in every setting x tasks; without chips, what each came to.
 * The rest is a matter for the tables and for JSON.
 */
export const sweepTables = (settings: readonly SettingResults[], columns: readonly Column[]): string => {
  const results = together(settings)
  const { summary } = results
  if (summary.every(r => r.chips === null))
    return tableOf<Summary & Row>(
      [...settingColumns(columns), ...subjectColumns, { head: 'mean', cell: r => around(r) }],
      summary as readonly (Summary & Row)[], // as: with the cells that `together` put beside
    )
  const repeated = summary.some(r => r.high !== null) ? [intervalsNote] : []
  return [
    ladderTables(
      settings.map(({ cells, results: ladder }) => ({ cells, ladder })),
      columns,
    ),
    '',
    ...repeated,
    ...recoveryNotes(results),
    'differences on the same chips, drops and agreement of each setting: --json',
  ].join('\n')
}

/** Each score as it stands in its table, then one line with what they come to. */
export const scoreLines = (rows: readonly ScoreRow[], settings: readonly SettingResults[]): string =>
  [...rows, together(settings)].map(line => `${JSON.stringify(line)}\n`).join('')

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
