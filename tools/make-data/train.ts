/**
 * One miniature model trained as `ohmflow train` would, into the folder of its checkpoint. Begun before, it goes on from
 * its last state. Not here: what it learns from, and how (recipe.ts).
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import type { Json } from '../../src/domain/experiment/config.js'
import { Failure } from '../../src/domain/problem.js'
import type { EvaluationRow } from '../../src/domain/tables/training.js'
import type { TaskName } from '../../src/domain/tasks/task.js'
import { writeAtomically, writeTextAtomically } from '../../src/io/atomicFile.js'
import { learnedRangesFile } from '../../src/io/checkpoint/learnedRanges.js'
import { readJsonFile } from '../../src/io/checkpoint/weights.js'
import { configHash } from '../../src/io/config/canonical.js'
import { decodeConfig } from '../../src/io/config/config.js'
import { orThrow } from '../../src/io/fault.js'
import { sizeOf } from '../../src/io/source.js'
import { runTraining, type TrainOptions } from '../../src/pipelines/training/train.js'
import { prepareTraining } from '../../src/pipelines/training/workspace.js'
import { chip, type Recipe } from './recipe.js'

export type Making = Pick<TrainOptions, 'engines' | 'progress' | 'signal'>

export interface Lesson {
  readonly task: TaskName
  /** Folder of the checkpoint it starts from. */
  readonly start: string
  readonly data: string
  readonly recipe: Recipe
  readonly seed: number
  /** Folder for checkpoint and states. */
  readonly out: string
}

/** @returns the scores of the finished model. @throws Failure or Interrupted (in the promise) */
export const trained = async (
  { task, start, data, recipe, seed, out }: Lesson,
  making: Making,
): Promise<readonly EvaluationRow[]> => {
  const file = `training of ${task}`
  const decoded = decodeConfig(file, out, {
    ...{ schema: 1, name: task, seed, tasks: [{ task, checkpoint: start, data }] },
    ...{ hardware: chip, methods: [{ name: 'digital', execution: 'digital' }], train: recipe },
  })
  if (isLeft(decoded)) throw new Failure(decoded.left[0])
  const { right: config } = decoded
  if (config.train === null) throw new TypeError('"recipe" expected a training, got none')
  const workspace = await orThrow(prepareTraining(config, config.train, configHash(config), out))
  // The folder is make-data's own: what a recipe of before left there is in its way.
  const { told } = await runTraining(workspace, { ...making, formats: [], overwrite: true })
  const evaluations = told.flatMap(t => t.evaluations)
  return evaluations.filter(row => row.epoch === evaluations.at(-1)?.epoch)
}

/**
 * Copies a trained checkpoint. Of how it came to be, its config.json then tells the recipe, in place of a version and the
 * name of a training: the data change when what they are made by does, not with every release.
 */
export const publish = async (from: string, to: string, recipe: Recipe): Promise<void> => {
  for (const name of ['tokenizer.json', 'model.safetensors', learnedRangesFile]) {
    if ((await sizeOf(join(from, name))) === null) continue
    const bytes = await readFile(join(from, name))
    await writeAtomically(join(to, name), sink => sink.write(bytes))
  }
  // as: a checkpoint's config.json, which the training has just written as an object
  const config = (await readJsonFile(join(from, 'config.json'))) as Readonly<Record<string, Json>>
  const told = { ...config, ohmflow: { trained: true, recipe } }
  await writeTextAtomically(join(to, 'config.json'), `${JSON.stringify(told, null, 2)}\n`)
}
