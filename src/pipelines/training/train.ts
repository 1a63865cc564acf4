/**
 * A training from a config: task after task, each into a checkpoint of its own, then the tables. What is finished is not
 * done again; what is begun goes on.
 */
import { removeLeftovers } from '../../io/atomicFile.js'
import { createHeap } from '../../kernels/heap.js'
import type { EngineOptions } from '../digital.js'
import type { Format } from '../experiment/tables.js'
import { checkpointed } from '../interruption.js'
import type { Progress } from '../progress.js'
import { train, type LoopOptions } from './loop.js'
import { resultHash, writeResult } from './result.js'
import { finishedState, saveFinished, type Told } from './state.js'
import { removeOutdatedTables, writeTrainingTables, type TaskTold } from './tables.js'
import { statesFolder, type TrainingTask, type TrainingWorkspace } from './workspace.js'

export interface TrainOptions {
  readonly engines: EngineOptions
  readonly formats: readonly Format[]
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly saveEverySteps?: number
}

/** What was computed for a task, for people: nothing of it stands in a table. */
export interface Effort {
  readonly task: string
  readonly steps: number
  readonly tokens: number
  readonly seconds: number
}

export interface FinishedTraining {
  readonly told: readonly TaskTold[]
  readonly effort: readonly Effort[]
  readonly tables: readonly string[]
  readonly kernels: string
}

/** A finished task as it was told, if its checkpoint is still what was trained. */
const found = async (out: string, task: TrainingTask, progress: Progress): Promise<Told | null> => {
  const finished = await finishedState({ folder: statesFolder(out), key: task.key })
  if (finished === null) return null
  if ((await resultHash(task.folder, task.open)) === finished.sha256) return finished
  progress.note(`${task.folder}: not the checkpoint that was trained here; trained anew`)
  return null
}

const trainTask = async (
  task: TrainingTask,
  options: LoopOptions,
): Promise<{ readonly told: Told; readonly effort: Effort; readonly kernels: string }> => {
  const { model, steps, evaluations, computed, tokens, seconds } = await train(task, options)
  try {
    await task.unchanged()
    await writeResult(task.folder, task.open, model, task.key)
    const told = { steps, evaluations }
    await saveFinished(options.states, (await resultHash(task.folder, task.open)) ?? '', told)
    return { told, effort: { task: task.open.source.task, steps: computed, tokens, seconds }, kernels: model.kernels }
  } finally {
    await model.close()
  }
}

/** @throws Failure or Interrupted (in the promise); finished tasks and the last states of the others stay. */
export const runTraining = async (
  { config, settings, out, tasks, provenance }: TrainingWorkspace,
  { formats, engines, progress, ...rest }: TrainOptions,
): Promise<FinishedTraining> => {
  await removeLeftovers(out)
  await removeLeftovers(statesFolder(out))
  for (const file of await removeOutdatedTables(out, provenance))
    progress.note(`${file}: of another config, other inputs or an unfinished training; removed`)
  const options = { ...rest, config, settings, progress, engines: { ...engines, heap: engines.heap ?? createHeap() } }
  const told: TaskTold[] = []
  const effort: Effort[] = []
  let kernels = 'none used'
  for (const task of tasks) {
    checkpointed(rest.signal)
    await removeLeftovers(task.folder)
    const name = task.open.source.task
    const before = await found(out, task, progress)
    if (before !== null) {
      told.push({ task: name, ...before })
      continue
    }
    const done = await trainTask(task, { ...options, states: { folder: statesFolder(out), key: task.key } })
    told.push({ task: name, ...done.told })
    effort.push(done.effort)
    kernels = done.kernels
  }
  return { told, effort, kernels, tables: await writeTrainingTables(out, provenance, told, formats) }
}
