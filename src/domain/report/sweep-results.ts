/** The settings of a sweep as its figures take them, and the tables of all of them. Not here: figures. */
import { each, intervalsNote, ladderAt, recoveryNotes, timesOf, type Results } from '../experiment/results.js'
import type { SettingResults } from '../experiment/setting-results.js'
import type { Summary } from '../experiment/summary.js'
import type { Column, Row } from '../tables/table.js'
import { shortNames } from './axes.js'
import { around, time, type Shown } from './cells.js'
import { gridOf, type Grid } from './figure.js'
import { levelsOf } from './level.js'
import { ladderColumns, methodColumn, subjectColumns } from './score-columns.js'
import { settingRungsAt, settingTimes, type SettingRung } from './setting-ladder.js'
import { settingColumns } from './settings.js'

/** A sweep as its figures take it. */
export interface SweepResults {
  readonly columns: readonly Column[]
  readonly settings: readonly SettingResults[]
}

/** Since programming [s]; null without chips. */
export const lastTime = (results: Results): number | null => {
  const times = timesOf(results)
  return times.length === 0 ? null : Math.max(...times)
}

/** " after 1 h", or what stands in its place where settings differ; nothing without chips. */
export const whenSaid = ({ settings }: SweepResults): string => {
  const times = each(settings.flatMap(({ results }) => lastTime(results) ?? []))
  const [only] = times
  if (only === undefined) return ''
  return times.length === 1 ? ` after ${time(only)}` : ', each setting at its last time'
}

/** What is measured on the whole, by each of the settings. */
export const overallMeasure = (settings: readonly SettingResults[]): string =>
  each(settings.map(({ results }) => levelsOf(results).measure)).join(' or ')

/** At each time, the ladder of all settings, as it is printed in a terminal; without chips, what each came to. */
export const settingGrids = ({ columns, settings }: SweepResults): readonly Grid[] => {
  if (settings.every(({ results }) => timesOf(results).length === 0))
    return [
      gridOf<Summary & Row>(
        'Scores of every setting',
        [...settingColumns(columns), ...subjectColumns, { head: 'mean', cell: r => around(r) }],
        settings.flatMap(({ cells, results }) => results.summary.map(row => ({ ...cells, ...row }))),
      ),
    ]
  const ladders = settings.map(({ cells, results }) => ({ cells, ladder: results }))
  const short = shortNames(columns)
  const front: readonly Shown<SettingRung>[] = settingColumns(columns).map(c => ({
    head: short.get(c.head) ?? c.head,
    cell: rung => c.cell(rung.cells),
  }))
  return settingTimes(ladders).map(seconds => {
    const rungs = settingRungsAt(ladders, seconds)
    const notes = each(settings.flatMap(({ results }) => recoveryNotes(ladderAt(results, seconds))))
    const digits = each(rungs.flatMap(({ ladder }) => ladder.summary.map(r => r.task))).length > 1 ? 3 : 4
    const caption = `Scores of every setting after ${time(seconds)} (${[intervalsNote, ...notes].join('; ')})`
    return gridOf(caption, [...front, methodColumn, ...ladderColumns(rungs, digits)], rungs)
  })
}
