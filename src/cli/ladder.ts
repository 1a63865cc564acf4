/**
 * Methods against tasks, a block for each time: scores with their intervals, and how much of the loss each method recovers.
 * Of a sweep, methods in every setting, which stands in front.
 * Not here: what else the scores come to, row by row (`scoreTables.ts`).
 */
import { each, ladderAt, timesOf, type Ladder } from '../domain/experiment/results.js'
import { absent, around, percent, time, type Shown } from '../domain/report/cells.js'
import { meanOfTasks } from '../domain/report/score-columns.js'
import type { Column, Row } from '../domain/tables/table.js'
import { tableOf, tableWidth } from './columns.js'
import { settingColumns } from './settings.js'

/** Columns of a terminal that tables are fitted into, where they can be. */
const widest = 100

/** A setting of a sweep: what tells it apart, and what it came to. */
export interface SettingLadder {
  readonly cells: Row
  readonly ladder: Ladder
}

/** A row: a method, and the ladder it is one of. */
interface Rung {
  readonly method: string
  readonly ladder: Ladder
  /** What tells its setting apart; absent where it is the same in all of them. */
  readonly cells: Row
}

const methodColumn: Shown<Rung> = { head: 'method', cell: ({ method }) => method }

/** A task's columns: its score by each of its metrics. */
const scoresOf = (task: string, rungs: readonly Rung[], decimals: number): readonly Shown<Rung>[] => {
  const own = rungs.flatMap(({ ladder }) => ladder.summary.filter(r => r.task === task))
  const metrics = each(own.map(r => r.metric))
  return metrics.map(metric => ({
    head: metrics.length === 1 ? task : `${task} ${metric}`,
    cell: ({ method, ladder }): string => {
      const found = ladder.summary.find(r => r.task === task && r.method === method && r.metric === metric)
      return found === undefined ? absent : around(found, decimals)
    },
  }))
}

/** The mean over tasks, if there are several. */
const meanScore = (head: string, rungs: readonly Rung[], decimals: number): readonly Shown<Rung>[] => {
  if (rungs.every(({ ladder }) => ladder.means.length === 0)) return []
  const cell = ({ method, ladder }: Rung): string => {
    const found = ladder.means.find(m => m.method === method)
    return found === undefined ? absent : around(found, decimals)
  }
  return [{ head, cell }]
}

/** Shares of the loss that are recovered on a task, or (null) on the mean over tasks, if there are any. */
const sharesOf = (task: string | null, head: string, rungs: readonly Rung[]): readonly Shown<Rung>[] => {
  if (!rungs.some(({ ladder }) => ladder.recovery.some(r => r.task === task))) return []
  const cell = ({ method, ladder }: Rung): string => {
    return percent(ladder.recovery.find(r => r.task === task && r.method === method)?.recovered ?? null)
  }
  return [{ head, cell }]
}

/** As few tables as fit, each with what the rows are in front; none of no columns. */
const panels = (
  front: readonly Shown<Rung>[],
  shown: readonly Shown<Rung>[],
  rungs: readonly Rung[],
): readonly string[] => {
  if (shown.length === 0) return []
  const groups: Shown<Rung>[][] = [[...front]]
  for (const column of shown) {
    const current = groups.at(-1) ?? []
    if (current.length > front.length && tableWidth([...current, column], rungs) > widest)
      groups.push([...front, column])
    else current.push(column)
  }
  return groups.map(group => tableOf(group, rungs))
}

/** Everything in one table, what is recovered beside each score. */
const inOne = (tasks: readonly string[], rungs: readonly Rung[], decimals: number): readonly Shown<Rung>[] => [
  ...tasks.flatMap(task => [...scoresOf(task, rungs, decimals), ...sharesOf(task, 'recovered', rungs)]),
  ...meanScore(meanOfTasks, rungs, decimals),
  ...sharesOf(null, 'recovered', rungs),
]

/** Scores first, then what is recovered, and the mean. */
const inTurn = (front: readonly Shown<Rung>[], tasks: readonly string[], rungs: readonly Rung[]): readonly string[] => {
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
const block = (front: readonly Shown<Rung>[], rungs: readonly Rung[]): string => {
  const tasks = each(rungs.flatMap(({ ladder }) => ladder.summary.map(r => r.task)))
  const fitting = [4, 3]
    .map(n => [...front, ...inOne(tasks, rungs, n)])
    .find(shown => tableWidth(shown, rungs) <= widest)
  const tables = fitting === undefined ? inTurn(front, tasks, rungs) : [tableOf(fitting, rungs)]
  return tables.join('\n\n')
}

const rungsOf = ({ cells, ladder }: SettingLadder): readonly Rung[] =>
  each(ladder.summary.map(r => r.method)).map(method => ({ method, ladder, cells }))

/** What a digital method came to; undefined for one with chips. */
const digitalScores = ({ method, ladder }: Rung): string | undefined => {
  const own = ladder.summary.filter(r => r.method === method)
  return own.every(r => r.chips === null) ? JSON.stringify(own) : undefined
}

/** Digital methods that come to the same in every setting once, in front. */
const withDigitalOnce = (rungs: readonly Rung[], settings: number): readonly Rung[] => {
  const isEverywhere = (rung: Rung): boolean => {
    const scores = digitalScores(rung)
    return scores !== undefined && rungs.filter(r => digitalScores(r) === scores).length === settings
  }
  const once = new Map(rungs.filter(isEverywhere).map(r => [r.method, { ...r, cells: {} }] as const))
  return [...once.values(), ...rungs.filter(r => !isEverywhere(r))]
}

/**
 * A block for each time, in the order of the rows, of all settings that have been scored then.
 * @param settings of a sweep; of an experiment without one, itself. Each with chips in it.
 */
export const ladderTables = (settings: readonly SettingLadder[], columns: readonly Column[] = []): string =>
  each(settings.flatMap(({ ladder }) => timesOf(ladder)))
    .map(seconds => {
      const then = settings.filter(({ ladder }) => ladder.summary.some(r => r.time_seconds === seconds))
      const rungs = then.flatMap(s => rungsOf({ ...s, ladder: ladderAt(s.ladder, seconds) }))
      const shown = columns.length === 0 ? rungs : withDigitalOnce(rungs, then.length)
      const front = settingColumns(columns).map(c => ({ head: c.head, cell: (rung: Rung) => c.cell(rung.cells) }))
      return `After ${time(seconds)}\n${block([...front, methodColumn], shown)}`
    })
    .join('\n\n')
