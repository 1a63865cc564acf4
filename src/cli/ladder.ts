/**
 * Methods against tasks, a block for each time: scores with their intervals, and how much of the loss each method recovers.
 * Of a sweep, methods in every setting, which stands in front.
 * Not here: what else the scores come to, row by row (`scoreTables.ts`).
 */
import { each, ladderAt, timesOf, type Ladder } from '../domain/experiment/results.js'
import { time, type Shown } from '../domain/report/cells.js'
import {
  ladderColumns,
  meanOfTasks,
  meanScore,
  methodColumn,
  rungsOf,
  scoresOf,
  sharesOf,
  type Rung,
} from '../domain/report/score-columns.js'
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

/** A row: a method in a setting. */
interface SettingRung extends Rung {
  /** What tells its setting apart; absent where it is the same in all of them. */
  readonly cells: Row
}

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

const rungsIn = ({ cells, ladder }: SettingLadder): readonly SettingRung[] =>
  rungsOf(ladder).map(rung => ({ ...rung, cells }))

/** What a digital method came to; undefined for one with chips. */
const digitalScores = ({ method, ladder }: SettingRung): string | undefined => {
  const own = ladder.summary.filter(r => r.method === method)
  return own.every(r => r.chips === null) ? JSON.stringify(own) : undefined
}

/** Digital methods that come to the same in every setting once, in front. */
const withDigitalOnce = (rungs: readonly SettingRung[], settings: number): readonly SettingRung[] => {
  const isEverywhere = (rung: SettingRung): boolean => {
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
      const rungs = then.flatMap(s => rungsIn({ ...s, ladder: ladderAt(s.ladder, seconds) }))
      const shown = columns.length === 0 ? rungs : withDigitalOnce(rungs, then.length)
      const front = settingColumns(columns).map(c => ({
        head: c.head,
        cell: (rung: SettingRung) => c.cell(rung.cells),
      }))
      return `After ${time(seconds)}\n${block([...front, methodColumn], shown)}`
    })
    .join('\n\n')
