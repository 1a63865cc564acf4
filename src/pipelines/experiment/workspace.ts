/**
 * An experiment made ready: config read, every task opened and checked, the plan laid out, the finished units found.
 * Nothing is computed here.
 */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { join } from 'node:path'
import { tilesOf, type Tile } from '../../domain/crossbar/tiling.js'
import { linearLayers, type Architecture } from '../../domain/encoder/architecture.js'
import { hardwareOf, type Config, type TaskSource } from '../../domain/experiment/config.js'
import { buildInWords, type TensorFlowBuild } from '../../domain/experiment/tensorflow.js'
import {
  plan,
  repetitionText,
  sharded,
  type MethodUnit,
  type RangesHashes,
  type Shard,
  type TaskInputs,
  type Unit,
} from '../../domain/experiment/plan.js'
import { fail, type Problem } from '../../domain/problem.js'
import { limits } from '../../domain/random/addresses.js'
import type { Provenance } from '../../domain/tables/table.js'
import type { Task } from '../../domain/tasks/task.js'
import { version } from '../../domain/version.js'
import { refuseNonFolder } from '../../io/atomicFile.js'
import { canonicalJson } from '../../io/config/canonical.js'
import { attempt, orThrow } from '../../io/fault.js'
import { sha256 } from '../../io/hash.js'
import { unitState, type UnitState } from '../../io/unitFile.js'
import { openTask, type OpenTask, type TaskOptions } from '../openTask.js'
import { checkLearned } from '../ranges.js'
import { filesOf, openRangesFiles, refuseUnfitRanges, type RangesFiles } from '../savedRanges.js'
import { tensorFlowOf } from '../tensorflow.js'

/** What of a task is laid out in units and shown in tables: nothing here needs its model or its data. */
export interface TaskFacts {
  readonly source: Pick<TaskSource, 'task'>
  readonly task: Task
  readonly inputs: TaskInputs
  readonly dataset: { readonly labelled: boolean }
  readonly checkpoint: { readonly architecture: Architecture }
}

/** A unit's place on disk, and its task made ready, or as much as is known of it. */
interface Placed<T extends TaskFacts = OpenTask> {
  /** SHA-256 of what it depends on. */
  readonly key: string
  readonly path: string
  readonly open: T
}

export type PlannedUnit<T extends TaskFacts = OpenTask> = Unit & Placed<T>
export type PlannedMethodUnit<T extends TaskFacts = OpenTask> = MethodUnit & Placed<T>
export type AnyPlannedUnit<T extends TaskFacts = OpenTask> = PlannedUnit<T> | PlannedMethodUnit<T>

/** Everything that the plan and the tables follow from. */
export interface Basis<T extends TaskFacts = OpenTask> {
  readonly config: Config
  readonly out: string
  readonly tasks: readonly T[]
  readonly provenance: Provenance
  /** Null where no method asks for it. */
  readonly tensorflow: TensorFlowBuild | null
  /** Of the files of ranges that methods name. */
  readonly files: RangesHashes
}

export interface Workspace<T extends TaskFacts = OpenTask> extends Basis<T> {
  /** The plan's scores, in the order of the tables. */
  readonly units: readonly PlannedUnit<T>[]
  /** What there is to find out about each analog method on each task, in the order of the tables. */
  readonly methodUnits: readonly PlannedMethodUnit<T>[]
}

/** As much of an experiment as its tables are made of, once its units are there. */
export type Laid = Workspace<TaskFacts>

/** For people: "cola: abs-max, chip 0, 1 h, read 0", or "cola: abs-max, its ranges". */
export const titleOf = (unit: AnyPlannedUnit<TaskFacts>): string =>
  `${unit.task.task}: ${unit.method.name}${
    unit.kind === 'scores'
      ? repetitionText(unit.repetition)
      : `, ${unit.kind === 'ranges' ? 'its ranges' : 'its errors'}`
  }`

export const unitProvenance = ({ key }: Pick<Placed, 'key'>): Provenance =>
  new Map([['ohmflow:depends-on-sha256', key]])

/** The units that find ranges, in the order of the tables. */
export const rangesUnits = <T extends TaskFacts>({
  methodUnits,
}: Pick<Workspace<T>, 'methodUnits'>): readonly PlannedMethodUnit<T>[] => methodUnits.filter(u => u.kind === 'ranges')

/** The tiles of a method's chip, in the order of the model. */
export const tilesOfUnit = (
  { config }: Pick<Workspace, 'config'>,
  { open, method }: Pick<PlannedMethodUnit<TaskFacts>, 'open' | 'method'>,
): readonly Tile[] => {
  const { tile } = hardwareOf(config, method)
  return linearLayers(open.checkpoint.architecture).flatMap(layer => tilesOf(layer, tile))
}

export const unitsFolder = (out: string): string => join(out, 'units')

/** The files of ranges that methods name, as they are written in the config, with their hashes; nothing without any. */
const rangesInputs = (config: Config, { hashes }: RangesFiles): { readonly ranges?: Record<string, string> } => {
  const files = [...filesOf(config)].map(([path, { written }]) => [written, hashes.get(path) ?? ''] as const)
  return files.length === 0 ? {} : { ranges: Object.fromEntries(files) }
}

const provenanceOf = (
  config: Config,
  hash: string,
  tasks: readonly OpenTask[],
  tensorflow: TensorFlowBuild | null,
): Provenance =>
  new Map([
    ['ohmflow:version', version],
    ['ohmflow:experiment', config.name],
    ['ohmflow:config-sha256', hash],
    ['ohmflow:seed', String(config.seed)],
    ...(tensorflow === null ? [] : [['ohmflow:tensorflow', buildInWords(tensorflow)] as const]),
    [
      'ohmflow:inputs',
      canonicalJson(
        tasks.map(({ source, saved, inputs: { calibration, ...inputs } }) => ({
          task: source.task,
          ...inputs,
          ...(calibration === null ? {} : { calibration }),
          ...rangesInputs(config, saved),
        })),
      ),
    ],
  ])

/** @throws Failure if a chip would part a layer into more tiles than random numbers have addresses for. */
const refuseTooManyTiles = (config: Config, { checkpoint }: OpenTask): void => {
  for (const method of config.methods) {
    if (method.execution === 'digital') continue
    const { tile } = hardwareOf(config, method)
    for (const { name, inputs, outputs } of linearLayers(checkpoint.architecture)) {
      const tiles = Math.ceil(inputs / tile.rows) * Math.ceil(outputs / tile.columns)
      const found = `${tiles} of ${tile.rows} x ${tile.columns} (method "${method.name}", hardware.tile)`
      if (tiles > limits.tile) fail(checkpoint.folder, name, `at most ${limits.tile} tiles`, found)
    }
  }
}

/** The plan, every unit with its place on disk. */
export const layOut = <T extends TaskFacts>(basis: Basis<T>): Workspace<T> => {
  const { config, out, tasks, tensorflow, files } = basis
  const placed = ({ taskIndex, dependsOn }: Unit | MethodUnit): Placed<T> => {
    const key = sha256(canonicalJson(dependsOn))
    const open = tasks[taskIndex]
    if (open === undefined) throw new RangeError(`no task ${taskIndex}`)
    return { key, path: join(unitsFolder(out), `${key}.unit`), open }
  }
  const { scores, methods } = plan(
    config,
    tasks.map(t => t.inputs),
    tensorflow,
    files,
  )
  return {
    ...basis,
    units: scores.map(unit => ({ ...unit, ...placed(unit) })),
    methodUnits: methods.map(unit => ({ ...unit, ...placed(unit) })),
  }
}

/** @param options what else there is to know of every task */
export const prepare = (
  config: Config,
  configHash: string,
  out: string,
  options: Pick<TaskOptions, 'as'> = {},
): TaskEither<Problem, Workspace> =>
  attempt(out, async () => {
    await refuseNonFolder(out)
    const tasks: OpenTask[] = []
    const calibration = config.methods.some(m => m.execution === 'analog') ? config.calibration : null
    const tensorflow = await orThrow(tensorFlowOf(config.name, config))
    const saved = await orThrow(openRangesFiles(config))
    for (const source of config.tasks) tasks.push(await orThrow(openTask(source, calibration, { saved, ...options })))
    for (const task of tasks) {
      refuseTooManyTiles(config, task)
      refuseUnfitRanges(config, saved, { task: task.source.task, architecture: task.checkpoint.architecture })
      await checkLearned(config, task)
    }
    return layOut({
      ...{ config, out, tasks, tensorflow },
      files: saved.hashes,
      provenance: provenanceOf(config, configHash, tasks, tensorflow),
    })
  })

export interface Remaining {
  /** Units of this shard still to be computed, each key once. */
  readonly missing: readonly AnyPlannedUnit[]
  /** Units still to be computed that belong to other shards. */
  readonly elsewhere: readonly AnyPlannedUnit[]
  /** Files that were there but did not pass their checksum; they are computed again. */
  readonly damaged: readonly string[]
}

const states = async (units: readonly Placed[]): Promise<ReadonlyMap<string, UnitState>> => {
  const found = new Map<string, UnitState>()
  for (const { key, path } of units) if (!found.has(key)) found.set(key, await unitState(path))
  return found
}

/**
 * The whole plan in the order in which it is computed: a method on a task after the other, its ranges first, where its
 * errors come from last. Each key once: methods that differ in name only share their units.
 */
export const allUnits = <T extends TaskFacts>({
  units,
  methodUnits,
}: Pick<Workspace<T>, 'units' | 'methodUnits'>): readonly AnyPlannedUnit<T>[] => {
  const groups = new Map<string, AnyPlannedUnit<T>[]>()
  const keys = new Set<string>()
  const place = { ranges: 0, scores: 1, errors: 2 } as const
  for (const unit of [...units, ...methodUnits]) {
    if (keys.has(unit.key)) continue
    keys.add(unit.key)
    const key = `${unit.taskIndex} ${unit.method.name}`
    groups.set(key, [...(groups.get(key) ?? []), unit])
  }
  return [...groups.values()].flatMap(group => group.sort((a, b) => place[a.kind] - place[b.kind] || a.index - b.index))
}

/** The plan minus what is already on disk; every file there is read through and checked. */
export const remaining = async (workspace: Workspace, shard: Shard): Promise<Remaining> => {
  const all = allUnits(workspace)
  const state = await states(all)
  const open = all.filter(u => state.get(u.key) !== 'whole')
  const missing = sharded(open, shard)
  const own = new Set(missing.map(u => u.key))
  return {
    missing,
    elsewhere: open.filter(u => !own.has(u.key)),
    damaged: open.filter(u => state.get(u.key) === 'damaged').map(u => u.path),
  }
}

/** How many of these units are still not there. */
export const unfinished = async (units: readonly AnyPlannedUnit[]): Promise<number> =>
  [...(await states(units)).values()].filter(state => state !== 'whole').length
