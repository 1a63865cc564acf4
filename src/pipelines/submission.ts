/**
 * Predictions of a task's test split into a file that the GLUE leaderboard takes, digitally or on one chip at one time.
 * Not here: the names and the format of the files (`domain/tasks/submission.ts`).
 */
import { join } from 'node:path'
import type { Config, TaskSource } from '../domain/experiment/config.js'
import { fail } from '../domain/problem.js'
import { submissionHeader, submissionLine, type Submission } from '../domain/tasks/submission.js'
import type { Engine } from '../engines/engine.js'
import { writeAtomically } from '../io/atomicFile.js'
import { toEnd } from './interruption.js'
import type { OpenTask } from './openTask.js'
import { outcomes } from './outcomes.js'
import type { Progress } from './progress.js'

/** Only the official copy of MRPC comes with labels of its test split, in Parquet; they are passed over. */
const mayHaveLabels = ({ task }: Submission): boolean => task.name === 'mrpc'

/** @throws Failure if its examples have labels: then they are not those that the leaderboard asks for */
export const refuseLabelled = (submission: Submission, { dataset, source }: OpenTask): void => {
  if (dataset.labelled && !mayHaveLabels(submission))
    fail(source.data.written, `split ${source.split}`, "examples without labels, as GLUE's test splits", 'labels')
}

/** The config with one task, its whole test split, and one method; null if it has neither a model for the submission nor the method. */
export const configFor = (
  config: Config,
  { models }: Submission,
  wanted: { readonly method: string; readonly data: TaskSource['data'] | null },
): Config | null => {
  const source = models.flatMap(name => config.tasks.filter(t => t.task === name))[0]
  const method = config.methods.find(m => m.name === wanted.method)
  if (source === undefined || method === undefined) return null
  const task = { ...source, split: 'test' as const, examples: null, data: wanted.data ?? source.data }
  return { ...config, tasks: [task], methods: [method] }
}

export interface SubmissionOptions {
  readonly out: string
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** Whole or not at all. @returns path and rows of the file. @throws Failure or Interrupted (in the promise) */
export const writeSubmission = async (
  submission: Submission,
  open: OpenTask,
  engine: Engine,
  { out, progress, signal }: SubmissionOptions,
): Promise<{ readonly path: string; readonly rows: number }> => {
  refuseLabelled(submission, open)
  const path = join(out, submission.file)
  let rows = 0
  progress.begin(`${submission.name}: test`, open.examples)
  await writeAtomically(path, async sink => {
    const encoder = new TextEncoder()
    await sink.write(encoder.encode(submissionHeader))
    await toEnd(
      outcomes(open, engine, async (batch, tokens) => {
        const lines = batch.map(
          ({ example, prediction }) =>
            submissionLine(submission.task, example, prediction) ??
            fail(open.checkpoint.folder, `example ${example}`, 'logits that are numbers', 'NaN'),
        )
        await sink.write(encoder.encode(lines.join('')))
        rows += batch.length
        progress.advance(batch.length, tokens)
      }),
      signal,
    )
    await open.unchanged()
  })
  progress.end()
  return { path, rows }
}
