/**
 * A training from a config: task after task, each into a checkpoint of its own, then the tables. What is finished is not
 * done again; what is begun goes on.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '../../domain/problem.js'
import { removeLeftovers } from '../../io/atomicFile.js'
import { failureOf, isAbsence } from '../../io/fault.js'
import { withLock } from '../../io/lock.js'
import { createHeap } from '../../kernels/heap.js'
import type { EngineOptions } from '../digital.js'
import type { Format } from '../experiment/tables.js'
import { checkpointed } from '../interruption.js'
import type { Progress } from '../progress.js'
import { train, type LoopOptions } from './loop.js'
import { resultHash, trainedAs, writeResult } from './result.js'
import { damagedRecord, finishedState, isBegun, removeStates, saveFinished, type Told } from './state.js'
import { removeOutdated } from '../tableFiles.js'
import { tablePlace, writeTrainingTables, type TaskTold } from './tables.js'
import { statesFolder, type TrainingTask, type TrainingWorkspace } from './workspace.js'

export interface TrainOptions {
  readonly engines: EngineOptions
  readonly formats: readonly Format[]
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly saveEverySteps?: number
  /** Whether checkpoints may be written over others that lie in their place; default: no. */
  readonly overwrite?: boolean
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

/** What lies where a checkpoint is to go, though this training did not put it there, in words; null if nothing does. */
const stranger = async ({ folder, key }: TrainingTask, begun: boolean): Promise<string | null> => {
  const names = await readdir(folder).catch((error: unknown): readonly string[] => {
    if (isAbsence(error)) return []
    throw failureOf(folder, error)
  })
  if (names.length === 0) return null
  const training = await trainedAs(folder)
  // Killed while it wrote its result: the config comes last, and states stay until all of it is there.
  if (begun && (training === undefined || training === key)) return null
  if (training === undefined)
    return `${names.includes('model.safetensors') ? 'weights' : 'files'} without a config.json`
  if (training === null) return 'a checkpoint that was not trained here'
  return training === key
    ? 'one that was changed since, or whose record in the folder "states" is gone'
    : `that of another training, ${training.slice(0, 12)} (another config, other inputs or another version)`
}

/**
 * A finished task as it was told, if its checkpoint is still what was trained; null if there is training to do.
 * @throws Failure (in the promise) if the checkpoint would be written over another that may not be
 */
const found = async (
  out: string,
  task: TrainingTask,
  { progress, overwrite }: { readonly progress: Progress; readonly overwrite: boolean },
): Promise<Told | null> => {
  const place = { folder: statesFolder(out), key: task.key }
  const finished = await finishedState(place)
  if (finished !== null && (await resultHash(task.folder, task.open)) === finished.sha256) {
    await removeStates(place) // that a process which was killed at its very end left
    return finished
  }
  // A record that is damaged says nothing against the checkpoint: it is made again, with the same bytes.
  const damaged = await damagedRecord(place)
  if (damaged !== null) progress.note(`${damaged}: its checksum does not hold; trained anew`)
  const other = overwrite ? null : await stranger(task, damaged !== null || (await isBegun(place)))
  if (other !== null)
    fail(task.folder, '', 'nothing, or the checkpoint of this training (--overwrite trains over another)', other)
  if (finished !== null) progress.note(`${task.folder}: not the checkpoint that was trained here; trained anew`)
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

const trainAll = async (
  { config, settings, out, tasks, provenance }: TrainingWorkspace,
  { formats, engines, progress, overwrite = false, ...rest }: TrainOptions,
): Promise<FinishedTraining> => {
  await removeLeftovers(out)
  await removeLeftovers(statesFolder(out))
  // All of them before the first is trained: a refusal comes before anything is computed.
  const finished = new Map<TrainingTask, Told>()
  for (const task of tasks) {
    await removeLeftovers(task.folder)
    const before = await found(out, task, { progress, overwrite })
    if (before !== null) finished.set(task, before)
  }
  for (const file of await removeOutdated(tablePlace(out, provenance)))
    progress.note(`${file}: of another config, other inputs or an unfinished training; removed`)
  const options = {
    ...rest,
    config,
    settings,
    progress,
    engines: { ...engines, heap: engines.heap ?? createHeap(), signal: rest.signal },
  }
  const told: TaskTold[] = []
  const effort: Effort[] = []
  let kernels = 'none used'
  for (const task of tasks) {
    checkpointed(rest.signal)
    const name = task.open.source.task
    const before = finished.get(task)
    if (before !== undefined) {
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

/**
 * Refused while another process trains in the folder: its states and checkpoints cannot be two processes' work at once.
 * @throws Failure or Interrupted (in the promise); finished tasks and the last states of the others stay.
 */
export const runTraining = (workspace: TrainingWorkspace, options: TrainOptions): Promise<FinishedTraining> =>
  withLock(
    join(workspace.out, 'training.lock'),
    { busy: 'refuse', doing: 'trains', checkpoint: () => checkpointed(options.signal) },
    () => trainAll(workspace, options),
  )
