/**
 * How long a plan may take and how much memory, from the work it holds and a moment's measuring of this machine.
 * An estimate for people: nothing of a result depends on it.
 */
import { availableParallelism } from 'node:os'
import { linearLayers, tensorShapes, type Architecture } from '../../domain/encoder/architecture.js'
import { tilesOf, type Tile } from '../../domain/crossbar/tiling.js'
import { hardwareOf } from '../../domain/experiment/config.js'
import { changesWithTime, isPresent } from '../../domain/experiment/error-sources.js'
import type { Hardware } from '../../domain/experiment/hardware.js'
import {
  fillsRows,
  mayScaleRows,
  minimises,
  type AnalogMethod,
  type Method,
  type Spare,
} from '../../domain/experiment/method.js'
import { firstOnTensorFlow } from '../../domain/experiment/tensorflow.js'
import { errorSources } from '../../domain/tables/errors.js'
import { mostTokens } from '../errors.js'
import { mostTogether, passesFor, rangesKey } from '../optimisation.js'
import { convertersOf, roomOf } from '../../engines/analog/parameters.js'
import type { OpenTask } from '../openTask.js'
import { measuredRates, tensorFlowRate, type Rates } from '../rates.js'
import { toSearch } from '../savedRanges.js'
import type { PreparedSetting } from './settings.js'
import { rangesUnits, type AnyPlannedUnit, type Workspace } from './workspace.js'

export interface TaskEstimate {
  readonly task: string
  readonly method: string
  /** Units still to compute. */
  readonly units: number
  readonly examples: number
  readonly tokensPerExample: number
  /** Crossbar tiles, the most of all settings; null for digital execution. */
  readonly tiles: number | null
  /** Weights in linear layers. */
  readonly weights: number
  readonly seconds: number
  readonly memoryBytes: number
}

const sampled = 200

/** Mean length of the first examples in tokens. */
const meanTokens = async (open: OpenTask): Promise<number> => {
  let examples = 0
  let tokens = 0
  for await (const { text, pair } of open.dataset.examples()) {
    tokens += open.tokenizer.encode(text, pair, open.maxTokens).length
    examples += 1
    if (examples === Math.min(sampled, open.examples)) break
  }
  return examples === 0 ? 0 : tokens / examples
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

const weightsOf = (a: Architecture): number => linearLayers(a).reduce((sum, l) => sum + l.inputs * l.outputs, 0)

/** Multiply-accumulates of one example of n tokens: attention's two products, digital in every engine. */
const attentionMacs = (a: Architecture, tokens: number): number => 2 * a.layers * tokens * tokens * a.hidden

/** Node itself, its compiled code and the buffers of a pipeline; and the same for each worker thread. */
const baseBytes = 150e6
const threadBytes = 40e6

/** Tiles with their cells and columns, padded as they are on the heap; all idle cells in use where copies may fill them. */
const bytesOfTiles = (a: Architecture, h: Hardware, spare: Spare, scaled: boolean): number => {
  const converters = convertersOf(h)
  const filled = ({ rows, columns }: Tile) => ({
    rowScales: new Float32Array(scaled ? rows.size : 0),
    copies: new Uint16Array(spare === 'none' ? 0 : h.tile.columns - columns.size),
    rowCopies: new Uint16Array(fillsRows({ spare }) ? h.tile.rows - rows.size : 0),
  })
  return linearLayers(a)
    .flatMap(layer => tilesOf(layer, h.tile))
    .reduce((sum, tile) => sum + roomOf(tile, converters, filled(tile)), 0)
}

interface About {
  readonly architecture: Architecture
  readonly tokens: number
  readonly parameters: number
  readonly rates: Rates
  /** Null for digital execution. */
  readonly hardware: Hardware | null
  /** What idle cells are used for. */
  readonly spare: Spare
  /** Whether rows may have factors. */
  readonly scaled: boolean
  /** How many times after programming. */
  readonly times: number
}

/** Seconds of one core for one example on an engine that is ready. */
const secondsAnExample = ({ architecture: a, tokens, rates, hardware }: About): number =>
  (tokens * weightsOf(a)) / (hardware === null || hardware.dac.bits === 'off' ? rates.product : rates.vmm) +
  attentionMacs(a, tokens) / rates.product

/**
 * Seconds of one core for what runs in JavaScript, on a core of 3 GHz: of an objective's column at one time, for a candidate
 * as a whole and for each of its rows; of one number of a layer's inputs or outputs, and of one weight, in a measurement of errors.
 */
const javaScript = { candidate: 4e-7, row: 3e-9, activation: 6e-8, weight: 5e-8 } as const
/**
 * Seconds that pass whatever the cores are: of a unit, for its engine and its file, and of each layer in a measurement of
 * errors. Small models are made of them: the default experiment took 49 s where its arithmetic alone is 23.
 */
const overhead = { unit: 0.05, layer: 3e-3 } as const
/** Candidates of a column in a search: with every input range of the grid, and those whose rows are looked at. */
const candidates = { all: 400, fresh: 45 } as const
/** Forward passes that a pass with gradients and the sums of the objective comes to. */
const gradientPasses = 8

/** Times as long as the search without copies, measured: ranges are searched again with them, several times with rows. */
const searches: Readonly<Record<Spare, number>> = { none: 1, columns: 1.4, 'columns and rows': 3.5 }

/** The same where rows are scaled. */
const scalingSearches = 4

const searchSeconds = (a: Architecture, { tile }: Hardware, { objective, spare, rowScale }: AnalogMethod): number =>
  linearLayers(a)
    .flatMap(layer => tilesOf(layer, tile))
    .reduce(
      (sum, { rows, columns }) =>
        sum + columns.size * (candidates.all * javaScript.candidate + candidates.fresh * rows.size * javaScript.row),
      0,
    ) *
  objective.times.length *
  (searches[spare] + (rowScale === 'none' ? 0 : scalingSearches - 1))

/**
 * Seconds of one core for one unit. A chip is read once, and once more where its compensation compares with that.
 * @param calibrations passes over this task's calibration examples that were counted before, and those counted here
 */
const secondsAUnit = (unit: AnyPlannedUnit, about: About, calibrations: Set<string>): number => {
  const { architecture, tokens, rates, hardware } = about
  const reading = hardware === null ? 0 : (2 * weightsOf(architecture)) / rates.read
  switch (unit.kind) {
    case 'scores':
      return reading + unit.open.examples * secondsAnExample(about)
    case 'ranges': {
      if (hardware === null) return 0
      const pass = (unit.open.calibration?.examples ?? 0) * secondsAnExample({ ...about, hardware: null })
      const method = toSearch(unit.method, unit.open.saved)
      const fresh = passesFor({ ...method, hardware }).filter(({ key }) => !calibrations.has(key))
      for (const { key } of fresh) calibrations.add(key)
      const passes = fresh.reduce((sum, { of }) => sum + (of === 'errors' ? gradientPasses : 1), 0)
      return passes * pass + (minimises(method) ? searchSeconds(architecture, hardware, method) : 0)
    }
    case 'errors': {
      const calibrated = Math.min(mostTokens, (unit.open.calibration?.examples ?? 0) * tokens)
      // Every source goes through the layer on tiles, and its prediction through a product.
      const weights = weightsOf(architecture)
      const width = linearLayers(architecture).reduce((sum, l) => sum + l.inputs + l.outputs, 0)
      const ours = calibrated * width * javaScript.activation + weights * javaScript.weight
      const measurements = measurementsOf(about.hardware, about)
      return measurements * (reading + (2 * calibrated * weights) / rates.product + ours)
    }
  }
}

const overheadOf = ({ kind }: AnyPlannedUnit, about: About): number =>
  overhead.unit +
  (kind === 'errors'
    ? measurementsOf(about.hardware, about) * linearLayers(about.architecture).length * overhead.layer
    : 0)

/** Sources times the times that their errors change with. */
const measurementsOf = (h: Hardware | null, { times }: { readonly times: number }): number =>
  h === null
    ? 0
    : errorSources
        .filter(source => isPresent(h, source))
        .reduce((sum, source) => sum + (changesWithTime(h, source) ? times : 1), 0)

const memory = ({ architecture, parameters, hardware, spare, scaled }: About, cores: number): number => {
  const weights = weightsOf(architecture)
  const base = baseBytes + threadBytes * cores
  if (hardware === null) return base + 4 * parameters
  // Where errors come from is asked of the weights as they are, beside one layer on tiles.
  return base + 4 * (parameters - weights) + Math.max(bytesOfTiles(architecture, hardware, spare, scaled), 4 * weights)
}

/** What is computed once for several settings, or methods. */
export interface Shared {
  /** Units of all settings, each for itself. */
  readonly units: number
  /** Tasks of all settings, and those that differ: what is opened, hashed and counted. */
  readonly tasks: number
  readonly opened: number
  /** Ranges of all settings, and the passes over calibration examples that they follow from. */
  readonly ranges: number
  readonly calibrations: number
}

export const sharedIn = ({ settings, tasks, units, methodUnits }: Workspace): Shared => {
  const ranges = rangesUnits({ methodUnits })
  /** What each pass is for. */
  const passes = new Map<string, { readonly most: number; readonly users: Set<string> }>()
  for (const { setting, open, method } of ranges) {
    const wanted = { ...toSearch(method, open.saved), hardware: hardwareOf(setting.config, method) }
    for (const { key: own, of } of passesFor(wanted)) {
      const key = `${tasks.indexOf(open)} ${own}`
      const pass = passes.get(key) ?? { most: of === 'errors' ? mostTogether : Infinity, users: new Set() }
      passes.set(key, pass)
      pass.users.add(rangesKey(wanted))
    }
  }
  return {
    units: units.length + methodUnits.length,
    ...{ tasks: settings.reduce((sum, s) => sum + s.tasks.length, 0), opened: tasks.length },
    ranges: ranges.length,
    calibrations: [...passes.values()].reduce(
      (sum, { most, users }) => sum + Math.max(1, Math.ceil(users.size / most)),
      0,
    ),
  }
}

/** Of the same task and method in several settings. */
const added = (a: TaskEstimate, b: TaskEstimate): TaskEstimate => ({
  ...a,
  ...{ units: a.units + b.units, examples: a.examples + b.examples, seconds: a.seconds + b.seconds },
  tiles: a.tiles === null || b.tiles === null ? (a.tiles ?? b.tiles) : Math.max(a.tiles, b.tiles),
  memoryBytes: Math.max(a.memoryBytes, b.memoryBytes),
})

/** One line per task and method, in the order of the config; of a sweep, all settings together. */
export const estimate = async (
  workspace: Workspace,
  units: readonly AnyPlannedUnit[],
): Promise<readonly TaskEstimate[]> => {
  const rates = await measuredRates()
  const cores = availableParallelism()
  const asking = workspace.settings.some(({ config }) => firstOnTensorFlow(config) >= 0)
  const elsewhere = asking ? { ...rates, product: await tensorFlowRate() } : null
  const lengths = new Map<OpenTask, number>()
  const calibrations = new Map<OpenTask, Set<string>>()
  const own = new Map<Method, AnyPlannedUnit[]>()
  for (const unit of units) own.set(unit.method, [...(own.get(unit.method) ?? []), unit])

  const estimateOf = ({ config }: PreparedSetting, open: OpenTask, method: Method): TaskEstimate => {
    const { architecture } = open.checkpoint
    const todo = (own.get(method) ?? []).filter(u => u.open === open)
    const hardware = method.execution === 'digital' ? null : hardwareOf(config, method)
    const onTensorFlow = method.execution === 'digital' && method.engine === 'tensorflow' ? elsewhere : null
    const tokens = lengths.get(open) ?? NaN
    const about = {
      ...{ architecture, tokens, rates: onTensorFlow ?? rates, hardware },
      spare: method.execution === 'digital' ? ('none' as const) : method.spare,
      scaled: method.execution === 'analog' && mayScaleRows(method),
      parameters: [...tensorShapes(architecture).values()].reduce((sum, shape) => sum + product(shape), 0),
      times: config.repeat.times.length,
    }
    const counted = calibrations.get(open) ?? new Set<string>()
    calibrations.set(open, counted)
    return {
      task: open.source.task,
      method: method.name,
      units: todo.length,
      examples: todo.filter(u => u.kind === 'scores').length * open.examples,
      tokensPerExample: tokens,
      tiles:
        hardware === null
          ? null
          : linearLayers(architecture).reduce((sum, l) => sum + tilesOf(l, hardware.tile).length, 0),
      weights: weightsOf(architecture),
      seconds: todo.reduce(
        (sum, u) => sum + overheadOf(u, about) + secondsAUnit(u, about, counted) / (onTensorFlow === null ? cores : 1),
        0,
      ),
      memoryBytes: memory(about, cores),
    }
  }

  for (const open of workspace.tasks) lengths.set(open, await meanTokens(open))
  const lines = new Map<string, TaskEstimate>()
  for (const setting of workspace.settings)
    for (const open of setting.tasks)
      for (const method of setting.config.methods) {
        const one = estimateOf(setting, open, method)
        const key = JSON.stringify([one.task, one.method])
        const before = lines.get(key)
        lines.set(key, before === undefined ? one : added(before, one))
      }
  return [...lines.values()]
}
