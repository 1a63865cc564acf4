/**
 * Methods against tasks, a block for each time: scores with their intervals, and how much of the loss each method recovers.
 * Not here: what else the scores come to, row by row (`scoreTables.ts`).
 */
import { each, ladderAt, timesOf, type Ladder } from '../domain/experiment/results.js'
import { time, type Shown } from '../domain/report/cells.js'
import {
  ladderColumns,
  meanOfTasks,
  meanScore,
  methodColumn,
  scoresOf,
  sharesOf,
} from '../domain/report/score-columns.js'
import { tableOf, tableWidth } from './columns.js'

/** Columns of a terminal that tables are fitted into, where they can be. */
const widest = 100

/** As few tables as fit, each with the methods in front; none of no columns. */
const panels = (shown: readonly Shown<string>[], methods: readonly string[]): readonly string[] => {
  if (shown.length === 0) return []
  const groups: Shown<string>[][] = [[methodColumn]]
  for (const column of shown) {
    const current = groups.at(-1) ?? []
    if (current.length > 1 && tableWidth([...current, column], methods) > widest) groups.push([methodColumn, column])
    else current.push(column)
  }
  return groups.map(group => tableOf(group, methods))
}

/** Scores first, then what is recovered, and the mean. */
const inTurn = (tasks: readonly string[], methods: readonly string[], ladder: Ladder): readonly string[] => {
  const scores = tasks.flatMap(task => scoresOf(task, ladder, 3))
  const others = [
    ...tasks.flatMap(task => sharesOf(task, task, ladder)),
    ...sharesOf(null, meanOfTasks, ladder),
    ...meanScore('mean score', ladder, 3),
  ]
  const [first, ...rest] = panels(others, methods)
  return [...panels(scores, methods), ...(first === undefined ? [] : [`Recovered\n${first}`, ...rest])]
}

/** At one time: in one table if that fits, with four decimals or else three. */
const block = (ladder: Ladder): string => {
  const { summary } = ladder
  const [tasks, methods] = [each(summary.map(r => r.task)), each(summary.map(r => r.method))]
  const fitting = [4, 3].map(n => ladderColumns(ladder, n)).find(shown => tableWidth(shown, methods) <= widest)
  const tables = fitting === undefined ? inTurn(tasks, methods, ladder) : [tableOf(fitting, methods)]
  return tables.join('\n\n')
}

/** Of experiments with several analog methods: a block for each time, in the order of the rows. */
export const ladderTables = (ladder: Ladder): string =>
  timesOf(ladder)
    .map(seconds => `After ${time(seconds)}\n${block(ladderAt(ladder, seconds))}`)
    .join('\n\n')
