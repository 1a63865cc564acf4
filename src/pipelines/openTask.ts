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
import { counted } from '../domain/count.js'
import { Failure, fail, type Problem } from '../domain/problem.js'
import { classOrder } from '../domain/tasks/label.js'
import { outputs, tasks, type Task } from '../domain/tasks/task.js'
import type { Tokenizer } from '../domain/tokenizer/tokenizer.js'
import { openCheckpoint, type Checkpoint, type CheckpointOptions } from '../io/checkpoint/checkpoint.js'
import { openLearnedRanges, type LearnedRanges } from '../io/checkpoint/learnedRanges.js'
import { attempt, orThrow } from '../io/fault.js'
import { openDataset, type Dataset } from '../io/glue/dataset.js'
import { readTokenizer } from '../io/tokenizer.js'
import { noRangesFiles, type RangesFiles } from './savedRanges.js'
import { watched, type Watched } from './watched.js'

export interface Model {
  readonly checkpoint: Checkpoint
  readonly tokenizer: Tokenizer
  /** Longest sequence in tokens that the model takes. */
  readonly maxTokens: number
  readonly tokenizerFiles: readonly string[]
}

/** The first examples of a split. */
export interface ExampleData {
  readonly dataset: Dataset
  readonly examples: number
}

/** Examples that ranges and compensations are chosen on. */
export interface CalibrationData extends ExampleData {
  /** Input vectors of each layer, at most, that a compensation with offsets is fitted on. */
  readonly vectors: number
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
  /** Files of ranges that methods name. */
  readonly saved: RangesFiles
  readonly inputs: TaskInputs
  /** @throws Failure (in the promise) if a file is no longer what it was when its hash was taken. */
  readonly unchanged: () => Promise<void>
}

/** A checkpoint with the tokeniser that belongs to it; a token the model has no embedding for is refused here. */
export const openModel = (
  checkpointFolder: string,
  tokenizerFolder: string | null,
  options: CheckpointOptions = {},
): TaskEither<Problem, Model> =>
  attempt(checkpointFolder, async () => {
    const checkpoint = await orThrow(openCheckpoint(checkpointFolder, options))
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

/** Reads through the examples that are wanted, so that a bad row is found before anything is computed. */
export const countExamples = async (
  source: Pick<TaskSource, 'data' | 'split' | 'examples'>,
  dataset: Dataset,
): Promise<number> => {
  let count = 0
  for await (const { index } of dataset.examples()) {
    count = index + 1
    if (count === source.examples) return count
  }
  if (source.examples !== null)
    fail(source.data.written, `split ${source.split}`, `at least ${counted(source.examples, 'example')}`, `${count}`)
  return count
}

/** An encoder alone as the task's own classifier, which has no weights yet; a classifier as it is. */
const forTask = (checkpoint: Checkpoint, task: Task): Checkpoint =>
  checkpoint.hasClassifier
    ? checkpoint
    : {
        ...checkpoint,
        architecture: { ...checkpoint.architecture, labels: outputs(task) },
        labelNames: task.target.kind === 'classification' ? task.target.labels : [],
      }

/** What several tasks may have in common, each opened and hashed once. */
export interface Opened {
  readonly model: (checkpoint: string, tokenizer: string | null, options: CheckpointOptions) => Promise<Model>
  readonly watched: (files: readonly string[]) => Promise<Watched>
}

export const openedOnce = (): Opened => {
  const models = new Map<string, Promise<Model>>()
  const files = new Map<string, Promise<Watched>>()
  const once = <A>(known: Map<string, Promise<A>>, key: string, open: () => Promise<A>): Promise<A> => {
    const found = known.get(key) ?? open()
    known.set(key, found)
    return found
  }
  return {
    model: (...of) => once(models, JSON.stringify(of), () => orThrow(openModel(...of))),
    watched: of => once(files, JSON.stringify(of), () => watched(of)),
  }
}

export interface TaskOptions extends CheckpointOptions {
  /** The files of ranges that methods name, if they name any. */
  readonly saved?: RangesFiles
  readonly opened?: Opened
  /** Data of another task that a model of this one predicts: GLUE's diagnostic set. */
  readonly as?: Task
}

/**
 * @param calibration what of the task's data ranges are chosen on; null if nothing is to be calibrated
 * @param options an encoder without a classifier, if that will do, counts as one with the task's labels
 */
export const openTask = (
  source: TaskSource,
  calibration: Calibration | null,
  { saved = noRangesFiles, opened: shared = openedOnce(), as, ...options }: TaskOptions = {},
): TaskEither<Problem, OpenTask> =>
  attempt(source.checkpoint.resolved, async () => {
    const task = as ?? tasks[source.task]
    const opened = await shared.model(source.checkpoint.resolved, source.tokenizer?.resolved ?? null, options)
    const checkpoint = forTask(opened.checkpoint, task)
    const model = { ...opened, checkpoint }
    const order = classOrder(
      task,
      { labels: checkpoint.architecture.labels, labelNames: checkpoint.labelNames },
      join(checkpoint.folder, 'config.json'),
    )
    if (isLeft(order)) throw new Failure(order.left)
    const dataset = await orThrow(openDataset(task, source.data.resolved, source.split))
    const calibrating =
      calibration === null
        ? null
        : await orThrow(openDataset(tasks[source.task], source.data.resolved, calibration.split))
    const learned = calibration === null ? null : await orThrow(openLearnedRanges(checkpoint.folder))
    const files = {
      checkpoint: await shared.watched(checkpoint.files),
      tokenizer: await shared.watched(model.tokenizerFiles),
      data: await shared.watched(dataset.files),
      calibration: await shared.watched([...(calibrating?.files ?? []), ...(learned === null ? [] : [learned.file])]),
    }
    return {
      ...model,
      source,
      task,
      dataset,
      classOrder: order.right,
      learned,
      saved,
      examples: await countExamples(source, dataset),
      calibration:
        calibration === null || calibrating === null
          ? null
          : {
              dataset: calibrating,
              examples: await countExamples({ ...source, ...calibration }, calibrating),
              vectors: calibration.vectors,
            },
      inputs: {
        checkpoint: files.checkpoint.hash,
        tokenizer: files.tokenizer.hash,
        data: files.data.hash,
        calibration: calibrating === null ? null : files.calibration.hash,
      },
      unchanged: async () => {
        for (const file of [...Object.values(files), saved]) await file.unchanged()
      },
    }
  })
