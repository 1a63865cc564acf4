/**
 * How good each method is on the whole, at each time: the mean over tasks, or the one task's score.
 * Not here: task by task (`accuracy.ts`).
 */
import type { Results } from '../experiment/results.js'
import { each } from '../experiment/results.js'

export interface Level {
  readonly method: string
  /** Null for digital. */
  readonly time_seconds: number | null
  readonly mean: number | null
  readonly low: number | null
  readonly high: number | null
  /** Share of the loss that it recovers; null for the reference's time without loss, for digital, and without digital. */
  readonly recovered: number | null
}

export interface Levels {
  /** What is measured: "mean of 5 tasks", "sst2 accuracy". */
  readonly measure: string
  readonly levels: readonly Level[]
  /** The method whose loss is what others recover; null without analog methods or without digital. */
  readonly reference: string | null
}

export const levelsOf = ({ summary, means, recovery }: Results): Levels => {
  const [first] = summary
  const task = means.length > 0 ? null : (first?.task ?? null)
  const [mean] = means
  const rows = mean === undefined ? summary.filter(r => r.task === task && r.metric === first?.metric) : means
  const own = recovery.filter(r => r.task === task)
  return {
    measure: mean === undefined ? `${first?.task ?? ''} ${first?.metric ?? ''}`.trim() : `mean of ${mean.tasks} tasks`,
    reference: own[0]?.reference ?? null,
    levels: rows.map(({ method, time_seconds, mean, low, high }) => {
      const found = own.find(r => r.method === method && r.time_seconds === time_seconds)
      return { method, time_seconds, mean, low, high, recovered: found?.recovered ?? null }
    }),
  }
}

/** Analog methods in the order of the config. */
export const analogMethods = ({ summary }: Pick<Results, 'summary'>): readonly string[] =>
  each(summary.filter(r => r.time_seconds !== null).map(r => r.method))

/** The analog method with the highest level at a time; the first of equals. */
export const bestAt = ({ levels }: Levels, seconds: number): Level | undefined =>
  levels
    .filter(l => l.time_seconds === seconds)
    .reduce<Level | undefined>((best, l) => ((l.mean ?? -1) > (best?.mean ?? -1) ? l : best), undefined)
