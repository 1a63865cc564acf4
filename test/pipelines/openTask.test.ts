import { appendFileSync, cpSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { isRight } from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import type { TaskSource } from '../../src/domain/experiment/config.js'
import { openTask, type OpenTask } from '../../src/pipelines/openTask.js'
import { folderWith } from '../io/fixture.js'
import { repository } from '../shared.js'

const opened = async (folder: string): Promise<OpenTask> => {
  const at = (path: string) => ({ written: path, resolved: path })
  const source: TaskSource = {
    task: 'cola',
    checkpoint: at(join(repository, 'data/models/cola')),
    data: at(folder),
    tokenizer: null,
    examples: 20,
    split: 'dev',
  }
  const result = await openTask(source, null)()
  if (!isRight(result)) throw new Error(result.left.found)
  return result.right
}

test('a file that is changed after its hash was taken is noticed; one that is only touched is not', async () => {
  const folder = folderWith()
  cpSync(join(repository, 'data/glue/CoLA'), folder, { recursive: true })
  const open = await opened(folder)
  await open.unchanged()
  utimesSync(join(folder, 'dev.tsv'), 1, 1)
  await open.unchanged()
  appendFileSync(join(folder, 'dev.tsv'), 'x\t1\t\tAnother sentence.\n')
  await expect(open.unchanged()).rejects.toThrow(/dev\.tsv: expected the file as it was when the run began/)
  expect((await opened(folder)).inputs.data).not.toBe(open.inputs.data)
})
