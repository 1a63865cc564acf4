/** Small GLUE files written for one test, and what reading them gives. */
import { parquetWriteBuffer } from 'hyparquet-writer'
import type { Example } from '../../../src/domain/tasks/example.js'
import { tasks, type Split, type TaskName } from '../../../src/domain/tasks/task.js'
import { openDataset, type Dataset } from '../../../src/io/glue/dataset.js'
import { accepted } from '../fixture.js'

export type Columns = Parameters<typeof parquetWriteBuffer>[0]['columnData']
type Options = Omit<Parameters<typeof parquetWriteBuffer>[0], 'columnData'>

export const parquet = (columnData: Columns, options: Options = {}): Uint8Array =>
  new Uint8Array(parquetWriteBuffer({ columnData, ...options }))

/** The columns of an SST-2 shard. */
export const sst2Columns = (sentences: readonly (string | null)[], labels: readonly (bigint | null)[]): Columns => [
  { name: 'sentence', data: [...sentences], type: 'STRING' },
  { name: 'label', data: [...labels], type: 'INT64' },
]

export const opened = (task: TaskName, folder: string, split: Split): Promise<Dataset> =>
  accepted(openDataset(tasks[task], folder, split))

export const all = async (examples: AsyncIterable<Example>): Promise<readonly Example[]> => {
  const read: Example[] = []
  for await (const example of examples) read.push(example)
  return read
}

/** Every example of a split. */
export const readAll = async (task: TaskName, folder: string, split: Split): Promise<readonly Example[]> =>
  all((await opened(task, folder, split)).examples())

/** Message of the problem met when a split is opened and read to its end; paths relative to `folder`. */
export const refusal = async (task: TaskName, folder: string, split: Split = 'dev'): Promise<string> => {
  try {
    const read = await readAll(task, folder, split)
    return `accepted with ${read.length} rows`
  } catch (error) {
    return String(error instanceof Error ? error.message : error)
      .replaceAll(`${folder}/`, '')
      .replaceAll(folder, '.')
  }
}
