/**
 * How much of what analog costs a method wins back: its score between those of a reference method and of digital execution,
 * on each task and on the mean over tasks. A task with several metrics counts with their mean, as in GLUE.
 * An undefined score counts as 0, here only: a method that fails must not gain by it. Not here: whether a difference is more
 * than chance (`difference.ts`).
 */
import { estimate, meanOf } from '../statistics/confidence.js'
import { groupsBy } from '../tables/groups.js'
import type { ScoreRow } from '../tables/scores.js'

/** A method's mean over tasks. Flat, with the names of the tables and null for what there is not. */
export interface MeanOverTasks {
  readonly method: string
  /** Null for digital. */
  readonly time_seconds: number | null
  readonly tasks: number
  /** Scores that count as 0 because they are undefined. */
  readonly undefined_values: number
  readonly mean: number
  /** Interval over chips of the mean over tasks; null with one chip, and for digital. */
  readonly low: number | null
  readonly high: number | null
}

export interface Recovery {
  /** Null: the mean over tasks. */
  readonly task: string | null
  readonly method: string
  /** The analog method whose loss is measured: the first of the task. */
  readonly reference: string
  readonly time_seconds: number | null
  /** Digital score less that of the reference. */
  readonly loss: number
  /** Share of the loss: 0 for the reference, 1 for digital; null where there is no loss. */
  readonly recovered: number | null
}

/** A method's score on one task. */
interface TaskScore {
  readonly task: string
  readonly method: string
  readonly time_seconds: number | null
  readonly digital: boolean
  readonly undefined_values: number
  /** Mean over reads, then metrics, by chip; digital has one. */
  readonly chips: ReadonlyMap<number | null, number>
}

const taskScores = (rows: readonly ScoreRow[]): readonly TaskScore[] =>
  groupsBy(rows, ['task', 'method', 'time_seconds']).map(group => {
    const [{ task, method, time_seconds, chip: first }] = group
    const value = (r: ScoreRow): number => (Number.isFinite(r.value) ? r.value : 0)
    return {
      ...{ task, method, time_seconds, digital: first === null },
      undefined_values: group.filter(r => !Number.isFinite(r.value)).length,
      // Every read has every metric, so that one mean is as good as one after the other.
      chips: new Map(groupsBy(group, ['chip']).map(chip => [chip[0].chip, meanOf(chip.map(value))] as const)),
    }
  })

const meanOfChips = ({ chips }: TaskScore): number => meanOf([...chips.values()])

/** Mean over tasks of each chip that all of them have. */
const chipsOverTasks = (scores: readonly TaskScore[]): readonly number[] => {
  const [first, ...others] = scores
  if (first === undefined) return []
  return [...first.chips].flatMap(([chip, value]) => {
    const rest = others.flatMap(s => s.chips.get(chip) ?? [])
    return rest.length === others.length ? [meanOf([value, ...rest])] : []
  })
}

/** The scores of the methods that every task was scored with, in groups of one method and time. */
const onEveryTask = (scores: readonly TaskScore[]): readonly (readonly TaskScore[])[] => {
  const tasks = new Set(scores.map(s => s.task)).size
  const groups = new Map<string, TaskScore[]>()
  for (const score of scores) {
    const key = JSON.stringify([score.method, score.time_seconds])
    groups.set(key, [...(groups.get(key) ?? []), score])
  }
  return [...groups.values()].filter(group => group.length === tasks)
}

/**
 * Means over tasks of the methods that every task was scored with, in the order in which the rows first name them; none of
 * a single task.
 * @param rows scores in the order of the plan
 * @throws RangeError unless confidence is in (0, 1)
 */
export const meansOverTasks = (rows: readonly ScoreRow[], confidence = 0.95): readonly MeanOverTasks[] => {
  const scores = taskScores(rows)
  const tasks = new Set(scores.map(s => s.task)).size
  if (tasks < 2) return []
  return onEveryTask(scores).flatMap(group => {
    const [first] = group
    const chips = chipsOverTasks(group)
    if (first === undefined || chips.length === 0) return []
    const { mean, interval } = estimate(chips, confidence)
    return [
      {
        ...{ method: first.method, time_seconds: first.time_seconds, tasks, mean },
        undefined_values: group.reduce((sum, s) => sum + s.undefined_values, 0),
        ...{ low: interval?.low ?? null, high: interval?.high ?? null },
      },
    ]
  })
}

interface Level {
  readonly method: string
  readonly time_seconds: number | null
  readonly digital: boolean
  readonly value: number
}

/** Of every analog method at every time at which the reference was scored; none without digital execution. */
const recovered = (task: string | null, levels: readonly Level[]): readonly Recovery[] => {
  const whole = levels.find(l => l.digital)
  const analog = levels.filter(l => !l.digital)
  const reference = analog[0]?.method
  if (whole === undefined || reference === undefined) return []
  return analog.flatMap(({ method, time_seconds, value }) => {
    const from = analog.find(l => l.method === reference && l.time_seconds === time_seconds)
    if (from === undefined) return []
    const loss = whole.value - from.value
    return [{ task, method, reference, time_seconds, loss, recovered: loss > 0 ? (value - from.value) / loss : null }]
  })
}

/**
 * Shares of the loss that methods recover: on each task, in the order of the rows, then on the mean over tasks if there are
 * several. Empty where a task has no digital score or no analog one.
 * @param rows scores in the order of the plan
 */
export const recoveries = (rows: readonly ScoreRow[]): readonly Recovery[] => {
  const scores = taskScores(rows)
  const ofTasks = [...new Set(scores.map(s => s.task))].flatMap(task =>
    recovered(
      task,
      scores.filter(s => s.task === task).map(s => ({ ...s, value: meanOfChips(s) })),
    ),
  )
  const means = meansOverTasks(rows).map(m => ({ ...m, digital: m.time_seconds === null, value: m.mean }))
  return [...ofTasks, ...recovered(null, means)]
}
