import { isRight } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { describe as worded } from '../../../src/domain/problem.js'
import { findTask, outputs, splits, suggestTask, taskNames, tasks } from '../../../src/domain/tasks/task.js'

describe('tasks', () => {
  test.each(taskNames)('%s is consistent with itself', name => {
    const task = tasks[name]
    expect(task.name).toBe(name)
    expect(task.tsvLabels.length).toBe(task.target.kind === 'classification' ? task.target.labels.length : 0)
    for (const split of splits) {
      const { columns, text, pair, label } = task.tsv[split]
      expect(new Set(columns).size).toBe(columns.length)
      expect(columns).toContain(text)
      expect(pair === null).toBe(task.parquet.pair === null)
      if (pair !== null) expect(columns).toContain(pair)
      expect(label === null).toBe(split === 'test')
      if (label !== null) expect(columns).toContain(label)
    }
  })

  test('outputs: three for MNLI, one for STS-B, two for the others', () => {
    expect(taskNames.map(name => outputs(tasks[name]))).toEqual([2, 2, 2, 1, 2, 3, 3, 2, 2, 2])
  })

  test('only the exact name is accepted; another spelling is suggested', () => {
    expect(findTask('sst2', 'config.json', 'tasks.0.task')).toEqual({ _tag: 'Right', right: tasks.sst2 })
    const spelled = {
      'SST-2': 'sst2',
      'sts-b': 'stsb',
      mnli_matched: 'mnli',
      'MNLI-mismatched': 'mnli-mm',
      CoLA: 'cola',
    }
    for (const [written, meant] of Object.entries(spelled)) {
      expect(suggestTask(written)).toBe(meant)
      const found = findTask(written, 'config.json', 'tasks.0.task')
      expect(isRight(found) ? '' : worded(found.left)).toContain(`found "${written}" (did you mean "${meant}"?)`)
    }
    expect(suggestTask('squad')).toBeNull()
    const unknown = findTask('toString', 'config.json', 'tasks.0.task')
    expect(isRight(unknown) ? '' : worded(unknown.left)).toBe(
      'config.json: tasks.0.task: expected a task (cola, sst2, mrpc, stsb, qqp, mnli, mnli-mm, qnli, rte, wnli), found "toString"',
    )
  })
})
