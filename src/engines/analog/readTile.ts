/**
 * A tile made ready for a pass: its devices read at a time after programming, and the digital factors and offsets at its
 * columns (compensation.ts, fit.ts). Nothing of a device is stored: its state is drawn again from its address.
 */
import { preDistortionRounds } from '../../domain/crossbar/pre-distortion.js'
import { scaledWeightsInto } from '../../domain/ranges/held-weights.js'
import { firstReadOrigin, lifeOrigin, readOrigin, type Origin } from '../../domain/random/addresses.js'
import type { Ptr } from '../../kernels/heap.js'
import { paddedColumns } from '../../kernels/reference/vmm.js'
import { readCellsScratchBytes } from '../../kernels/tile.js'
import type { Occasion } from '../engine.js'
import type { Workbench } from '../workbench.js'
import { alphasOf, measureFirst } from './compensation.js'
import { lines } from './fit.js'
import {
  blocksOf,
  deviceRows,
  loadOf,
  maxCellOf,
  varianceUnit,
  type AnalogLayer,
  type ChipSettings,
  type ColumnBlock,
  type SpareBlock,
  type TilePlaces,
} from './parameters.js'

/** What `readCells` takes of a moment in a chip's life. */
export interface Moment {
  readonly logTime: number
  readonly readScale: number
}

/** What a tile is read for. */
export interface TileReading {
  /** f32 [outputs, inputs]: the layer's weights. */
  readonly weights: Ptr
  readonly occasion: Occasion
  readonly now: Moment
  /** Right after programming: measured first where a compensation compares with it and has not yet; else null. */
  readonly first: Moment | null
  /** momentGridBytes: a device's moments now; 0 where no compensation needs them. */
  readonly moments: Ptr
}

/** The layer's part in what is read: all but its tiles. */
export type LayerOfTile = Omit<AnalogLayer, 'tiles'>

/** Where the weights of a block's columns stand: f32, a column's from row to row. */
interface WeightsAt {
  readonly at: Ptr
  readonly columnStep: number
}

const readCells = (
  { kernels, scratch }: Workbench,
  { hardware, converters, laws }: ChipSettings,
  { at, columnStep }: WeightsAt,
  tile: ColumnBlock,
  { logTime, readScale }: Moment,
  origins: { readonly life: Origin; readonly occasion: Origin },
): void => {
  const { dacMaxCode, perVmm } = converters
  scratch.within(() => {
    kernels.readCells({
      cells: dacMaxCode === 0 ? 0 : tile.cells,
      effective: dacMaxCode === 0 ? tile.cells : 0,
      scales: tile.column.scales,
      variances: perVmm ? tile.variances : 0,
      varianceScales: tile.column.varianceScales,
      ...{ w: at, columnStep },
      fullScales: tile.column.fullScales,
      model: laws,
      ...{ logTime, readScale, ...origins },
      ...{ load: loadOf(hardware), rowOrder: tile.rowOrder, rounds: tile.preDistorted ? preDistortionRounds : 0 },
      ...{ rows: deviceRows(tile), columns: tile.columns.size },
      ...{ copies: tile.rowCopies.at, copyCount: tile.rowCopies.count, copiesFirstRow: tile.rowCopies.firstRow },
      ...{ firstRow: tile.rows.first, firstColumn: tile.columns.first },
      maxCell: maxCellOf(tile, converters),
      scratch: scratch.take(readCellsScratchBytes(deviceRows(tile))),
      counts: scratch.take(4),
    })
  })
}

/** From sums to z, for the cells that stand there now. */
const writeZScales = (
  { heap }: Workbench,
  { converters }: ChipSettings,
  { columns, column }: ColumnBlock,
  inputRange: number,
): void => {
  const view = (at: Ptr): Float32Array => heap.f32(at, paddedColumns(columns.size))
  const [scales, zScale] = [view(column.scales), view(column.zScale)]
  if (converters.dacMaxCode === 0) zScale.fill(1 / inputRange)
  else scales.forEach((s, j) => (zScale[j] = s / converters.dacMaxCode))
  if (!converters.perVmm) return
  const [varianceScales, zVarianceScale] = [view(column.varianceScales), view(column.zVarianceScale)]
  const unit = varianceUnit(converters)
  varianceScales.forEach((s, j) => (zVarianceScale[j] = s * unit))
}

/** Whether the compensation is measured against the chip right after programming. */
export const comparesWithFirst = ({
  driftCompensation,
}: Pick<ChipSettings['hardware'], 'driftCompensation'>): boolean =>
  driftCompensation === 'global' || driftCompensation === 'per-column'

/** The tile's weights as they are programmed: the layer's, or on the scratch stack where rows are scaled. */
const ownWeights = (
  { heap, scratch }: Workbench,
  { inputs }: LayerOfTile,
  { rows, columns, rowScales }: TilePlaces,
  weights: Ptr,
): WeightsAt => {
  const own = weights + 4 * (columns.first * inputs + rows.first)
  if (rowScales === 0) return { at: own, columnStep: inputs }
  const at = scratch.take(4 * columns.size * rows.size)
  const whole = heap.f32(own, (columns.size - 1) * inputs + rows.size)
  scaledWeightsInto(heap.f32(at, columns.size * rows.size), whole, inputs, heap.f32(rowScales, rows.size))
  return { at, columnStep: rows.size }
}

/** The weights of copied columns, side by side, on the scratch stack. */
const copiedWeights = (
  { heap, scratch }: Workbench,
  { rows }: TilePlaces,
  { owners }: SpareBlock,
  own: WeightsAt,
): WeightsAt => {
  const at = scratch.take(4 * owners.length * rows.size)
  owners.forEach((j, k) =>
    heap.f32(at + 4 * k * rows.size, rows.size).set(heap.f32(own.at + 4 * j * own.columnStep, rows.size)),
  )
  return { at, columnStep: rows.size }
}

/** Reads the devices of all of the tile's blocks. */
const readBlocks = (
  bench: Workbench,
  chip: ChipSettings,
  layer: LayerOfTile,
  tile: TilePlaces,
  weights: Ptr,
  moment: Moment,
  origins: { readonly life: Origin; readonly occasion: Origin },
): void => {
  bench.scratch.within(() => {
    const own = ownWeights(bench, layer, tile, weights)
    readCells(bench, chip, own, tile, moment, origins)
    const { spare } = tile
    if (spare !== null) readCells(bench, chip, copiedWeights(bench, tile, spare, own), spare, moment, origins)
  })
  for (const block of blocksOf(tile)) writeZScales(bench, chip, block, tile.inputRange)
}

/** From ADC codes to shares of the layer's outputs: alpha beta c, a step of the ADC, the gain. */
const writeYScales = (
  { heap }: Workbench,
  { converters: { adcMaxCode, adcBound } }: ChipSettings,
  { columns, column }: ColumnBlock,
  inputRange: number,
  alphas: Float64Array,
): void => {
  const view = (at: Ptr): Float32Array => heap.f32(at, paddedColumns(columns.size))
  const [fullScales, yScale, alpha] = [view(column.fullScales), view(column.yScale), view(column.alphas)]
  const gains = view(column.gains)
  const step = adcMaxCode === 0 ? 1 : adcBound / adcMaxCode
  yScale.fill(0)
  alphas.forEach((a, j) => {
    alpha[j] = a
    yScale[j] = step * inputRange * (fullScales[j] ?? 0) * (alpha[j] ?? NaN) * (gains[j] ?? NaN)
  })
}

/** Whether the compensation is computed from a device's moments. */
export const usesMoments = ({ driftCompensation }: Pick<ChipSettings['hardware'], 'driftCompensation'>): boolean =>
  driftCompensation === 'least-squares' || driftCompensation === 'moments'

/** Reads the tile: writes its cells, its columns' factors, alphas and offsets. */
export const readTile = (
  bench: Workbench,
  chip: ChipSettings,
  layer: LayerOfTile,
  tile: TilePlaces,
  reading: TileReading,
): void => {
  const { heap } = bench
  const { occasion, weights, now, first } = reading
  const address = { seed: chip.seed, chip: occasion.chip, layer: layer.number }
  const life = lifeOrigin(address)
  if (first !== null) {
    readBlocks(bench, chip, layer, tile, weights, first, { life, occasion: firstReadOrigin(address) })
    measureFirst(bench, chip, layer, tile, reading)
  }
  const origins = { life, occasion: readOrigin({ ...address, read: occasion.read }) }
  readBlocks(bench, chip, layer, tile, weights, now, origins)
  const blocks = blocksOf(tile)
  const alphas = alphasOf(bench, chip, layer, tile, reading)
  blocks.forEach((block, b) =>
    writeYScales(bench, chip, block, tile.inputRange, alphas[b] ?? new Float64Array(block.columns.size)),
  )
  if (layer.vectors === null) return
  const fitted = lines(bench, chip, layer, tile, reading, layer.vectors)
  const slopes = Float64Array.from(fitted, ({ alpha }) => alpha)
  writeYScales(bench, chip, tile, tile.inputRange, slopes)
  if (tile.spare !== null) {
    const copied = Float64Array.from(tile.spare.owners, j => slopes[j] ?? NaN)
    writeYScales(bench, chip, tile.spare, tile.inputRange, copied)
  }
  // The bias with the offset of the layer's last row tile: one addition for both.
  const isLast = tile.rows.first + tile.rows.size === layer.inputs
  const bias = isLast && layer.bias !== 0 ? heap.f32(layer.bias + 4 * tile.columns.first, tile.columns.size) : null
  const offsets = heap.f32(tile.column.offsets, tile.columns.size)
  fitted.forEach(({ offset }, j) => (offsets[j] = offset + (bias?.[j] ?? 0)))
}
