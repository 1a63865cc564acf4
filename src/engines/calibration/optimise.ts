/** What calibration left about a tile as its objective, and the ranges that minimise it. */
import type { Tile } from '../../domain/crossbar/tiling.js'
import type { DriftCompensation } from '../../domain/experiment/hardware.js'
import {
  coarseBins,
  edgeOf,
  excessOf,
  tailBins,
  tailHistogram,
  weightedHistogram,
} from '../../domain/ranges/histogram.js'
import { wiresOf, type WiresWanted } from '../../domain/ranges/ir-drop.js'
import { averagedError, type TileConverters, type TileObjective } from '../../domain/ranges/objective.js'
import { optimalRanges, type Optimum, type Wanted } from '../../domain/ranges/optimum.js'
import { averagedColumns, spareColumns } from '../../domain/ranges/spare.js'
import type { Ptr } from '../../kernels/heap.js'
import { momentColumnsAt } from '../analog/moments.js'
import { parameterOf } from '../digital/algebra.js'
import type { Workbench } from '../workbench.js'
import type { CalibrationParameters } from './parameters.js'

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
  /** Columns of the hardware's tile that copies may fill. */
  readonly idle: number
}

/** The ranges, and which columns the spare ones are copies of. */
export interface TileOptimum extends Optimum {
  readonly copies: Uint16Array
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

/** Of the task's result. */
export const optimumOf = (numbers: Float64Array): TileOptimum => {
  const [before = NaN, after = NaN, inputRange = NaN, copies = NaN] = numbers
  const rest = numbers.subarray(4)
  const columns = (rest.length - copies) / 2
  return {
    ...{ before, after, inputRange },
    copies: Uint16Array.from(rest.subarray(0, copies)),
    fullScales: Float32Array.from(rest.subarray(copies, copies + columns)),
    gains: Float32Array.from(rest.subarray(copies + columns)),
  }
}

/**
 * The optimum of a tile; with idle columns, copies of those that gain most at it, and the optimum with them.
 * @returns `before` without copies
 */
const withCopies = (objective: TileObjective, wanted: Wanted, idle: number): TileOptimum => {
  const alone = optimalRanges(objective, wanted)
  const copies = spareColumns(averagedError(objective, alone), idle)
  if (copies.length === 0) return { ...alone, copies }
  const together = { ...objective, averaged: averagedColumns(objective.columns, copies) }
  const found = optimalRanges(together, { ...wanted, start: alone, near: true })
  return { ...found, before: alone.before, copies }
}

/** @returns as `optimumOf` reads it */
export const optimiseTile = (bench: Workbench, parameters: CalibrationParameters, task: OptimiseTile): Float64Array => {
  const tile = parameterOf(parameters.layers, task.layer).tiles[task.tile]
  if (tile === undefined) throw new RangeError(`no tile ${task.tile} of ${task.layer}`)
  const { before, after, inputRange, copies, fullScales, gains } = withCopies(
    tileObjective(bench, parameters, tile, task),
    task,
    task.idle,
  )
  return Float64Array.of(before, after, inputRange, copies.length, ...copies, ...fullScales, ...gains)
}
