/**
 * What a training leaves on its way: after a step, the weights and both moments (safetensors) and, in a unit file, the
 * hash of those and everything the tables will tell. The unit file is written last, so a state is whole or not there;
 * the two latest are kept, so that a damaged one costs little.
 *
 *     KEY-STEP.safetensors    weights.*, first.*, second.*
 *     KEY-STEP.unit           SHA-256 of that file; steps; evaluations
 *     KEY.unit                of a finished training: SHA-256 of its checkpoint; steps; evaluations
 */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../domain/problem.js'
import { evaluationsTable, stepsTable, type EvaluationRow, type StepRow } from '../../domain/tables/training.js'
import type { Row, Table } from '../../domain/tables/table.js'
import { readSafetensors } from '../../io/checkpoint/safetensors.js'
import { writeSafetensors } from '../../io/checkpoint/safetensorsWriter.js'
import { readStoredInto } from '../../io/checkpoint/stored.js'
import { failureOf, isAbsence, orThrow } from '../../io/fault.js'
import { sha256OfFile } from '../../io/hash.js'
import { withSource } from '../../io/source.js'
import { provenanceOf, readUnit, unitState, writeRows, writeUnit } from '../../io/unitFile.js'
import type { TensorInTraining } from './model.js'

/** What the tables will tell of a training. */
export interface Told {
  readonly steps: readonly StepRow[]
  readonly evaluations: readonly EvaluationRow[]
}

export interface State extends Told {
  readonly step: number
  /** The weights and moments. */
  readonly tensors: string
}

/** Where the states of one training lie. */
export interface StatePlace {
  readonly folder: string
  /** SHA-256 of what it depends on. */
  readonly key: string
}

const kept = 2

const hashTable: Table<'sha256'> = {
  name: 'of',
  columns: [
    { name: 'sha256', type: 'utf8', nullable: false, unit: '', description: 'hash of the files this is told of' },
  ],
}

const stem = ({ folder, key }: StatePlace, step: number): string =>
  join(folder, `${key}-${String(step).padStart(9, '0')}`)
const finishedFile = ({ folder, key }: StatePlace): string => join(folder, `${key}.unit`)

const writeTold = (path: string, { key }: StatePlace, sha256: string, told: Told): Promise<void> =>
  writeUnit(path, provenanceOf(key), async unit => {
    await writeRows(unit, hashTable, [{ sha256 }])
    await writeRows(unit, stepsTable, told.steps)
    await writeRows(unit, evaluationsTable, told.evaluations)
  })

const all = async <R extends Row>(path: string, table: Table, place: number): Promise<readonly R[]> => {
  const rows: R[] = []
  for await (const row of readUnit<R>(path, table, place)) rows.push(row)
  return rows
}

const readTold = async (path: string): Promise<Told & { readonly sha256: string }> => ({
  sha256: (await all<Row<'sha256'> & { readonly sha256: string }>(path, hashTable, 0))[0]?.sha256 ?? '',
  steps: await all<StepRow>(path, stepsTable, 1),
  evaluations: await all<EvaluationRow>(path, evaluationsTable, 2),
})

/** Steps of which there is some file, the latest first. */
const stepsThere = async (place: StatePlace): Promise<readonly number[]> => {
  const names = await readdir(place.folder).catch((error: unknown) => {
    if (isAbsence(error)) return []
    throw failureOf(place.folder, error)
  })
  const steps = names.flatMap(name => {
    const [, key, step] = /^([0-9a-f]{64})-(\d{9})\.(?:unit|safetensors)$/.exec(name) ?? []
    return key === place.key ? [Number(step)] : []
  })
  return [...new Set(steps)].toSorted((a, b) => b - a)
}

const remove = async (place: StatePlace, steps: readonly number[]): Promise<void> => {
  for (const step of steps)
    for (const ending of ['unit', 'safetensors']) await rm(`${stem(place, step)}.${ending}`, { force: true })
}

/** Numbers written at a time. */
const piece = 2 ** 20

/** A copy of shared memory, piece by piece. */
const pieces = (numbers: () => Float32Array) =>
  function* (): Generator<Float32Array> {
    const whole = numbers()
    for (let at = 0; at < whole.length; at += piece) yield whole.slice(at, at + piece)
  }

const parts = ['weights', 'first', 'second'] as const

/** Writes the state after a step and lets go of all but the two latest. @throws Failure (in the promise) */
export const saveState = async (
  place: StatePlace,
  step: number,
  tensors: readonly TensorInTraining[],
  told: Told,
): Promise<void> => {
  const path = `${stem(place, step)}.safetensors`
  await orThrow(
    writeSafetensors(
      path,
      tensors.flatMap(t => parts.map(part => ({ name: `${part}.${t.name}`, shape: t.shape, data: pieces(t[part]) }))),
    ),
  )
  await writeTold(`${stem(place, step)}.unit`, place, await sha256OfFile(path), told)
  await remove(place, (await stepsThere(place)).slice(kept))
}

/** The state of a step; null if it is not whole. */
const stateOf = async (place: StatePlace, step: number): Promise<State | null> => {
  const [unit, tensors] = [`${stem(place, step)}.unit`, `${stem(place, step)}.safetensors`]
  if ((await unitState(unit)) !== 'whole') return null
  const { sha256, steps, evaluations } = await readTold(unit)
  const found = await sha256OfFile(tensors).catch((error: unknown) => {
    if (error instanceof Failure) return null
    throw error
  })
  return found === sha256 ? { step, tensors, steps, evaluations } : null
}

/** The latest whole state, null if there is none; files of states that are not whole are named and removed. */
export const latestState = async (place: StatePlace, note: (text: string) => void): Promise<State | null> => {
  for (const step of await stepsThere(place)) {
    const state = await stateOf(place, step)
    if (state !== null) return state
    note(`${stem(place, step)}: a state that is damaged or was never finished; what is before it is used`)
    await remove(place, [step])
  }
  return null
}

/** Puts a state's numbers into the model. @throws Failure (in the promise) if the file cannot be read */
export const restore = async (state: State, tensors: readonly TensorInTraining[]): Promise<void> => {
  const stored = await readSafetensors(state.tensors)
  await withSource(state.tensors, async source => {
    for (const t of tensors)
      for (const part of parts) {
        const tensor = stored.get(`${part}.${t.name}`)
        if (tensor === undefined) throw new Error(`${state.tensors}: no tensor ${part}.${t.name}`)
        await readStoredInto(source, tensor, t[part]())
      }
  })
}

/** Whether a training is on its way: a state of it is there, whole or not. */
export const isBegun = async (place: StatePlace): Promise<boolean> => (await stepsThere(place)).length > 0

/** @param sha256 of the checkpoint's files. States on the way are no longer needed. */
export const saveFinished = async (place: StatePlace, sha256: string, told: Told): Promise<void> => {
  await writeTold(finishedFile(place), place, sha256, told)
  await removeStates(place)
}

/** Lets go of all states on the way: of a training that is finished, they are what a kill left. @throws Failure (in the promise) */
export const removeStates = async (place: StatePlace): Promise<void> => remove(place, await stepsThere(place))

/** What a finished training told, and the hash of its checkpoint; null if it is not there or damaged. */
export const finishedState = async (place: StatePlace): Promise<(Told & { readonly sha256: string }) | null> =>
  (await unitState(finishedFile(place))) === 'whole' ? readTold(finishedFile(place)) : null

/** The record of a finished training, where it is there and does not count; else null. */
export const damagedRecord = async (place: StatePlace): Promise<string | null> => {
  const state = await unitState(finishedFile(place))
  return state === 'damaged' || state === 'misplaced' ? finishedFile(place) : null
}
