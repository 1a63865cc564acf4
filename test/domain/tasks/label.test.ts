import { isRight, right } from 'fp-ts/lib/Either.js'
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { describe as worded } from '../../../src/domain/problem.js'
import { classOrder } from '../../../src/domain/tasks/label.js'
import { taskNames, tasks, type TaskName } from '../../../src/domain/tasks/task.js'

const file = 'config.json'
const order = (task: TaskName, ...labelNames: readonly string[]) =>
  classOrder(tasks[task], { labels: labelNames.length, labelNames }, file)
const message = (task: TaskName, labels: number, labelNames: readonly string[]): string => {
  const found = classOrder(tasks[task], { labels, labelNames }, file)
  return isRight(found) ? `accepted as ${found.right.join(' ')}` : worded(found.left)
}

const classified = taskNames.flatMap(name => {
  const { target } = tasks[name]
  return target.kind === 'classification' ? [{ name, labels: target.labels }] : []
})
const spellings: readonly ((name: string) => string)[] = [
  name => name,
  name => name.toUpperCase(),
  name => name.replace('_', ' '),
  name => name.replace('_', '-'),
]

describe('classOrder', () => {
  test('numbered or absent names are the task’s own order', () => {
    expect(order('sst2', 'LABEL_0', 'LABEL_1')).toEqual(right([0, 1]))
    expect(order('mnli', '0', '1', '2')).toEqual(right([0, 1, 2]))
    expect(classOrder(tasks.qnli, { labels: 2, labelNames: [] }, file)).toEqual(right([0, 1]))
  })

  test.prop([
    fc.constantFrom(...classified).chain(({ name, labels }) =>
      fc.record({
        name: fc.constant(name),
        labels: fc.constant(labels),
        permuted: fc.shuffledSubarray([...labels.keys()], { minLength: labels.length }),
        spelling: fc.constantFrom(...spellings),
      }),
    ),
  ])('the task’s names in any order and spelling give that order', ({ name, labels, permuted, spelling }) => {
    expect(order(name, ...permuted.map(k => spelling(labels[k] ?? '')))).toEqual(right(permuted))
  })

  test('MNLI checkpoints as published, contradiction first', () => {
    expect(order('mnli', 'CONTRADICTION', 'NEUTRAL', 'ENTAILMENT')).toEqual(right([2, 1, 0]))
    expect(order('mnli-mm', 'contradiction', 'entailment', 'neutral')).toEqual(right([2, 0, 1]))
  })

  test('synonyms', () => {
    expect(order('sst2', 'POS', 'NEG')).toEqual(right([1, 0]))
    expect(order('mrpc', 'not paraphrase', 'paraphrase')).toEqual(right([0, 1]))
  })

  test('regression takes one output of any name', () => {
    expect(order('stsb', 'LABEL_0')).toEqual(right([0]))
    expect(order('stsb', 'similarity')).toEqual(right([0]))
    expect(message('stsb', 2, ['LABEL_0', 'LABEL_1'])).toBe(
      'config.json: id2label: expected 1 output: stsb is a regression task, found 2 outputs',
    )
  })

  test.each([
    ['sst2', 3, ['LABEL_0', 'LABEL_1', 'LABEL_2'], 'found 3 outputs'],
    ['sst2', 1, [], 'found 1 output'],
    ['sst2', 2, ['negative'], 'found 1 name ("negative")'],
    ['sst2', 2, ['LABEL_1', 'LABEL_0'], 'found "LABEL_1", "LABEL_0"'],
    ['sst2', 2, ['negative', 'negative'], 'found "negative", "negative"'],
    ['rte', 2, ['contradiction', 'entailment'], 'found "contradiction", "entailment"'],
    ['mrpc', 2, ['duplicate', 'not_duplicate'], 'found "duplicate", "not_duplicate"'],
    ['mnli', 3, ['entailment', 'neutral', 'LABEL_2'], 'found "entailment", "neutral", "LABEL_2"'],
  ] as const)('%s refuses %i outputs named %j', (task, labels, names, found) => {
    const { target } = tasks[task]
    const quoted = target.kind === 'classification' ? target.labels.map(l => `"${l}"`).join(', ') : ''
    expect(message(task, labels, names)).toBe(
      `config.json: id2label: expected one output for each of the ${quoted.split(', ').length} labels of ${task} (${quoted}), ${found}`,
    )
  })
})
