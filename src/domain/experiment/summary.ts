/**
 * What the scores of an experiment come to: one row per task, method, time and metric, over chips and reads.
 * Not here: methods against each other (`difference.ts`). Not modelled: the sampling of examples, which all rows share.
 *
 * A score is undefined if it is not finite: a correlation after a NaN prediction, say. (Constant predictions give 0, by
 * GLUE's convention, not an undefined value.) Statistics are of the defined scores, and the others are counted.
 */
import type { Interval } from '../statistics/confidence.js'
import { varianceComponents } from '../statistics/variance-components.js'
import { groupsBy } from '../tables/groups.js'
import type { ScoreRow } from '../tables/scores.js'

/** Flat, with the names of the tables and null for what there is not, so that it prints as JSON as it is. */
export interface Summary {
  readonly task: string
  readonly method: string
  /** Null for digital. */
  readonly time_seconds: number | null
  readonly metric: string
  /** Chips, and reads of each; null for digital, which has neither. */
  readonly chips: number | null
  readonly reads: number | null
  /** Scores that the mean leaves out because they are undefined. */
  readonly undefined_values: number
  /** Mean over chips of each chip's mean over reads; null if no score is defined. */
  readonly mean: number | null
  /** Interval of the mean over chips: where the mean of many chips would lie. Covers both components. Null with one chip. */
  readonly low: number | null
  readonly high: number | null
  /** Interval of the mean over reads: what other reads of these chips would give. Null with one read. */
  readonly read_low: number | null
  readonly read_high: number | null
  /** Standard deviation between chips, reads apart; null with one chip or one read; 0 if reads alone explain the spread. */
  readonly between_chips: number | null
  /** Standard deviation between reads of a chip; null with one read. */
  readonly between_reads: number | null
  /** Mean share of predictions equal to the digital ones; null where the rows have none. */
  readonly agreement: number | null
  /** The task's digital score less the mean: what analog costs. Null for that method, and where the task has none. */
  readonly drop: number | null
}

const root = (variance: number | undefined): number | null => (variance === undefined ? null : Math.sqrt(variance))

const ends = (interval: Interval | undefined): readonly [number | null, number | null] => [
  interval?.low ?? null,
  interval?.high ?? null,
]

/** Statistics of the defined scores, as far as there are any. */
const spreadOf = (rows: readonly ScoreRow[], confidence: number) => {
  const chips = groupsBy(
    rows.filter(r => Number.isFinite(r.value)),
    ['chip'],
  ).map(chip => chip.map(r => r.value))
  const found = chips.length === 0 ? undefined : varianceComponents(chips, confidence)
  const [low, high] = ends(found?.mean.interval)
  const [read_low, read_high] = ends(found?.overReads)
  return {
    mean: found?.mean.mean ?? null,
    low,
    high,
    read_low,
    read_high,
    between_chips: root(found?.betweenChips),
    between_reads: root(found?.betweenReads),
  }
}

const meanAgreement = (rows: readonly ScoreRow[]): number | null => {
  const shares = rows.flatMap(r => (r.agreement === null ? [] : [r.agreement]))
  return shares.length === 0 ? null : shares.reduce((sum, a) => sum + a, 0) / shares.length
}

/** The score that drops are measured from: the task's first digital method's. */
const digitalOf = (rows: readonly ScoreRow[], of: ScoreRow): ScoreRow | undefined =>
  rows.find(r => r.chip === null && r.task === of.task && r.metric === of.metric)

/**
 * Summaries in the order in which the rows first name them.
 * @param rows scores in the order of the plan, each (chip, read) of a task, method, time and metric once
 * @throws RangeError unless confidence is in (0, 1)
 */
export const summaries = (rows: readonly ScoreRow[], confidence = 0.95): readonly Summary[] =>
  groupsBy(rows, ['task', 'method', 'time_seconds', 'metric']).map(group => {
    const [{ task, method, time_seconds, metric, chip }] = group
    const digital = digitalOf(rows, group[0])
    const spread = spreadOf(group, confidence)
    const comparable = digital !== undefined && digital.method !== method && Number.isFinite(digital.value)
    return {
      task,
      method,
      time_seconds,
      metric,
      chips: chip === null ? null : new Set(group.map(r => r.chip)).size,
      reads: chip === null ? null : new Set(group.map(r => r.read)).size,
      undefined_values: group.filter(r => !Number.isFinite(r.value)).length,
      ...spread,
      agreement: meanAgreement(group),
      drop: comparable && spread.mean !== null ? digital.value - spread.mean : null,
    }
  })
