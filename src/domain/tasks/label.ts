/**
 * How the outputs of a checkpoint correspond to the classes of a task, told from the names in its `id2label`.
 * Not modelled: checkpoints of one task used on another (a three-way NLI head on RTE); they are refused.
 */
import { left, right, type Either } from 'fp-ts/lib/Either.js'
import { counted } from '../count.js'
import { problem, type Problem } from '../problem.js'
import type { Task } from './task.js'

/** Other names of GLUE's classes found in published checkpoints, in normal form. */
const synonyms: ReadonlyMap<string, string> = new Map([
  ['neg', 'negative'],
  ['pos', 'positive'],
  ['ungrammatical', 'unacceptable'],
  ['grammatical', 'acceptable'],
  ['not_paraphrase', 'not_equivalent'],
  ['paraphrase', 'equivalent'],
  ['not_duplicated', 'not_duplicate'],
  ['duplicated', 'duplicate'],
  ['non_entailment', 'not_entailment'],
  ['notentailment', 'not_entailment'],
])

/** Lower case, words joined by one underscore, synonyms replaced. */
const normal = (name: string): string => {
  const joined = name
    .trim()
    .toLowerCase()
    .replace(/[-_\s]+/g, '_')
  return synonyms.get(joined) ?? joined
}

const isNumbered = (names: readonly string[]): boolean =>
  names.every((name, k) => name === String(k) || name.toUpperCase() === `LABEL_${k}`)

const quoted = (names: readonly string[]): string => names.map(name => JSON.stringify(name)).join(', ')

/** True if both lists name the same classes in the same order, spelling and synonyms aside. */
export const sameLabels = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, k) => normal(name) === normal(b[k] ?? ''))

/** What of a checkpoint decides the order: its number of outputs and `id2label` in order of output (empty: not named). */
export interface Outputs {
  readonly labels: number
  readonly labelNames: readonly string[]
}

/**
 * Class of the task that each output of the checkpoint stands for: `order[output] = class`, [labels].
 * Numbered or absent names mean the task's own order; the task's names in another order give that permutation.
 * For regression [0], whatever the single output is called.
 * @param file the checkpoint's config.json, named in problems
 */
export const classOrder = (task: Task, outputs: Outputs, file: string): Either<Problem, readonly number[]> => {
  const { labels, labelNames } = outputs
  const { target } = task
  if (target.kind === 'regression') {
    if (labels === 1 && labelNames.length <= 1) return right([0])
    return left(problem(file, 'id2label', `1 output: ${task.name} is a regression task`, counted(labels, 'output')))
  }
  const expected = `one output for each of the ${target.labels.length} labels of ${task.name} (${quoted(target.labels)})`
  if (labels !== target.labels.length) return left(problem(file, 'id2label', expected, counted(labels, 'output')))
  if (labelNames.length === 0) return right(target.labels.map((_, k) => k))
  if (labelNames.length !== labels)
    return left(problem(file, 'id2label', expected, `${counted(labelNames.length, 'name')} (${quoted(labelNames)})`))
  if (isNumbered(labelNames)) return right(target.labels.map((_, k) => k))
  const order = labelNames.map(name => target.labels.indexOf(normal(name)))
  if (order.includes(-1) || new Set(order).size !== order.length)
    return left(problem(file, 'id2label', expected, quoted(labelNames)))
  return right(order)
}
