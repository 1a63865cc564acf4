/**
 * One split of one GLUE task as a stream of examples, whichever layout its folder has.
 * Not modelled: shuffling, sampling, caching; a data set is read again from its files each time it is asked for.
 */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Problem } from '../../domain/problem.js'
import type { Example } from '../../domain/tasks/example.js'
import type { Split, Task } from '../../domain/tasks/task.js'
import { attempt } from '../fault.js'
import { findSplit, type SplitFiles } from './folder.js'
import { parquetExamples, type Labels } from './parquet.js'
import { tsvExamples } from './tsv.js'

export interface Dataset {
  readonly task: Task
  readonly split: Split
  /** Files that decide the examples, in the order they are read. */
  readonly files: readonly string[]
  /** Whether every example has a label; if not, none has. */
  readonly labelled: boolean
  /**
   * The examples from the first on, pulled one by one; files are closed at the end, on failure and on leaving early.
   * Throws a Failure at the first row that is not as the task has it.
   */
  readonly examples: () => AsyncIterable<Example>
}

const examplesOf = (task: Task, split: Split, { kind, files }: SplitFiles, labels: Labels): AsyncIterable<Example> => {
  const [file = ''] = files
  return kind === 'tsv' ? tsvExamples(task, task.tsv[split], file) : parquetExamples(task, files, labels)
}

/** The first example, which also proves that the files open and look as they should. */
const firstOf = async (examples: AsyncIterable<Example>): Promise<Example | null> => {
  for await (const example of examples) return example
  return null
}

/**
 * Opens one split of a task in `folder`: the task's own folder, or the one above it that holds all tasks.
 * The layout (official TSV or Hugging Face Parquet) is recognised by looking; header, schema and first row are checked.
 * Test splits may come without labels (TSV: always; Parquet: -1); training and development splits may not.
 */
export const openDataset = (task: Task, folder: string, split: Split): TaskEither<Problem, Dataset> =>
  attempt(folder, async () => {
    const found = await findSplit(task, folder, split)
    const first = await firstOf(examplesOf(task, split, found, split === 'test' ? 'either' : 'present'))
    const labelled = first !== null && first.label !== null
    const examples = () => examplesOf(task, split, found, labelled ? 'present' : 'absent')
    return { task, split, files: found.files, labelled, examples }
  })
