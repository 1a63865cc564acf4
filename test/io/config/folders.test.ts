import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describe } from '../../../src/domain/problem.js'
import { missingFolders } from '../../../src/io/config/folders.js'
import { readExperiment } from '../../../src/io/config/settings.js'
import { folderWith } from '../fixture.js'

const range = { rule: 'abs-max' }
const experiment = {
  ...{ schema: 1, name: 'a', seed: 1, repeat: { chips: 1, reads: 1, times: ['0 s'] } },
  tasks: [
    { task: 'sst2', checkpoint: 'model', data: 'data' },
    { task: 'rte', checkpoint: 'model', data: 'data', tokenizer: 'model' },
  ],
  methods: [{ name: 'm', columnRange: range, inputRange: range }],
}

/** What is missed; paths relative to the config's folder. */
const missed = async (config: object): Promise<readonly string[]> => {
  const folder = folderWith({ 'model/config.json': '', 'data/dev.tsv': '', 'a file': '', 'c.json': config })
  const read = await readExperiment(join(folder, 'c.json'))()
  if (read._tag === 'Left') throw new Error(read.left.map(describe).join())
  const problems = await missingFolders('c.json', read.right.settings)
  return problems.map(p => describe(p).replaceAll(`${folder}/`, ''))
}

test('nothing where all are there, whatever is in them', async () => {
  expect(await missed(experiment)).toEqual([])
})

test('every key whose folder is not there, at once', async () => {
  const [first, second] = experiment.tasks
  const tasks = [
    { ...first, checkpoint: 'nowhere' },
    { ...second, data: 'a file', tokenizer: 'no/such' },
  ]
  expect(await missed({ ...experiment, tasks })).toEqual([
    'c.json: tasks.0.checkpoint: expected a folder with a checkpoint, found nothing at nowhere',
    'c.json: tasks.1.tokenizer: expected a folder with a tokeniser, found nothing at no/such',
    'c.json: tasks.1.data: expected a folder with the data of a task, found a file at a file',
  ])
})

test('a value of a sweep where it stands; once for all settings what they share', async () => {
  const [first, second] = experiment.tasks
  const sweep = { 'tasks.1.checkpoint': ['model', 'x'], seed: [1, 2] }
  expect(await missed({ ...experiment, tasks: [{ ...first, data: 'none' }, second], sweep })).toEqual([
    'c.json: tasks.0.data: expected a folder with the data of a task, found nothing at none',
    'c.json: sweep["tasks.1.checkpoint"].1: expected a folder with a checkpoint, found nothing at x',
  ])
})
