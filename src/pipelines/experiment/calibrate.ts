/**
 * The ranges of every analog method on every task: the ranges' units of the experiment's plan, then a file of each method's
 * ranges. What `run` finds there it takes over, and the other way round.
 */
import { join, resolve } from 'node:path'
import { linearLayers } from '../../domain/encoder/architecture.js'
import { hardwareOf } from '../../domain/experiment/config.js'
import type { AnalogMethod } from '../../domain/experiment/method.js'
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
import {
  allUnits,
  rangesUnits,
  remaining,
  tilesOfUnit,
  unitsFolder,
  type PlannedMethodUnit,
  type Workspace,
} from './workspace.js'

/** What was found for one layer by one method on one task. */
export type CalibratedLayer = LayerRanges & {
  readonly task: string
  readonly method: string
  readonly layer: string
}

export interface Calibration {
  readonly units: number
  readonly computed: number
  /** Tasks, then methods, then layers, each in their order. */
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
  workspace: Workspace,
  unit: PlannedMethodUnit,
  ranges: readonly ChosenRanges[],
  of: (tile: ReturnType<typeof tilesOfUnit>[number], chosen: ChosenRanges) => A,
): ReadonlyMap<string, readonly A[]> => {
  const layers = new Map<string, A[]>(linearLayers(unit.open.checkpoint.architecture).map(l => [l.name, []]))
  for (const [i, tile] of tilesOfUnit(workspace, unit).entries()) {
    const chosen = ranges[i]
    if (chosen === undefined) throw new RangeError(`no ranges of tile ${tile.index} of ${tile.layer}`)
    layers.get(tile.layer)?.push(of(tile, chosen))
  }
  return layers
}

const layersOf = (
  workspace: Workspace,
  unit: PlannedMethodUnit,
  ranges: readonly ChosenRanges[],
): readonly CalibratedLayer[] =>
  [...byLayer(workspace, unit, ranges, (place, chosen) => ({ ...chosen, place, inputRange: keptRange(chosen) }))].map(
    ([layer, tiles]) => ({
      ...{ task: unit.task.task, method: unit.method.name, layer },
      ...layerRanges(tiles),
    }),
  )

const savedLayers = (workspace: Workspace, unit: PlannedMethodUnit, ranges: readonly ChosenRanges[]): SavedLayers =>
  byLayer(workspace, unit, ranges, (_, chosen) => ({
    inputRange: keptRange(chosen),
    fullScales: chosen.fullScales,
    gains: chosen.gains,
  }))

const fileOfMethod = ({ out }: Workspace, { name }: AnalogMethod): string => join(out, rangesFileName(name))

/** @throws Failure if a file to be written is one that ranges are taken from: it would change what they depend on */
const refuseOwnInputs = (workspace: Workspace, methods: readonly AnalogMethod[]): void => {
  const taken = filesOf(workspace.config)
  for (const method of methods) {
    const path = fileOfMethod(workspace, method)
    if (taken.has(resolve(path)))
      fail('command line', '--out', 'a folder without the files that methods take their ranges from', path)
  }
}

/** Of one method, on all tasks. @returns its file */
const writeMethod = async (workspace: Workspace, method: AnalogMethod): Promise<string> => {
  const path = fileOfMethod(workspace, method)
  const tasks = new Map<string, SavedLayers>()
  for (const unit of rangesUnits(workspace))
    if (unit.method === method)
      tasks.set(unit.task.task, savedLayers(workspace, unit, await readRanges(workspace, unit)))
  await writeRangesFile(path, { method: method.name, tile: hardwareOf(workspace.config, method).tile, tasks })
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
  const methods = workspace.config.methods.flatMap(m => (m.execution === 'analog' ? [m] : []))
  refuseOwnInputs(workspace, methods)
  const only: Workspace = { ...workspace, units: [], methodUnits: rangesUnits(workspace) }
  await removeLeftovers(workspace.out)
  await removeLeftovers(unitsFolder(workspace.out))
  const { missing, damaged } = await remaining(only, { index: 0, of: 1 })
  for (const path of damaged) progress.note(`${path}: its checksum does not hold; computed again`)
  const units = allUnits(only).length
  let done = units - missing.length
  try {
    for (const unit of missing) {
      checkpointed(signal)
      if (unit.kind === 'ranges') await computeRanges(unit, engines)
      done += 1
    }
    const layers: CalibratedLayer[] = []
    for (const unit of only.methodUnits) layers.push(...layersOf(workspace, unit, await readRanges(workspace, unit)))
    const files: string[] = []
    for (const method of methods) {
      checkpointed(signal)
      files.push(await writeMethod(workspace, method))
    }
    return { units, computed: missing.length, layers, files }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    const kept = `the ranges of ${done} of ${units} methods on tasks are found and kept`
    throw new Interrupted(`${kept}; the same command goes on from there`)
  }
}
