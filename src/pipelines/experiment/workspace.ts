/**
 * An experiment made ready: config read, every task opened and checked, the plan laid out, the finished units found.
 * Nothing is computed here.
 */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { join } from 'node:path'
import { tilesOf, type Tile } from '../../domain/crossbar/tiling.js'
import { linearLayers, type Architecture } from '../../domain/encoder/architecture.js'
import { hardwareOf, type Config, type TaskSource } from '../../domain/experiment/config.js'
import { each } from '../../domain/experiment/results.js'
import { choicesText, onlySetting, type Setting, type Settings } from '../../domain/experiment/sweep.js'
import { buildInWords, firstOnTensorFlow, type TensorFlowBuild } from '../../domain/experiment/tensorflow.js'
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
import type { Column, Provenance } from '../../domain/tables/table.js'
import type { Task } from '../../domain/tasks/task.js'
import { version } from '../../domain/version.js'
import { refuseNonFolder } from '../../io/atomicFile.js'
import { canonicalJson } from '../../io/config/canonical.js'
import { attempt, orThrow } from '../../io/fault.js'
import { sha256 } from '../../io/hash.js'
import { provenanceOf as keyProvenance, unitState, type UnitState } from '../../io/unitFile.js'
import type { OpenTask, TaskOptions } from '../openTask.js'
import { missingExamples } from '../optimisation.js'
import { filesOf, type RangesFiles } from '../savedRanges.js'
import { tensorFlowOf } from '../tensorflow.js'
import { preparedSettings, rangesFilesOf, type SettingWithTasks } from './settings.js'

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
  /** Whose config it is a unit of. */
  readonly setting: SettingWithTasks<T>
}

export type PlannedUnit<T extends TaskFacts = OpenTask> = Unit & Placed<T>
export type PlannedMethodUnit<T extends TaskFacts = OpenTask> = MethodUnit & Placed<T>
export type AnyPlannedUnit<T extends TaskFacts = OpenTask> = PlannedUnit<T> | PlannedMethodUnit<T>

/** Everything that the plan and the tables follow from. */
export interface Basis<T extends TaskFacts = OpenTask> {
  /** As written, with its sweep: what runs is that of the settings. */
  readonly config: Config
  readonly settings: readonly SettingWithTasks<T>[]
  /** What tells settings apart in the tables. */
  readonly settingColumns: readonly Column[]
  readonly out: string
  /** Of all settings, each once. */
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
export const titleOf = (unit: AnyPlannedUnit<TaskFacts>): string => {
  const { task, method, setting, kind } = unit
  // A unit that several settings share is told by the first of them, digital ones without.
  const choices = method.execution === 'digital' ? '' : choicesText(setting.choices)
  const rest = kind === 'scores' ? repetitionText(unit.repetition) : `, its ${kind}`
  return `${task.task}: ${method.name}${choices === '' ? '' : `, ${choices}`}${rest}`
}

/** What its file says of a unit. */
export const unitProvenance = ({ key }: Pick<Placed, 'key'>): Provenance => keyProvenance(key)

/** The units that find ranges, in the order of the tables. */
export const rangesUnits = <T extends TaskFacts>({
  methodUnits,
}: Pick<Workspace<T>, 'methodUnits'>): readonly PlannedMethodUnit<T>[] => methodUnits.filter(u => u.kind === 'ranges')

/** The tiles of a method's chip, in the order of the model. */
export const tilesOfUnit = ({
  setting,
  open,
  method,
}: Pick<PlannedMethodUnit<TaskFacts>, 'setting' | 'open' | 'method'>): readonly Tile[] => {
  const { tile } = hardwareOf(setting.config, method)
  return linearLayers(open.checkpoint.architecture).flatMap(layer => tilesOf(layer, tile))
}

export const unitsFolder = (out: string): string => join(out, 'units')

/** The files of ranges that methods name, as they are written in the config, with their hashes; nothing without any. */
const rangesInputs = (
  settings: readonly Setting[],
  { hashes }: RangesFiles,
): { readonly ranges?: Record<string, string> } => {
  const files = settings
    .flatMap(({ config }) => [...filesOf(config)])
    .map(([path, { written }]) => [written, hashes.get(path) ?? ''] as const)
  return files.length === 0 ? {} : { ranges: Object.fromEntries(files) }
}

const provenanceOf = (
  { config, settings, tasks }: Pick<Workspace, 'config' | 'settings' | 'tasks'>,
  hash: string,
  tensorflow: TensorFlowBuild | null,
): Provenance =>
  new Map([
    ['ohmflow:version', version],
    ['ohmflow:experiment', config.name],
    ['ohmflow:config-sha256', hash],
    ['ohmflow:seed', each(settings.map(s => String(s.config.seed))).join(', ')],
    ...(tensorflow === null ? [] : [['ohmflow:tensorflow', buildInWords(tensorflow)] as const]),
    [
      'ohmflow:inputs',
      `[${each(
        tasks.map(({ source, saved, inputs: { calibration, ...inputs } }) =>
          canonicalJson({
            task: source.task,
            ...inputs,
            ...(calibration === null ? {} : { calibration }),
            ...rangesInputs(settings, saved),
          }),
        ),
      ).join(',')}]`,
    ],
  ])

/** Units of equal keys are one unit, and count as one. */
const numbered = <U extends Pick<AnyPlannedUnit, 'key' | 'index'>>(units: readonly U[], places: Map<string, number>) =>
  units.map((unit): U => {
    const index = places.get(unit.key) ?? places.size
    places.set(unit.key, index)
    return { ...unit, index }
  })

/** The plan, every unit with its place on disk. */
export const layOut = <T extends TaskFacts>(basis: Basis<T>): Workspace<T> => {
  const { settings, out, tensorflow, files } = basis
  const planned = settings.map(setting => {
    const placed = ({ taskIndex, dependsOn }: Unit | MethodUnit): Placed<T> => {
      const key = sha256(canonicalJson(dependsOn))
      const open = setting.tasks[taskIndex]
      if (open === undefined) throw new RangeError(`no task ${taskIndex}`)
      return { key, path: join(unitsFolder(out), `${key}.unit`), open, setting }
    }
    const inputs = setting.tasks.map(t => t.inputs)
    const { scores, methods } = plan(setting.config, inputs, tensorflow, files)
    return {
      scores: scores.map(unit => ({ ...unit, ...placed(unit) })),
      methods: methods.map(unit => ({ ...unit, ...placed(unit) })),
    }
  })
  const places = new Map<string, number>()
  return {
    ...basis,
    units: numbered(
      planned.flatMap(p => p.scores),
      places,
    ),
    methodUnits: numbered(
      planned.flatMap(p => p.methods),
      places,
    ),
  }
}

/** Here, and not hours later. @throws Failure if a method's rule looks at more calibration examples than there are */
const refuseMissingExamples = (name: string, settings: readonly SettingWithTasks<OpenTask>[]): void => {
  for (const { config, tasks } of settings)
    config.methods.forEach((method, i) => {
      if (method.execution === 'digital') return
      for (const { calibration } of tasks) {
        const missing = calibration === null ? null : missingExamples(method.columnRange, calibration)
        if (missing !== null) fail(name, `methods.${i}.columnRange.inputs`, missing.expected, missing.found)
      }
    })
}

/**
 * @param wanted what the config comes to; without a sweep, itself
 * @param options what else there is to know of every task
 */
export const prepare = (
  config: Config,
  configHash: string,
  out: string,
  wanted: Settings = onlySetting(config),
  options: Pick<TaskOptions, 'as'> = {},
): TaskEither<Problem, Workspace> =>
  attempt(out, async () => {
    await refuseNonFolder(out)
    const asking = wanted.all.find(s => firstOnTensorFlow(s.config) >= 0) ?? wanted.all[0]
    const tensorflow = await orThrow(tensorFlowOf(config.name, asking.config))
    const saved = await rangesFilesOf(config.name, wanted)
    const { settings, tasks } = await preparedSettings(wanted, { saved, ...options })
    refuseMissingExamples(config.name, settings)
    return layOut({
      ...{ config, settings, settingColumns: wanted.columns, out, tasks, tensorflow },
      files: saved.hashes,
      provenance: provenanceOf({ config, settings, tasks }, configHash, tensorflow),
    })
  })

export interface Remaining {
  /** Units of this shard still to be computed, each key once. */
  readonly missing: readonly AnyPlannedUnit[]
  /** Units still to be computed that belong to other shards. */
  readonly elsewhere: readonly AnyPlannedUnit[]
  /** Files that were there but do not count, and why; they are computed again. */
  readonly unfit: readonly string[]
}

const states = async (units: readonly Placed[]): Promise<ReadonlyMap<string, UnitState>> => {
  const found = new Map<string, UnitState>()
  for (const { key, path } of units) if (!found.has(key)) found.set(key, await unitState(path))
  return found
}

/** What the units of one method on one task in one setting have in common. */
const subjectOf = ({ setting, taskIndex, method }: AnyPlannedUnit<TaskFacts>): string =>
  `${setting.index} ${taskIndex} ${method.name}`

const tileOf = ({ setting, method }: AnyPlannedUnit<TaskFacts>): string => {
  if (method.execution === 'digital') return ''
  const { rows, columns } = hardwareOf(setting.config, method).tile
  return `${rows} x ${columns}`
}

/** Where each of some things first stands. */
const firstPlaces = <A>(things: readonly A[]): ReadonlyMap<A, number> =>
  new Map(each(things).map((thing, i) => [thing, i] as const))

/**
 * The whole plan in the order in which it is computed: tasks outermost, in them sizes of tiles, which share a calibration;
 * then a method after the other, its ranges first, where its errors come from last, and with it whatever else has the same
 * ranges. Each key once: methods that differ in name only, and settings in what a unit does not depend on, share it.
 */
export const allUnits = <T extends TaskFacts>({
  tasks,
  units,
  methodUnits,
}: Pick<Workspace<T>, 'tasks' | 'units' | 'methodUnits'>): readonly AnyPlannedUnit<T>[] => {
  const all: readonly AnyPlannedUnit<T>[] = [...units, ...methodUnits]
  const ranges = new Map(rangesUnits({ methodUnits }).map(unit => [subjectOf(unit), unit.key] as const))
  const groups = new Map<string, [AnyPlannedUnit<T>, ...AnyPlannedUnit<T>[]]>()
  const keys = new Set<string>()
  const [taskPlaces, tilePlaces] = [firstPlaces(tasks), firstPlaces(all.map(tileOf))]
  for (const unit of all) {
    if (keys.has(unit.key)) continue
    keys.add(unit.key)
    const key = `${taskPlaces.get(unit.open) ?? ''} ${ranges.get(subjectOf(unit)) ?? subjectOf(unit)}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [unit])
    else group.push(unit)
  }
  const [ofTask, ofTile] = [
    (unit: AnyPlannedUnit<T>): number => taskPlaces.get(unit.open) ?? 0,
    (unit: AnyPlannedUnit<T>): number => tilePlaces.get(tileOf(unit)) ?? 0,
  ]
  const place = { ranges: 0, scores: 1, errors: 2 } as const
  return [...groups.values()]
    .sort(([a], [b]) => ofTask(a) - ofTask(b) || ofTile(a) - ofTile(b))
    .flatMap(group => group.sort((a, b) => place[a.kind] - place[b.kind] || a.index - b.index))
}

const reasons: Readonly<Record<UnitState, string | null>> = {
  ...{ absent: null, whole: null },
  damaged: 'its checksum does not hold',
  misplaced: 'another unit under the name of this one',
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
    unfit: open.flatMap(({ key, path }) => {
      const why = reasons[state.get(key) ?? 'absent']
      return why === null ? [] : [`${path}: ${why}; computed again`]
    }),
  }
}

/** How many of these units are still not there. */
export const unfinished = async (units: readonly AnyPlannedUnit[]): Promise<number> =>
  [...(await states(units)).values()].filter(state => state !== 'whole').length
