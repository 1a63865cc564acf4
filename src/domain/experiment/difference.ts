/**
 * Analog methods against each other on the same chips: what a chip does to both cancels, so that few chips tell much.
 * Not modelled: differences between chips' wear, corrections for many comparisons. Digital methods have no chips: a
 * method's distance from them is the summary's `drop`.
 */
import { pairedDifference } from '../statistics/confidence.js'
import { studentTest } from '../statistics/student-test.js'
import { groupsBy } from '../tables/groups.js'
import type { ScoreRow } from '../tables/scores.js'

/** Flat, with the names of the tables and null for what there is not, so that it prints as JSON as it is. */
export interface Difference {
  readonly task: string
  readonly method: string
  /** The method it is compared with. */
  readonly reference: string
  readonly time_seconds: number | null
  readonly metric: string
  /** Chips, and reads of each, that either method was scored on. */
  readonly chips: number
  readonly reads: number
  /** (chip, read) left out because the score of one method or both is undefined or missing. */
  readonly undefined_pairs: number
  /** Mean over chips of method - reference; null if no pair is defined. */
  readonly mean: number | null
  /** Interval over chips; null with one chip. */
  readonly low: number | null
  readonly high: number | null
  /** Student's paired t and its two-sided probability; null with one chip, or if all chips differ by the same. */
  readonly t: number | null
  readonly p: number | null
}

/** Which methods to compare, each pair [reference, method], out of a task's analog methods in the order of the config. */
export type Pairing = (methods: readonly string[]) => readonly (readonly [string, string])[]

/** Every method against the first. */
export const againstFirst: Pairing = ([first, ...others]) =>
  first === undefined ? [] : others.map(method => [first, method] as const)

/** Every method against every one before it. */
export const everyPair: Pairing = methods =>
  methods.flatMap((method, i) => methods.slice(0, i).map(reference => [reference, method] as const))

interface Pair {
  readonly reference: number
  readonly method: number
}

/** Scores of both methods by chip; only (chip, read) where both are defined. */
const pairsByChip = (reference: readonly ScoreRow[], method: readonly ScoreRow[]): readonly (readonly Pair[])[] => {
  const place = (r: ScoreRow): string => `${r.chip} ${r.read}`
  const others = new Map(method.map(r => [place(r), r.value]))
  return groupsBy(reference, ['chip'])
    .map(chip => chip.map(r => ({ reference: r.value, method: others.get(place(r)) ?? NaN })))
    .map(chip => chip.filter(pair => Number.isFinite(pair.reference) && Number.isFinite(pair.method)))
    .filter(chip => chip.length > 0)
}

const compared = (reference: readonly ScoreRow[], method: readonly ScoreRow[], confidence: number) => {
  const both = [...reference, ...method]
  const pairs = pairsByChip(reference, method)
  const of = (which: keyof Pair) => pairs.map(chip => chip.map(pair => pair[which]))
  const found = pairs.length === 0 ? undefined : pairedDifference(of('reference'), of('method'), confidence)
  const largest = pairs.flat().reduce((m, p) => Math.max(m, Math.abs(p.reference), Math.abs(p.method)), 0)
  const test = found === undefined ? undefined : studentTest(found, largest)
  return {
    chips: new Set(both.map(r => r.chip)).size,
    reads: new Set(both.map(r => r.read)).size,
    undefined_pairs: groupsBy(both, ['chip', 'read']).length - pairs.flat().length,
    mean: found?.mean ?? null,
    low: found?.interval?.low ?? null,
    high: found?.interval?.high ?? null,
    t: test?.t ?? null,
    p: test?.p ?? null,
  }
}

/**
 * Paired differences, in the order of tasks, pairs, times and metrics; a pair at a time and metric that one of the two
 * was not scored at has none.
 * @param rows scores in the order of the plan, each (chip, read) of a task, method, time and metric once
 * @throws RangeError unless confidence is in (0, 1)
 */
export const differences = (
  rows: readonly ScoreRow[],
  pairing: Pairing = againstFirst,
  confidence = 0.95,
): readonly Difference[] =>
  groupsBy(
    rows.filter(r => r.chip !== null),
    ['task'],
  ).flatMap(ofTask =>
    pairing([...new Set(ofTask.map(r => r.method))]).flatMap(([reference, method]) =>
      groupsBy(
        ofTask.filter(r => r.method === reference || r.method === method),
        ['time_seconds', 'metric'],
      ).flatMap(group => {
        const [{ task, time_seconds, metric }] = group
        const a = group.filter(r => r.method === reference)
        const b = group.filter(r => r.method === method)
        if (a.length === 0 || b.length === 0) return []
        return [{ task, method, reference, time_seconds, metric, ...compared(a, b, confidence) }]
      }),
    ),
  )
