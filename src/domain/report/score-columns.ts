/**
 * The columns of the tables that scores come to, the same in a terminal and on a page: methods against tasks, row by row,
 * compared in pairs. Not here: layout, and which of them fit.
 */
import type { Difference } from '../experiment/difference.js'
import { each, type Ladder } from '../experiment/results.js'
import type { Summary } from '../experiment/summary.js'
import { absent, around, decimals, percent, probability, signed, time, whole, type Shown } from './cells.js'

/** Chips, and reads of each. */
export const repetitions = (chips: number | null, reads: number | null): string =>
  chips === null || reads === null ? absent : `${chips} x ${reads}`

/** What a summary is about. */
export const subjectColumns: readonly Shown<Summary>[] = [
  { head: 'task', cell: r => r.task },
  { head: 'method', cell: r => r.method },
  { head: 'time', cell: r => time(r.time_seconds) },
  { head: 'metric', cell: r => r.metric },
]

/** What a summary has beside its mean. */
export const spreadColumns: readonly Shown<Summary>[] = [
  { head: 'undefined', cell: r => whole(r.undefined_values), where: r => r.undefined_values > 0 },
  { head: 'between chips', cell: r => decimals(r.between_chips), where: r => r.between_chips !== null },
  { head: 'between reads', cell: r => decimals(r.between_reads), where: r => r.between_reads !== null },
  { head: 'drop', cell: r => decimals(r.drop) },
  { head: 'agreement', cell: r => decimals(r.agreement) },
  { head: 'chips x reads', cell: r => repetitions(r.chips, r.reads) },
]

/** Means with the half-widths of their intervals over chips. */
export const summaryColumns: readonly Shown<Summary>[] = [
  ...subjectColumns,
  { head: 'mean', cell: r => around(r) },
  ...spreadColumns,
]

/** Paired differences with the half-widths of their intervals over chips. */
export const differenceColumns: readonly Shown<Difference>[] = [
  { head: 'task', cell: r => r.task },
  { head: 'method', cell: r => r.method },
  { head: 'against', cell: r => r.reference },
  { head: 'time', cell: r => time(r.time_seconds) },
  { head: 'metric', cell: r => r.metric },
  { head: 'difference', cell: r => around(r, 4, signed) },
  { head: 'undefined', cell: r => whole(r.undefined_pairs), where: r => r.undefined_pairs > 0 },
  { head: 'p', cell: r => probability(r.p) },
  { head: 'chips x reads', cell: r => repetitions(r.chips, r.reads) },
]

/** A method, and the ladder it is one of. */
export interface Rung {
  readonly method: string
  readonly ladder: Ladder
}

export const methodColumn: Shown<Rung> = { head: 'method', cell: ({ method }) => method }

/** The methods of a ladder. */
export const rungsOf = (ladder: Ladder): readonly Rung[] =>
  each(ladder.summary.map(r => r.method)).map(method => ({ method, ladder }))

/** A task's columns: a method's score by each of the task's metrics. */
export const scoresOf = (task: string, rungs: readonly Rung[], digits: number): readonly Shown<Rung>[] => {
  const own = rungs.flatMap(({ ladder }) => ladder.summary.filter(r => r.task === task))
  const metrics = each(own.map(r => r.metric))
  return metrics.map(metric => ({
    head: metrics.length === 1 ? task : `${task} ${metric}`,
    cell: ({ method, ladder }): string => {
      const found = ladder.summary.find(r => r.task === task && r.method === method && r.metric === metric)
      return found === undefined ? absent : around(found, digits)
    },
  }))
}

/** The mean over tasks, if there are several. */
export const meanScore = (head: string, rungs: readonly Rung[], digits: number): readonly Shown<Rung>[] => {
  if (rungs.every(({ ladder }) => ladder.means.length === 0)) return []
  const cell = ({ method, ladder }: Rung): string => {
    const found = ladder.means.find(m => m.method === method)
    return found === undefined ? absent : around(found, digits)
  }
  return [{ head, cell }]
}

/** Shares of the loss that are recovered on a task, or (null) on the mean over tasks, if there are any. */
export const sharesOf = (task: string | null, head: string, rungs: readonly Rung[]): readonly Shown<Rung>[] => {
  if (!rungs.some(({ ladder }) => ladder.recovery.some(r => r.task === task))) return []
  const cell = ({ method, ladder }: Rung): string =>
    percent(ladder.recovery.find(r => r.task === task && r.method === method)?.recovered ?? null)
  return [{ head, cell }]
}

export const meanOfTasks = 'mean of tasks'

/** Everything in one table, what is recovered beside each score; who it is of goes in front. */
export const ladderColumns = (rungs: readonly Rung[], digits: number): readonly Shown<Rung>[] => [
  ...each(rungs.flatMap(({ ladder }) => ladder.summary.map(r => r.task))).flatMap(task => [
    ...scoresOf(task, rungs, digits),
    ...sharesOf(task, 'recovered', rungs),
  ]),
  ...meanScore(meanOfTasks, rungs, digits),
  ...sharesOf(null, 'recovered', rungs),
]
