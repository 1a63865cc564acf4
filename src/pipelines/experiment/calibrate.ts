/**
 * The ranges of every analog method on every task: the ranges' units of the experiment's plan, then a file of each method's
 * ranges. What `run` finds there it takes over, and the other way round.
 */
import { join, resolve } from 'node:path'
import { linearLayers } from '../../domain/encoder/architecture.js'
import { hardwareOf } from '../../domain/experiment/config.js'
import { fillsRows, type AnalogMethod } from '../../domain/experiment/method.js'
import { fail } from '../../domain/problem.js'
import { layerRanges, type LayerRanges } from '../../domain/ranges/layer-ranges.js'
import type { SavedLayers } from '../../domain/ranges/saved.js'
import { removeLeftovers } from '../../io/atomicFile.js'
import { writeRangesFile } from '../../io/rangesFile.js'
import { checkpointed, Interrupted } from '../interruption.js'
import { keptRange, type ChosenRanges } from '../ranges.js'
import { filesOf } from '../savedRanges.js'
import { computeRanges, readRanges } from './rangesUnit.js'
import type { RunOptions } from './run.js'
import type { PreparedSetting } from './settings.js'
import {
  allUnits,
  rangesUnits,
  remaining,
  tilesOfUnit,
  unitsFolder,
  type PlannedMethodUnit,
  type Workspace,
} from './workspace.js'

/** What was found for one layer by one method on one task; of a sweep, beside the cells that tell its setting apart. */
export type CalibratedLayer = LayerRanges & {
  readonly task: string
  readonly method: string
  readonly layer: string
}

export interface Calibration {
  readonly units: number
  readonly computed: number
  /** Settings, then tasks, methods and layers, each in their order. */
  readonly layers: readonly CalibratedLayer[]
  /** The files written, a method after the other. */
  readonly files: readonly string[]
}

export type CalibrateOptions = Pick<RunOptions, 'progress' | 'signal' | 'engines'>

/** The method's name in a file's, with what file systems take for something else as `%` and its code. */
export const rangesFileName = (method: string): string =>
  `${method.replace(/[%/\\:*?"<>|]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}.ranges.json`

/** Tiles of every layer, with what belongs to each. */
const byLayer = <A>(
  unit: PlannedMethodUnit,
  ranges: readonly ChosenRanges[],
  of: (tile: ReturnType<typeof tilesOfUnit>[number], chosen: ChosenRanges) => A,
): ReadonlyMap<string, readonly A[]> => {
  const layers = new Map<string, A[]>(linearLayers(unit.open.checkpoint.architecture).map(l => [l.name, []]))
  for (const [i, tile] of tilesOfUnit(unit).entries()) {
    const chosen = ranges[i]
    if (chosen === undefined) throw new RangeError(`no ranges of tile ${tile.index} of ${tile.layer}`)
    layers.get(tile.layer)?.push(of(tile, chosen))
  }
  return layers
}

const layersOf = (unit: PlannedMethodUnit, ranges: readonly ChosenRanges[]): readonly CalibratedLayer[] =>
  [...byLayer(unit, ranges, (place, chosen) => ({ ...chosen, place, inputRange: keptRange(chosen) }))].map(
    ([layer, tiles]) => ({
      ...unit.setting.cells,
      ...{ task: unit.task.task, method: unit.method.name, layer },
      ...layerRanges(tiles),
    }),
  )

const savedLayers = (unit: PlannedMethodUnit, ranges: readonly ChosenRanges[]): SavedLayers =>
  byLayer(unit, ranges, (_, chosen) => ({
    inputRange: keptRange(chosen),
    fullScales: chosen.fullScales,
    gains: chosen.gains,
    rowScales: chosen.rowScales,
    copies: unit.method.spare === 'none' ? null : chosen.copies,
    rowCopies: fillsRows(unit.method) ? chosen.rowCopies : null,
  }))

/** A method of a setting, and the file of its ranges. */
interface MethodFile {
  readonly setting: PreparedSetting
  readonly method: AnalogMethod
  readonly path: string
}

/** Of a sweep, each setting has a folder, called by its position: 00, 01, ... */
const methodFiles = ({ out, settings }: Workspace): readonly MethodFile[] => {
  const digits = String(settings.length - 1).length
  return settings.flatMap(setting => {
    const folder = setting.choices.length === 0 ? out : join(out, String(setting.index).padStart(digits, '0'))
    return setting.config.methods.flatMap(method =>
      method.execution === 'analog' ? [{ setting, method, path: join(folder, rangesFileName(method.name)) }] : [],
    )
  })
}

/** @throws Failure if a file to be written is one that ranges are taken from: it would change what they depend on */
const refuseOwnInputs = ({ settings }: Workspace, files: readonly MethodFile[]): void => {
  const taken = new Set(settings.flatMap(({ config }) => [...filesOf(config).keys()]))
  for (const { path } of files)
    if (taken.has(resolve(path)))
      fail('command line', '--out', 'a folder without the files that methods take their ranges from', path)
}

/** Of one method, on all tasks. @returns its file */
const writeMethod = async (workspace: Workspace, { setting, method, path }: MethodFile): Promise<string> => {
  const tasks = new Map<string, SavedLayers>()
  for (const unit of rangesUnits(workspace))
    if (unit.setting === setting && unit.method === method)
      tasks.set(unit.task.task, savedLayers(unit, await readRanges(unit)))
  const { tile } = hardwareOf(setting.config, method)
  await writeRangesFile(path, { method: method.name, tile, spare: method.spare, tasks })
  return path
}

/**
 * @throws Failure or Interrupted (in the promise); finished units stay, nothing half-written does. A Failure too if a file
 * would be overwritten that ranges are taken from
 */
export const calibrateExperiment = async (
  workspace: Workspace,
  { progress, signal, engines }: CalibrateOptions,
): Promise<Calibration> => {
  const toWrite = methodFiles(workspace)
  refuseOwnInputs(workspace, toWrite)
  const only: Workspace = { ...workspace, units: [], methodUnits: rangesUnits(workspace) }
  await removeLeftovers(workspace.out)
  await removeLeftovers(unitsFolder(workspace.out))
  const { missing, unfit } = await remaining(only, { index: 0, of: 1 })
  for (const why of unfit) progress.note(why)
  const units = allUnits(only).length
  let done = units - missing.length
  try {
    for (const unit of missing) {
      checkpointed(signal)
      if (unit.kind === 'ranges') await computeRanges(unit, engines)
      done += 1
    }
    const layers: CalibratedLayer[] = []
    for (const unit of only.methodUnits) layers.push(...layersOf(unit, await readRanges(unit)))
    const files: string[] = []
    for (const file of toWrite) {
      checkpointed(signal)
      files.push(await writeMethod(workspace, file))
    }
    return { units, computed: missing.length, layers, files }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    const kept = `the ranges of ${done} of ${units} methods on tasks are found and kept`
    throw new Interrupted(`${kept}; the same command goes on from there`)
  }
}
