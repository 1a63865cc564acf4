/**
 * Methods against tasks, a block for each time: scores with their intervals, and how much of the loss each method recovers.
 * Not here: what else the scores come to, row by row (`scoreTables.ts`).
 */
import type { MeanOverTasks, Recovery } from '../domain/experiment/recovery.js'
import type { Summary } from '../domain/experiment/summary.js'
import { absent, around, tableOf, tableWidth, time, type Shown } from './columns.js'

/** Columns of a terminal that tables are fitted into, where they can be. */
const widest = 100

/** What the ladder is made of. */
export interface Ladder {
  readonly summary: readonly Summary[]
  readonly means: readonly MeanOverTasks[]
  readonly recovery: readonly Recovery[]
}

/** What a digital method is at every time. */
const isAt =
  (seconds: number | null) =>
  ({ time_seconds }: { readonly time_seconds: number | null }): boolean =>
    time_seconds === null || time_seconds === seconds

const each = <A>(values: readonly A[]): readonly A[] => [...new Set(values)]

const methodColumn: Shown<string> = { head: 'method', cell: method => method }

/** A task's columns: its score by each of its metrics. */
const scoresOf = (task: string, { summary }: Ladder, decimals: number): readonly Shown<string>[] => {
  const own = summary.filter(r => r.task === task)
  const metrics = each(own.map(r => r.metric))
  return metrics.map(metric => ({
    head: metrics.length === 1 ? task : `${task} ${metric}`,
    cell: (method: string): string => {
      const found = own.find(r => r.method === method && r.metric === metric)
      return found === undefined ? absent : around(found, decimals)
    },
  }))
}

/** The mean over tasks, if there are several. */
const meanScore = (head: string, { means }: Ladder, decimals: number): readonly Shown<string>[] => {
  if (means.length === 0) return []
  const cell = (method: string): string => {
    const found = means.find(m => m.method === method)
    return found === undefined ? absent : around(found, decimals)
  }
  return [{ head, cell }]
}

/** Shares of the loss that are recovered on a task, or (null) on the mean over tasks, if there are any. */
const sharesOf = (task: string | null, head: string, { recovery }: Ladder): readonly Shown<string>[] => {
  const own = recovery.filter(r => r.task === task)
  const cell = (method: string): string => {
    const share = own.find(r => r.method === method)?.recovered ?? null
    return share === null ? absent : `${(100 * share).toFixed(1)} %`
  }
  return own.length === 0 ? [] : [{ head, cell }]
}

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

const meanOfTasks = 'mean of tasks'

/** Everything in one table, what is recovered beside each score. */
const inOne = (tasks: readonly string[], ladder: Ladder, decimals: number): readonly Shown<string>[] => [
  methodColumn,
  ...tasks.flatMap(task => [...scoresOf(task, ladder, decimals), ...sharesOf(task, 'recovered', ladder)]),
  ...meanScore(meanOfTasks, ladder, decimals),
  ...sharesOf(null, 'recovered', ladder),
]

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
  const fitting = [4, 3].map(n => inOne(tasks, ladder, n)).find(shown => tableWidth(shown, methods) <= widest)
  const tables = fitting === undefined ? inTurn(tasks, methods, ladder) : [tableOf(fitting, methods)]
  return tables.join('\n\n')
}

/** Of experiments with several analog methods: a block for each time, in the order of the rows. */
export const ladderTables = ({ summary, means, recovery }: Ladder): string =>
  each(summary.flatMap(r => r.time_seconds ?? []))
    .map(seconds => {
      const at = isAt(seconds)
      const own = { summary: summary.filter(at), means: means.filter(at), recovery: recovery.filter(at) }
      return `After ${time(seconds)}\n${block(own)}`
    })
    .join('\n\n')
