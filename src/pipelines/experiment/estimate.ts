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
import { fillsRows, minimises, type AnalogMethod, type Spare } from '../../domain/experiment/method.js'
import { firstOnTensorFlow } from '../../domain/experiment/tensorflow.js'
import { errorSources } from '../../domain/tables/errors.js'
import { mostTokens } from '../errors.js'
import { asksForErrors } from '../optimisation.js'
import { convertersOf, roomOf } from '../../engines/analog/parameters.js'
import type { OpenTask } from '../openTask.js'
import { measuredRates, tensorFlowRate, type Rates } from '../rates.js'
import type { AnyPlannedUnit, Workspace } from './workspace.js'

export interface TaskEstimate {
  readonly task: string
  readonly method: string
  /** Units still to compute. */
  readonly units: number
  readonly examples: number
  readonly tokensPerExample: number
  /** Crossbar tiles; null for digital execution. */
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

/** Node itself, its compiled code and the buffers of a pipeline. */
const baseBytes = 90e6

/** Tiles with their cells and columns, padded as they are on the heap; all idle cells in use where copies may fill them. */
const bytesOfTiles = (a: Architecture, h: Hardware, spare: Spare): number => {
  const converters = convertersOf(h)
  const filled = ({ rows, columns }: Tile) => ({
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
/** Candidates of a column in a search: with every input range of the grid, and those whose rows are looked at. */
const candidates = { all: 400, fresh: 45 } as const
/** Forward passes that a pass with gradients and the sums of the objective comes to. */
const gradientPasses = 8

/** Times as long as the search without copies, measured: ranges are searched again with them, several times with rows. */
const searches: Readonly<Record<Spare, number>> = { none: 1, columns: 1.4, 'columns and rows': 3.5 }

const searchSeconds = (a: Architecture, { tile }: Hardware, { objective, spare }: AnalogMethod): number =>
  linearLayers(a)
    .flatMap(layer => tilesOf(layer, tile))
    .reduce(
      (sum, { rows, columns }) =>
        sum + columns.size * (candidates.all * javaScript.candidate + candidates.fresh * rows.size * javaScript.row),
      0,
    ) *
  objective.times.length *
  searches[spare]

/** Seconds of one core for one unit. A chip is read once, and once more where its compensation compares with that. */
const secondsAUnit = (unit: AnyPlannedUnit, about: About): number => {
  const { architecture, tokens, rates, hardware } = about
  const reading = hardware === null ? 0 : (2 * weightsOf(architecture)) / rates.read
  switch (unit.kind) {
    case 'scores':
      return reading + unit.open.examples * secondsAnExample(about)
    case 'ranges': {
      const pass = (unit.open.calibration?.examples ?? 0) * secondsAnExample({ ...about, hardware: null })
      if (hardware === null || !asksForErrors({ ...unit.method, hardware })) return pass
      const search = minimises(unit.method) ? searchSeconds(architecture, hardware, unit.method) : 0
      return (1 + gradientPasses) * pass + search
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

/** Sources times the times that their errors change with. */
const measurementsOf = (h: Hardware | null, { times }: { readonly times: number }): number =>
  h === null
    ? 0
    : errorSources
        .filter(source => isPresent(h, source))
        .reduce((sum, source) => sum + (changesWithTime(h, source) ? times : 1), 0)

const memory = ({ architecture, parameters, hardware, spare }: About): number => {
  const weights = weightsOf(architecture)
  if (hardware === null) return baseBytes + 4 * parameters
  // Where errors come from is asked of the weights as they are, beside one layer on tiles.
  return baseBytes + 4 * (parameters - weights) + Math.max(bytesOfTiles(architecture, hardware, spare), 4 * weights)
}

/** One line per task and method, in the order of the config. */
export const estimate = async (
  workspace: Workspace,
  units: readonly AnyPlannedUnit[],
): Promise<readonly TaskEstimate[]> => {
  const rates = await measuredRates()
  const cores = availableParallelism()
  const elsewhere = firstOnTensorFlow(workspace.config) < 0 ? null : { ...rates, product: await tensorFlowRate() }
  const result: TaskEstimate[] = []
  for (const [taskIndex, open] of workspace.tasks.entries()) {
    const { architecture } = open.checkpoint
    const tokens = await meanTokens(open)
    const parameters = [...tensorShapes(architecture).values()].reduce((sum, shape) => sum + product(shape), 0)
    for (const method of workspace.config.methods) {
      const own = units.filter(u => u.taskIndex === taskIndex && u.method === method)
      const hardware = method.execution === 'digital' ? null : hardwareOf(workspace.config, method)
      const onTensorFlow = method.execution === 'digital' && method.engine === 'tensorflow' ? elsewhere : null
      const about = {
        ...{ architecture, tokens, parameters, rates: onTensorFlow ?? rates, hardware },
        spare: method.execution === 'digital' ? ('none' as const) : method.spare,
        times: workspace.config.repeat.times.length,
      }
      result.push({
        task: open.source.task,
        method: method.name,
        units: own.length,
        examples: own.filter(u => u.kind === 'scores').length * open.examples,
        tokensPerExample: tokens,
        tiles:
          hardware === null
            ? null
            : linearLayers(architecture).reduce((sum, l) => sum + tilesOf(l, hardware.tile).length, 0),
        weights: weightsOf(architecture),
        seconds: own.reduce((sum, u) => sum + secondsAUnit(u, about), 0) / (onTensorFlow === null ? cores : 1),
        memoryBytes: memory(about),
      })
    }
  }
  return result
}
