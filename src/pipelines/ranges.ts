/** The ranges of every tile of a model by a method's rules, and what its columns' weights are like. */
import { join } from 'node:path'
import { rowOrder, rowStrengths } from '../domain/crossbar/placement.js'
import { largestTile, tilesOf, type Tile, type TileSize } from '../domain/crossbar/tiling.js'
import { linearLayers, type LinearLayer } from '../domain/encoder/architecture.js'
import { hardwareOf, type Config, type TaskSource } from '../domain/experiment/config.js'
import type { Hardware } from '../domain/experiment/hardware.js'
import {
  asksForLearned,
  placesRows,
  preDistorts,
  type AnalogMethod,
  type ColumnRange,
  type InputRange,
} from '../domain/experiment/method.js'
import { fail } from '../domain/problem.js'
import { fullScales } from '../domain/ranges/column-range.js'
import { lineOrder } from '../domain/ranges/filled.js'
import { clippedWeights, columnStatistics, type ColumnStatistics } from '../domain/ranges/column-statistics.js'
import { heldWeights } from '../domain/ranges/held-weights.js'
import { clippedInputs, inputRange } from '../domain/ranges/input-range.js'
import type { TileRanges } from '../engines/analog/parameters.js'
import type { Checkpoint } from '../io/checkpoint/checkpoint.js'
import { learnedRangesFile, type LearnedKind, type LearnedRanges } from '../io/checkpoint/learnedRanges.js'
import { orThrow } from '../io/fault.js'
import type { InputSummaries, OutputSummaries } from './calibration.js'
import type { OpenTask } from './openTask.js'
import { copiesFile, fileOf, savedFullScales, type PlacedTile } from './savedRanges.js'

/**
 * A tile's share of the objective, per calibration example: with weights of the logits, of the expected mean squared change
 * of their differences; without weights, of the expected squared errors of all layers' outputs.
 */
export interface ExpectedErrors {
  /** With the ranges that the search started from. */
  readonly start: number
  /** With those that were chosen. */
  readonly chosen: number
}

/** Of each spare column, and of each spare row: which of the tile's it is a copy of. */
export type Copies = Pick<ChosenRanges, 'copies' | 'rowCopies'>

/** Of a tile whose rows are scaled, full scales and statistics are of the scaled weights, as they are programmed. */
export interface ChosenRanges extends TileRanges, ColumnStatistics {
  readonly gains: Float32Array
  readonly copies: Uint16Array
  readonly rowCopies: Uint16Array
  readonly rowScales: Float32Array
  readonly dynamic: boolean
  /** Weights beyond their column's full scale. */
  readonly clippedWeights: number
  /** Share of the calibration inputs beyond the input range, to the bin of a histogram (1 in 512); null if there are none, or rows are scaled. */
  readonly clippedInputs: number | null
  /** null: nothing was minimised. */
  readonly expected: ExpectedErrors | null
}

/** The input range that a tile keeps; null: each input vector has its own. */
export const keptRange = ({
  dynamic,
  inputRange: range,
}: Pick<ChosenRanges, 'dynamic' | 'inputRange'>): number | null => (dynamic ? null : range)

/** Rules of a method; without one for the IR drop, it is not compensated. */
export type Rules = Pick<AnalogMethod, 'columnRange' | 'inputRange'> & Partial<Pick<AnalogMethod, 'irDrop'>>

/** What ranges are chosen for. */
export type Subject = Pick<OpenTask, 'checkpoint' | 'learned' | 'saved'> & { readonly source: Pick<TaskSource, 'task'> }

const unscaled = new Float32Array(0)

const noCopies: Copies = { copies: new Uint16Array(0), rowCopies: new Uint16Array(0) }

/** Those of a file. */
const copiesOf = (placed: PlacedTile | null): Copies => ({
  copies: placed?.tile.copies ?? noCopies.copies,
  rowCopies: placed?.tile.rowCopies ?? noCopies.rowCopies,
})

/** What calibration found out about a model, for rules that need no gradients. */
export interface Seen {
  readonly inputs: InputSummaries
  /** null where no rule looks at outputs. */
  readonly outputs: OutputSummaries | null
}

/** A tile's ranges; without columns, these are chosen by their rule, at this input range. */
export interface Given {
  readonly inputRange: number
  readonly columns: { readonly fullScales: Float32Array; readonly gains: Float32Array } | null
  readonly copies: Copies
  /** Empty: rows are not scaled. */
  readonly rowScales: Float32Array
}

/** Largest of a model's layers in weights. */
export const largestLayer = (layers: readonly LinearLayer[]): number =>
  layers.reduce((most, l) => Math.max(most, l.inputs * l.outputs), 0)

/** Ranges that lie beside a model, or will: their file, and how many there are of each kind for each layer. */
export type RangesBeside = Pick<LearnedRanges, 'file' | 'length'> & Partial<Pick<LearnedRanges, 'read'>>

/** How many ranges of a kind the tiles of a layer need. */
export const learnedLength = (layer: LinearLayer, tile: TileSize, kind: LearnedKind): number => {
  const tiles = tilesOf(layer, tile)
  return kind === 'input_ranges' ? tiles.length : tiles.reduce((sum, t) => sum + t.columns.size, 0)
}

/** Sizes that part `size` into so many pieces: [least, largest]. */
const limitsOf = (size: number, pieces: number): readonly [number, number] => [
  Math.ceil(size / pieces),
  pieces === 1 ? largestTile : Math.ceil(size / (pieces - 1)) - 1,
]

/** "64" or "43 to 64"; null if no size is within all limits. */
const withinAll = (limits: readonly (readonly [number, number])[]): string | null => {
  const [least, most] = [Math.max(...limits.map(l => l[0])), Math.min(...limits.map(l => l[1]))]
  return least > most || !Number.isFinite(least) ? null : least === most ? `${least}` : `${least} to ${most}`
}

/** What size of tile ranges seem to be for, by how many there are of each kind for every layer. */
const apparentTile = ({ length }: RangesBeside, layers: readonly LinearLayer[]): string => {
  const pieces = layers.map(layer => {
    const tiles = length(layer.name, 'input_ranges') ?? NaN
    // Every row of tiles has a range for each output of the layer.
    const rows = (length(layer.name, 'column_ranges') ?? NaN) / layer.outputs
    return { layer, rows, columns: tiles / rows }
  })
  const whole = pieces.every(p => Number.isInteger(p.rows) && Number.isInteger(p.columns) && p.columns > 0)
  const rows = whole ? withinAll(pieces.map(p => limitsOf(p.layer.inputs, p.rows))) : null
  const columns = whole ? withinAll(pieces.map(p => limitsOf(p.layer.outputs, p.columns))) : null
  return rows === null || columns === null ? '' : `, as tiles of ${rows} rows and ${columns} columns need`
}

/** The words of a rule that asks for learned ranges. */
const asking = ({ rule }: ColumnRange | InputRange): string =>
  `the rule "${rule === 'learned' ? 'learned' : `${rule}", which starts from "learned`}"`

/**
 * Whether what the analog methods of a config ask of training lies beside a model and fits their tiles, before anything is
 * computed. @throws Failure (in the promise) if not
 */
export const checkLearned = async (
  config: Pick<Config, 'hardware' | 'methods'>,
  { checkpoint, learned }: { readonly checkpoint: Checkpoint; readonly learned: RangesBeside | null },
): Promise<void> => {
  const layers = linearLayers(checkpoint.architecture)
  for (const method of config.methods) {
    if (method.execution === 'digital') continue
    const { tile } = hardwareOf(config, method)
    const named = `method "${method.name}"`
    for (const [rule, kind] of [
      [method.columnRange, 'column_ranges'],
      [method.inputRange, 'input_ranges'],
    ] as const) {
      if (!asksForLearned(rule)) continue
      if (learned === null) return refuseUnlearned(checkpoint, rule, `${named} with `)
      for (const layer of layers) {
        const [needed, found] = [learnedLength(layer, tile, kind), learned.length(layer.name, kind)]
        // Where there is nothing to read yet, none will come.
        if (found === null ? learned.read === undefined : found !== needed)
          fail(
            learned.file,
            `tensor ${layer.name}.${kind}`,
            `[${needed}] ranges, as the ${tile.rows} x ${tile.columns} tiles of ${named} need (learned ranges fit one tile size only)`,
            found === null ? 'none, now or after training' : `[${found}]${apparentTile(learned, layers)}`,
          )
        await learned.read?.(layer.name, kind, needed)
      }
    }
  }
}

/** @throws Failure */
const refuseUnlearned = ({ folder }: Checkpoint, rule: ColumnRange | InputRange, who = ''): never =>
  fail(
    join(folder, learnedRangesFile),
    '',
    `ranges that training left beside the model, for ${who}${asking(rule)}`,
    'no such file',
  )

/** A layer's learned ranges of one kind; null where the rule does not ask for them. @throws Failure (in the promise) */
const learnedOf = async (
  { checkpoint, learned }: Pick<OpenTask, 'checkpoint' | 'learned'>,
  rule: ColumnRange | InputRange,
  of: Parameters<typeof learnedLength>,
): Promise<Float32Array | null> => {
  if (!asksForLearned(rule)) return null
  if (learned === null) return refuseUnlearned(checkpoint, rule)
  const [layer, , kind] = of
  return learned.read(layer.name, kind, learnedLength(...of))
}

/** A tile's ranges in the file that a rule names. @throws TypeError if the file was not held against the model */
const savedOf = (
  { saved, source }: Pick<Subject, 'saved' | 'source'>,
  rule: ColumnRange | InputRange,
  { layer, index }: Pick<Tile, 'layer' | 'index'>,
): PlacedTile | null => {
  const file = fileOf(rule)
  if (file === null) return null
  const tile = saved.of(file).tasks.get(source.task)?.get(layer)?.[index]
  if (tile === undefined) throw new TypeError(`"file" expected ranges of tile ${index} of ${layer}, got none`)
  return { file, tile, at: ['tasks', source.task, layer, String(index)] }
}

/**
 * Of every tile, in the order of the model. The weights pass through, a layer at a time.
 * @param given what has been found for the tiles, if the rules are not to be asked
 */
export const chooseRanges = async (
  open: Subject,
  { tile, adc, wireResistanceOhm }: Pick<Hardware, 'tile' | 'adc' | 'wireResistanceOhm'>,
  { columnRange, inputRange: rule, irDrop = 'none' }: Rules,
  seen: Seen,
  given: readonly Given[] | null = null,
): Promise<readonly ChosenRanges[]> => {
  const { checkpoint } = open
  const layers = linearLayers(checkpoint.architecture)
  const room = new Float32Array(largestLayer(layers))
  const bound = adc.bits === 'off' ? Infinity : adc.bound
  const compensated = wireResistanceOhm > 0 ? irDrop : 'none'
  const takesCopies = copiesFile({ columnRange, inputRange: rule }, open.saved) !== null
  const chosen: ChosenRanges[] = []
  for (const layer of layers) {
    const weights = room.subarray(0, layer.inputs * layer.outputs)
    await orThrow(checkpoint.readInto(`${layer.name}.weight`, weights))
    const tiles = tilesOf(layer, tile)
    const pieces = [...new Set(tiles.map(t => t.rows.first))]
    const inputs = await learnedOf(open, rule, [layer, tile, 'input_ranges'])
    const scales = await learnedOf(open, columnRange, [layer, tile, 'column_ranges'])
    let column = 0
    for (const place of tiles) {
      const piece = pieces.indexOf(place.rows.first)
      const found = given?.[chosen.length]
      const fromFile = { input: savedOf(open, rule, place), columns: savedOf(open, columnRange, place) }
      const rowScales = found?.rowScales ?? fromFile.columns?.tile.rowScales ?? unscaled
      const held = heldWeights(weights, layer.inputs, place, rowScales)
      const statistics = columnStatistics(held.weights, held.inputs, held.place)
      const summary = seen.inputs.get(layer.name)?.[piece]
      if (summary === undefined) throw new RangeError(`no summary of the inputs of ${layer.name}, row piece ${piece}`)
      const range =
        found?.inputRange ?? fromFile.input?.tile.inputRange ?? inputRange(rule, summary, inputs?.[place.index] ?? null)
      const outputs = seen.outputs?.get(layer.name)?.[piece]
      const own = <A extends { readonly slice: (from: number, to: number) => A }>(all: A, from: number): A =>
        all.slice(from, from + place.columns.size)
      const first = place.columns.first
      const context = {
        learned: scales === null ? null : own(scales, column),
        outputs:
          outputs === undefined
            ? null
            : {
                seen: { mean: own(outputs.mean, first), deviation: own(outputs.deviation, first) },
                // Where every vector has its own range, what the widest of them lets through.
                ...{ inputRange: rule.rule === 'dynamic' ? summary.largest || 1 : range, bound },
              },
      }
      const full =
        found?.columns?.fullScales ??
        (fromFile.columns === null
          ? fullScales(columnRange, statistics, context)
          : savedFullScales(fromFile.columns, statistics.absMax))
      column += place.columns.size
      const copies = found?.copies ?? (takesCopies ? copiesOf(fromFile.columns) : noCopies)
      const ownOrder = placesRows(compensated)
        ? rowOrder(rowStrengths(weights, layer.inputs, place, summary.rowSquares))
        : null
      const order = lineOrder(ownOrder, copies.rowCopies)
      chosen.push({
        ...statistics,
        fullScales: full,
        gains: found?.columns?.gains ?? fromFile.columns?.tile.gains ?? new Float32Array(place.columns.size).fill(1),
        inputRange: range,
        ...{ copies: copies.copies, rowCopies: copies.rowCopies, rowScales },
        dynamic: rule.rule === 'dynamic',
        clippedWeights: clippedWeights(held.weights, held.inputs, held.place, full),
        ...(order === null ? {} : { rowOrder: order }),
        preDistorted: preDistorts(compensated),
        clippedInputs: rowScales.length > 0 ? null : clippedInputs(summary, rule.rule === 'dynamic' ? Infinity : range),
        expected: null,
      })
    }
  }
  return chosen
}
