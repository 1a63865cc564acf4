/**
 * Methods against tasks, a block for each time: scores with their intervals, and how much of the loss each method recovers.
 * Of a sweep, methods in every setting, which stands in front.
 * Not here: what else the scores come to, row by row (`scoreTables.ts`).
 */
import { each } from '../domain/experiment/results.js'
import { time, type Shown } from '../domain/report/cells.js'
import {
  ladderColumns,
  meanOfTasks,
  meanScore,
  methodColumn,
  scoresOf,
  sharesOf,
} from '../domain/report/score-columns.js'
import { settingRungsAt, settingTimes, type SettingLadder, type SettingRung } from '../domain/report/setting-ladder.js'
import { settingColumns } from '../domain/report/settings.js'
import type { Column } from '../domain/tables/table.js'
import { tableOf, tableWidth } from './columns.js'

/** Columns of a terminal that tables are fitted into, where they can be. */
const widest = 100

/** As few tables as fit, each with what the rows are in front; none of no columns. */
const panels = (
  front: readonly Shown<SettingRung>[],
  shown: readonly Shown<SettingRung>[],
  rungs: readonly SettingRung[],
): readonly string[] => {
  if (shown.length === 0) return []
  const groups: Shown<SettingRung>[][] = [[...front]]
  for (const column of shown) {
    const current = groups.at(-1) ?? []
    if (current.length > front.length && tableWidth([...current, column], rungs) > widest)
      groups.push([...front, column])
    else current.push(column)
  }
  return groups.map(group => tableOf(group, rungs))
}

/** Scores first, then what is recovered, and the mean. */
const inTurn = (front: readonly Shown<SettingRung>[], rungs: readonly SettingRung[]): readonly string[] => {
  const tasks = each(rungs.flatMap(({ ladder }) => ladder.summary.map(r => r.task)))
  const scores = tasks.flatMap(task => scoresOf(task, rungs, 3))
  const others = [
    ...tasks.flatMap(task => sharesOf(task, task, rungs)),
    ...sharesOf(null, meanOfTasks, rungs),
    ...meanScore('mean score', rungs, 3),
  ]
  const [first, ...rest] = panels(front, others, rungs)
  return [...panels(front, scores, rungs), ...(first === undefined ? [] : [`Recovered\n${first}`, ...rest])]
}

/** In one table if that fits, with four decimals or else three. */
const block = (front: readonly Shown<SettingRung>[], rungs: readonly SettingRung[]): string => {
  const fitting = [4, 3]
    .map(n => [...front, ...ladderColumns(rungs, n)])
    .find(shown => tableWidth(shown, rungs) <= widest)
  const tables = fitting === undefined ? inTurn(front, rungs) : [tableOf(fitting, rungs)]
  return tables.join('\n\n')
}

/**
 * A block for each time, in the order of the rows, of all settings that have been scored then.
 * @param settings of a sweep; of an experiment without one, itself. Each with chips in it.
 */
export const ladderTables = (settings: readonly SettingLadder[], columns: readonly Column[] = []): string =>
  settingTimes(settings)
    .map(seconds => {
      const front = settingColumns(columns).map(c => ({
        head: c.head,
        cell: (rung: SettingRung) => c.cell(rung.cells),
      }))
      return `After ${time(seconds)}\n${block([...front, methodColumn], settingRungsAt(settings, seconds))}`
    })
    .join('\n\n')
