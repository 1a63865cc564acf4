/** What calibration left about a tile as its objective, and the ranges that minimise it. */
import type { Tile } from '../../domain/crossbar/tiling.js'
import { gridSteps } from '../../domain/devices/moment-grid.js'
import type { DriftCompensation } from '../../domain/experiment/hardware.js'
import {
  coarseBins,
  edgeOf,
  excessOf,
  tailBins,
  tailHistogram,
  weightedHistogram,
  type WeightedHistogram,
} from '../../domain/ranges/histogram.js'
import { wiresOf, type WiresWanted } from '../../domain/ranges/ir-drop.js'
import { filledTile, type FilledOptimum, type Idle } from '../../domain/ranges/filled.js'
import { rowInputs } from '../../domain/ranges/input-error.js'
import type { TileConverters, TileObjective } from '../../domain/ranges/objective.js'
import type { Optimum, Wanted } from '../../domain/ranges/optimum.js'
import { pairSums, type ColumnRows, type DeviceMoments, type PairSums } from '../../domain/ranges/pair-sums.js'
import type { Ptr } from '../../kernels/heap.js'
import { momentColumnsAt, momentPlaces } from '../analog/moments.js'
import { parameterOf } from '../digital/algebra.js'
import type { Workbench } from '../workbench.js'
import { firstTail, type CalibrationParameters, type LayerPlaces } from './parameters.js'

/** What a chip adds to what calibration found. */
export interface ChipOfObjective {
  readonly converters: TileConverters
  readonly driftCompensation: DriftCompensation
  /** momentGridBytes each: a device's moments at the times that count, and right after programming. */
  readonly moments: readonly Ptr[]
  readonly first: Ptr
  /** null: no IR drop. */
  readonly wires: WiresWanted | null
}

/** Task: the optimal ranges of one tile, after all examples have been observed. */
export interface OptimiseTile extends ChipOfObjective, Wanted {
  readonly kind: 'optimise tile'
  readonly layer: string
  readonly tile: number
  /** Columns and rows of the hardware's tile that copies may fill. */
  readonly idle: Idle
  /** Whether rows may be scaled. */
  readonly scaled: boolean
  /** Factors of rows that come with the start; empty: none do. */
  readonly rowScales: Float32Array
  /** The optimum without copies, and that without scales too, if they have been found. */
  readonly known: FilledOptimum | null
  readonly unscaled: Optimum | null
}

/**
 * `pairSums` by the kernels; good until the scope on the scratch stack ends. A column's rows are laid on the heap once for
 * as long as they are summed.
 * @param at where devices' moments lie; those of others are summed as the domain does. @param most rows of a column
 */
const kernelSums = (
  { heap, kernels, scratch }: Workbench,
  at: ReadonlyMap<DeviceMoments, Ptr>,
  most: number,
): PairSums => {
  const rooms = {
    y: scratch.take(8 * 3),
    shares: scratch.take(8 * most),
    weights: scratch.take(4 * most),
    energies: scratch.take(4 * most),
  }
  const y = heap.f64(rooms.y, 3)
  const shares = heap.f64(rooms.shares, most)
  const weights = heap.f32(rooms.weights, most)
  const energies = heap.f32(rooms.energies, most)
  const calls = new Map(
    Array.from(at, ([moments, place]) => [
      moments,
      { ...rooms, ...momentPlaces(place), steps: gridSteps, rows: 0, fullScale: NaN },
    ]),
  )
  let laid: ColumnRows | null = null
  return (own, moments, fullScale) => {
    const call = calls.get(moments)
    if (call === undefined) return pairSums(own, moments, fullScale)
    if (laid !== own) {
      shares.set(own.shares)
      weights.set(own.weights)
      energies.set(own.energies)
      laid = own
    }
    call.rows = own.weights.length
    call.fullScale = fullScale
    kernels.pairSums(call)
    return y
  }
}

/** @param tile one of the layer's. The objective looks at the heap: it holds as long as the model does */
export const tileObjective = (
  { heap }: Pick<Workbench, 'heap'>,
  { tensors, layers }: CalibrationParameters,
  { layer: name, rows, columns, index }: Tile,
  { converters, driftCompensation, moments, first: firstMoments, wires }: ChipOfObjective,
): TileObjective => {
  const { inputs, outputs, pieces, ...layer } = parameterOf(layers, name)
  const piece = pieces.findIndex(({ first }) => first === rows.first)
  const first = columns.first * inputs + rows.first
  const length = (columns.size - 1) * inputs + rows.size
  const tails = heap.f64(layer.tails + 8 * tailBins * outputs * piece, tailBins * outputs)
  const tops = heap.i32(layer.tops + 4 * outputs * piece, outputs)
  const weighted = heap.f64(layer.weighted + 8 * coarseBins.count * index, coarseBins.count)
  return {
    ...{ rows: rows.size, columns: columns.size, columnStep: inputs },
    weights: heap.f32(parameterOf(tensors, `${name}.weight`).at + 4 * first, length),
    energies: heap.f32(layer.energies + 4 * first, length),
    inputs: weightedHistogram(weighted, bin => edgeOf(coarseBins, bin)),
    masses: heap.f64(layer.masses + 8 * columns.first, columns.size).slice(),
    excesses: Array.from({ length: columns.size }, (_, j) => excessOf(tailHistogram(tails, tops, columns.first + j))),
    ...{ converters, driftCompensation },
    first: momentColumnsAt({ heap }, firstMoments),
    wires: wires === null ? null : wiresOf(rows.size, wires),
    times: moments.map(at => momentColumnsAt({ heap }, at)),
  }
}

/** Of each of a tile's rows, |x_ti| weighted as the tile's inputs are. */
const inputsByRow = (
  { heap }: Pick<Workbench, 'heap'>,
  layer: LayerPlaces,
  { index, rows: { size } }: Tile,
): readonly WeightedHistogram[] => {
  const first = firstTail(layer, index)
  const slots = heap.f64(layer.rowTails + 8 * tailBins * first, tailBins * size)
  const tops = heap.i32(layer.rowTops + 4 * first, size)
  return Array.from({ length: size }, (_, i) => tailHistogram(slots, tops, i))
}

/** Lists of a result, each after its length. */
const listed = (lists: readonly ArrayLike<number>[]): number[] => lists.flatMap(l => [l.length, ...Array.from(l)])

/** Of the task's result. */
export const optimumOf = (numbers: Float64Array): FilledOptimum => {
  const [before = NaN, after = NaN, inputRange = NaN] = numbers
  let at = 3
  const next = (): Float64Array => {
    const from = at + 1
    at = from + (numbers[at] ?? NaN)
    return numbers.subarray(from, at)
  }
  return {
    ...{ before, after, inputRange },
    copies: Uint16Array.from(next()),
    rowCopies: Uint16Array.from(next()),
    rowScales: Float32Array.from(next()),
    fullScales: Float32Array.from(next()),
    gains: Float32Array.from(next()),
  }
}

/** @returns as `optimumOf` reads it */
export const optimiseTile = (bench: Workbench, parameters: CalibrationParameters, task: OptimiseTile): Float64Array => {
  const layer = parameterOf(parameters.layers, task.layer)
  const tile = layer.tiles[task.tile]
  if (tile === undefined) throw new RangeError(`no tile ${task.tile} of ${task.layer}`)
  const plain = tileObjective(bench, parameters, tile, task)
  const { wires, rowScales: given, idle, moments } = task
  const scales = task.scaled || given.length > 0
  const rows = layer.rowTails !== 0 && (scales || idle.rows > 0) ? inputsByRow(bench, layer, tile) : null
  const inputs = rows !== null && idle.rows > 0 ? rowInputs(plain.inputs, rows) : null
  const found = bench.scratch.within(() => {
    const known = new Map(plain.times.flatMap((at, t) => (moments[t] === undefined ? [] : [[at, moments[t]] as const])))
    const objective = { ...plain, sums: kernelSums(bench, known, tile.rows.size) }
    const tileWithout = { objective, inputs, wires, rows: scales ? rows : null, rowScales: given }
    return filledTile(tileWithout, task, idle, task)
  })
  const { before, after, inputRange, copies, rowCopies, rowScales, fullScales, gains } = found
  return Float64Array.of(before, after, inputRange, ...listed([copies, rowCopies, rowScales, fullScales, gains]))
}
