/**
 * A task of the config with everything it names opened and checked against each other: checkpoint, tokeniser, data.
 * Not done here: reading weights; that happens when an engine is made.
 */
import { isLeft } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { join } from 'node:path'
import { maxTokens } from '../domain/encoder/architecture.js'
import type { TaskSource } from '../domain/experiment/config.js'
import type { TaskInputs } from '../domain/experiment/plan.js'
import { Failure, fail, type Problem } from '../domain/problem.js'
import { classOrder } from '../domain/tasks/label.js'
import { tasks, type Task } from '../domain/tasks/task.js'
import type { Tokenizer } from '../domain/tokenizer/tokenizer.js'
import { openCheckpoint, type Checkpoint } from '../io/checkpoint/checkpoint.js'
import { attempt, orThrow } from '../io/fault.js'
import { openDataset, type Dataset } from '../io/glue/dataset.js'
import { sha256, sha256OfFile } from '../io/hash.js'
import { readTokenizer } from '../io/tokenizer.js'

export interface Model {
  readonly checkpoint: Checkpoint
  readonly tokenizer: Tokenizer
  /** Longest sequence in tokens that the model takes. */
  readonly maxTokens: number
  readonly tokenizerFiles: readonly string[]
}

export interface OpenTask extends Model {
  readonly source: TaskSource
  readonly task: Task
  readonly dataset: Dataset
  /** Class of the task that each output of the checkpoint stands for. */
  readonly classOrder: readonly number[]
  /** Examples that will be scored. */
  readonly examples: number
  readonly inputs: TaskInputs
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

const hashed = async (files: readonly string[]): Promise<string> => {
  const hashes: string[] = []
  for (const file of files) hashes.push(await sha256OfFile(file))
  return sha256(hashes.join('\n'))
}

/** Reads through the examples that are wanted, so that a bad row is found before anything is computed. */
const countExamples = async (source: TaskSource, dataset: Dataset): Promise<number> => {
  let count = 0
  for await (const { index } of dataset.examples()) {
    count = index + 1
    if (count === source.examples) return count
  }
  if (source.examples !== null)
    fail(source.data.written, `split ${source.split}`, `at least ${source.examples} examples`, `${count}`)
  return count
}

export const openTask = (source: TaskSource): TaskEither<Problem, OpenTask> =>
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
    return {
      ...model,
      source,
      task,
      dataset,
      classOrder: order.right,
      examples: await countExamples(source, dataset),
      inputs: {
        checkpoint: await hashed(checkpoint.files),
        tokenizer: await hashed(model.tokenizerFiles),
        data: await hashed(dataset.files),
      },
    }
  })
