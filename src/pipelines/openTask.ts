/**
 * A task of the config with everything it names opened and checked against each other: checkpoint, tokeniser, data.
 * Not done here: reading weights; that happens when an engine is made.
 */
import { isLeft } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { join } from 'node:path'
import { maxTokens } from '../domain/encoder/architecture.js'
import type { Calibration, TaskSource } from '../domain/experiment/config.js'
import type { TaskInputs } from '../domain/experiment/plan.js'
import { Failure, fail, type Problem } from '../domain/problem.js'
import { classOrder } from '../domain/tasks/label.js'
import { tasks, type Task } from '../domain/tasks/task.js'
import type { Tokenizer } from '../domain/tokenizer/tokenizer.js'
import { openCheckpoint, type Checkpoint } from '../io/checkpoint/checkpoint.js'
import { openLearnedRanges, type LearnedRanges } from '../io/checkpoint/learnedRanges.js'
import { attempt, orThrow } from '../io/fault.js'
import { openDataset, type Dataset } from '../io/glue/dataset.js'
import { sha256, sha256OfFile, signatureOfFile } from '../io/hash.js'
import { readTokenizer } from '../io/tokenizer.js'

export interface Model {
  readonly checkpoint: Checkpoint
  readonly tokenizer: Tokenizer
  /** Longest sequence in tokens that the model takes. */
  readonly maxTokens: number
  readonly tokenizerFiles: readonly string[]
}

/** The first examples of a split. */
export interface CalibrationData {
  readonly dataset: Dataset
  readonly examples: number
}

export interface OpenTask extends Model {
  readonly source: TaskSource
  readonly task: Task
  readonly dataset: Dataset
  /** Class of the task that each output of the checkpoint stands for. */
  readonly classOrder: readonly number[]
  /** Examples that will be scored. */
  readonly examples: number
  /** What ranges are chosen on; null where no method has a chip. */
  readonly calibration: CalibrationData | null
  /** Ranges that came with the checkpoint; null if none did, or no method has a chip. */
  readonly learned: LearnedRanges | null
  readonly inputs: TaskInputs
  /** @throws Failure (in the promise) if a file is no longer what it was when its hash was taken. */
  readonly unchanged: () => Promise<void>
}

/** A checkpoint with the tokeniser that belongs to it; a token the model has no embedding for is refused here. */
export const openModel = (checkpointFolder: string, tokenizerFolder: string | null): TaskEither<Problem, Model> =>
  attempt(checkpointFolder, async () => {
    const checkpoint = await orThrow(openCheckpoint(checkpointFolder))
    const { tokenizer, files } = await orThrow(readTokenizer(tokenizerFolder ?? checkpointFolder))
    const { vocabulary, paddingId } = checkpoint.architecture
    if (tokenizer.vocabularySize > vocabulary)
      fail(
        tokenizerFolder ?? checkpointFolder,
        'vocabulary',
        `at most ${vocabulary} tokens, the model's vocabulary`,
        `${tokenizer.vocabularySize} tokens`,
      )
    if (tokenizer.paddingId !== paddingId)
      fail(
        tokenizerFolder ?? checkpointFolder,
        '<pad>',
        `id ${paddingId}, the model's pad_token_id`,
        `id ${tokenizer.paddingId}`,
      )
    return { checkpoint, tokenizer, maxTokens: maxTokens(checkpoint.architecture), tokenizerFiles: files }
  })

/** A file as it was when it was hashed. */
interface Seen {
  readonly file: string
  readonly signature: string
  readonly hash: string
}

/** The signature is taken first: whatever changes while the file is hashed shows later. */
const seen = async (files: readonly string[]): Promise<readonly Seen[]> => {
  const result: Seen[] = []
  for (const file of files)
    result.push({ file, signature: await signatureOfFile(file), hash: await sha256OfFile(file) })
  return result
}

const together = (files: readonly Seen[]): string => sha256(files.map(f => f.hash).join('\n'))

const unchanged = async (files: readonly Seen[]): Promise<void> => {
  for (const { file, signature, hash } of files)
    if ((await signatureOfFile(file)) !== signature && (await sha256OfFile(file)) !== hash)
      fail(file, '', 'the file as it was when the run began', 'another: it was changed meanwhile')
}

/** Reads through the examples that are wanted, so that a bad row is found before anything is computed. */
const countExamples = async (
  source: Pick<TaskSource, 'data' | 'split' | 'examples'>,
  dataset: Dataset,
): Promise<number> => {
  let count = 0
  for await (const { index } of dataset.examples()) {
    count = index + 1
    if (count === source.examples) return count
  }
  if (source.examples !== null)
    fail(source.data.written, `split ${source.split}`, `at least ${source.examples} examples`, `${count}`)
  return count
}

/** @param calibration what of the task's data ranges are chosen on; null if nothing is to be calibrated */
export const openTask = (source: TaskSource, calibration: Calibration | null): TaskEither<Problem, OpenTask> =>
  attempt(source.checkpoint.resolved, async () => {
    const task = tasks[source.task]
    const model = await orThrow(openModel(source.checkpoint.resolved, source.tokenizer?.resolved ?? null))
    const { checkpoint } = model
    const order = classOrder(
      task,
      { labels: checkpoint.architecture.labels, labelNames: checkpoint.labelNames },
      join(checkpoint.folder, 'config.json'),
    )
    if (isLeft(order)) throw new Failure(order.left)
    const dataset = await orThrow(openDataset(task, source.data.resolved, source.split))
    const calibrating =
      calibration === null ? null : await orThrow(openDataset(task, source.data.resolved, calibration.split))
    const learned = calibration === null ? null : await orThrow(openLearnedRanges(checkpoint.folder))
    const files = {
      checkpoint: await seen(checkpoint.files),
      tokenizer: await seen(model.tokenizerFiles),
      data: await seen(dataset.files),
      calibration: await seen([...(calibrating?.files ?? []), ...(learned === null ? [] : [learned.file])]),
    }
    return {
      ...model,
      source,
      task,
      dataset,
      classOrder: order.right,
      learned,
      examples: await countExamples(source, dataset),
      calibration:
        calibration === null || calibrating === null
          ? null
          : { dataset: calibrating, examples: await countExamples({ ...source, ...calibration }, calibrating) },
      inputs: {
        checkpoint: together(files.checkpoint),
        tokenizer: together(files.tokenizer),
        data: together(files.data),
        calibration: calibrating === null ? null : together(files.calibration),
      },
      unchanged: () => unchanged(Object.values(files).flat()),
    }
  })
