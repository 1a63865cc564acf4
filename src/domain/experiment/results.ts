/** What the scores of an experiment come to, for whoever shows them: a terminal, JSON, a page. */
import type { ScoreRow } from '../tables/scores.js'
import { differences, type Difference } from './difference.js'
import { meansOverTasks, recoveries, type MeanOverTasks, type Recovery } from './recovery.js'
import { summaries, type Summary } from './summary.js'

/** What the ladder is made of. */
export interface Ladder {
  readonly summary: readonly Summary[]
  readonly means: readonly MeanOverTasks[]
  readonly recovery: readonly Recovery[]
}

export interface Results extends Ladder {
  readonly differences: readonly Difference[]
}

/** @param rows scores in the order of the plan */
export const resultsOf = (rows: readonly ScoreRow[]): Results => ({
  ...{ summary: summaries(rows), differences: differences(rows) },
  ...{ means: meansOverTasks(rows), recovery: recoveries(rows) },
})

/** What there is at a time; digital rows are those of every time. */
export const ladderAt = ({ summary, means, recovery }: Ladder, seconds: number): Ladder => {
  const at = ({ time_seconds }: { readonly time_seconds: number | null }): boolean =>
    time_seconds === null || time_seconds === seconds
  return { summary: summary.filter(at), means: means.filter(at), recovery: recovery.filter(at) }
}

export const each = <A>(values: readonly A[]): readonly A[] => [...new Set(values)]

/** Times since programming [s], in the order of the rows. */
export const timesOf = ({ summary }: Pick<Ladder, 'summary'>): readonly number[] =>
  each(summary.flatMap(r => r.time_seconds ?? []))

/** How shares recovered are to be read, as far as it needs saying. */
export const recoveryNotes = ({ summary, means, recovery }: Ladder): readonly string[] => {
  const several = summary.some(a => summary.some(b => a.task === b.task && a.metric !== b.metric))
  const failed = summary.some(r => r.undefined_values > 0)
  const of = several ? "; of a task's metrics, the mean" : ''
  const together = each(summary.map(r => r.task)).length > 1 ? '; of all tasks, the share of their mean loss' : ''
  const [first] = recovery
  return [
    ...(first === undefined ? [] : [`recovered: share of the loss from digital to ${first.reference}${of}${together}`]),
    ...(failed && (first !== undefined || means.length > 0)
      ? ['recovered, mean over tasks: an undefined score counts as 0']
      : []),
  ]
}

export const intervalsNote = '±: 95 % confidence, Student, over chips'
