/**
 * A tile made ready for a pass: its devices read at a time after programming, and the digital factors at its columns,
 * drift compensation included. Nothing of a device is stored: its state is drawn again from its address.
 * Compensations: `none`; `global` and `per-column`, measured through DAC, noise and ADC on calibration vectors, against
 * the same right after programming (Le Gallo et al. 2018; Joshi et al. 2020); `least-squares`, from the exact moments of
 * the pairs, IR drop left out of account.
 */
import { calibrationVectorCount, calibrationVectorsInto } from '../../domain/crossbar/calibration-vectors.js'
import { leastSquaresFactor } from '../../domain/crossbar/drift-compensation.js'
import { preDistortionRounds } from '../../domain/crossbar/pre-distortion.js'
import { gridSteps, interpolated } from '../../domain/devices/moment-grid.js'
import { firstReadOrigin, lifeOrigin, readOrigin, type Origin } from '../../domain/random/addresses.js'
import type { Ptr } from '../../kernels/heap.js'
import { paddedColumns } from '../../kernels/reference/vmm.js'
import { readCellsScratchBytes } from '../../kernels/tile.js'
import type { Occasion } from '../engine.js'
import type { Workbench } from '../workbench.js'
import { loadOf, maxCellOf, varianceUnit, type AnalogLayer, type ChipSettings, type TilePlaces } from './parameters.js'
import { encoded, multiplied } from './tile.js'

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
export type LayerOfTile = Pick<AnalogLayer, 'name' | 'number' | 'inputs'>

/** Bytes of the means, then the variances, of a grid of devices (domain/devices/moment-grid.ts), in binary64. */
export const momentGridBytes = 2 * 8 * (gridSteps + 1)

export interface MomentColumns {
  readonly mean: Float64Array
  readonly variance: Float64Array
}

export const momentColumnsAt = ({ heap }: Pick<Workbench, 'heap'>, at: Ptr): MomentColumns => ({
  mean: heap.f64(at, gridSteps + 1),
  variance: heap.f64(at + 8 * (gridSteps + 1), gridSteps + 1),
})

/** The measurements of a chip, as `example` in the addresses of their noise. */
const measurement = { first: 0, now: 1 } as const

const readCells = (
  { kernels, scratch }: Workbench,
  { hardware, converters, laws }: ChipSettings,
  layer: LayerOfTile,
  tile: TilePlaces,
  weights: Ptr,
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
      w: weights + 4 * (tile.columns.first * layer.inputs + tile.rows.first),
      columnStep: layer.inputs,
      fullScales: tile.column.fullScales,
      model: laws,
      ...{ logTime, readScale, ...origins },
      ...{ load: loadOf(hardware), rowOrder: tile.rowOrder, rounds: tile.preDistorted ? preDistortionRounds : 0 },
      ...{ rows: tile.rows.size, columns: tile.columns.size },
      ...{ firstRow: tile.rows.first, firstColumn: tile.columns.first },
      maxCell: maxCellOf(tile, converters),
      scratch: scratch.take(readCellsScratchBytes(tile.rows.size)),
      counts: scratch.take(4),
    })
  })
}

/** From sums to z, for the cells that stand there now. */
const writeZScales = ({ heap }: Workbench, { converters }: ChipSettings, tile: TilePlaces): void => {
  const { columns, column, inputRange } = tile
  const view = (at: Ptr): Float32Array => heap.f32(at, paddedColumns(columns.size))
  const [scales, zScale] = [view(column.scales), view(column.zScale)]
  if (converters.dacMaxCode === 0) zScale.fill(1 / inputRange)
  else scales.forEach((s, j) => (zScale[j] = s / converters.dacMaxCode))
  if (!converters.perVmm) return
  const [varianceScales, zVarianceScale] = [view(column.varianceScales), view(column.zVarianceScale)]
  const unit = varianceUnit(converters)
  varianceScales.forEach((s, j) => (zVarianceScale[j] = s * unit))
}

const knownVectors = new Map<number, Float32Array>()

/** The calibration vectors of tiles with so many rows: a model has few heights of tiles, and as many tables. */
const calibrationVectors = (rows: number): Float32Array => {
  const found = knownVectors.get(rows)
  if (found !== undefined) return found
  const made = new Float32Array(calibrationVectorCount * rows)
  calibrationVectorsInto(made, rows)
  knownVectors.set(rows, made)
  return made
}

/** Sums of |z| at each column over the calibration vectors, in steps of the ADC, into f64 [columns]. */
const measureInto = (
  bench: Workbench,
  chip: ChipSettings,
  layer: LayerOfTile,
  tile: TilePlaces,
  occasion: Occasion,
  which: keyof typeof measurement,
  out: Float64Array,
): void =>
  bench.scratch.within(() => {
    const { heap, scratch } = bench
    const [inner, columns, rows] = [tile.rows.size, tile.columns.size, calibrationVectorCount]
    const x = scratch.take(4 * rows * inner)
    const vectors = heap.f32(x, rows * inner)
    calibrationVectors(inner).forEach((v, i) => (vectors[i] = v * tile.inputRange))
    const [tokens, examples] = [scratch.take(4 * rows), scratch.take(4 * rows)]
    heap.u32(tokens, rows).forEach((_, k, all) => (all[k] = k))
    heap.u32(examples, rows).fill(measurement[which])
    const yScale = scratch.take(4 * paddedColumns(columns))
    heap.f32(yScale, paddedColumns(columns)).fill(1)
    const y = scratch.take(4 * rows * columns)
    multiplied(
      ...([bench, chip, layer, tile] as const),
      encoded(bench, chip, tile, { x, rows, xRowStep: inner }),
      { y, yRowStep: columns, yScale, bias: 0, onward: false },
      { occasion, output: 'measuredOutput', vmmRead: 'measuredVmmRead', tokens, examples },
    )
    const z = heap.f32(y, rows * columns)
    out.fill(0)
    for (let k = 0; k < rows; k++)
      for (let j = 0; j < columns; j++) out[j] = (out[j] ?? 0) + Math.abs(z[k * columns + j] ?? NaN)
  })

/** What brings a measurement back to the first; 1 where either saw nothing. */
const restoring = (first: number, now: number): number => (first > 0 && now > 0 ? first / now : 1)

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)

/** alpha* of each column, in weights clipped to full scale. */
const leastSquaresInto = (
  bench: Workbench,
  layer: LayerOfTile,
  tile: TilePlaces,
  { weights, moments }: TileReading,
  alphas: Float64Array,
): void => {
  const { heap } = bench
  const { mean, variance } = momentColumnsAt(bench, moments)
  const idle = { mean: mean[0] ?? NaN, variance: variance[0] ?? NaN }
  const fullScales = heap.f32(tile.column.fullScales, tile.columns.size)
  const shares = new Float64Array(tile.rows.size)
  // The pair's moments for -w are those for w mirrored, so that magnitudes are enough: w E[v] is the same for both.
  const pair = (share: number) => ({
    mean: interpolated(mean, share) - idle.mean,
    variance: interpolated(variance, share) + idle.variance,
  })
  for (let j = 0; j < tile.columns.size; j++) {
    const w = heap.f32(weights + 4 * ((tile.columns.first + j) * layer.inputs + tile.rows.first), tile.rows.size)
    const fullScale = fullScales[j] ?? 0
    if (fullScale > 0) w.forEach((v, i) => (shares[i] = Math.min(1, Math.abs(v) / fullScale)))
    alphas[j] = fullScale > 0 ? leastSquaresFactor(shares, pair) : 1
  }
}

/** Factors of the drift compensation at this read, into f64 [columns]. */
const alphasInto = (
  bench: Workbench,
  chip: ChipSettings,
  layer: LayerOfTile,
  tile: TilePlaces,
  reading: TileReading,
  alphas: Float64Array,
): void => {
  const { driftCompensation } = chip.hardware
  alphas.fill(1)
  if (driftCompensation === 'least-squares') leastSquaresInto(bench, layer, tile, reading, alphas)
  else if (driftCompensation !== 'none') {
    const firstSums = bench.heap.f64(tile.column.firstSums, tile.columns.size)
    const sums = new Float64Array(tile.columns.size)
    measureInto(bench, chip, layer, tile, reading.occasion, 'now', sums)
    if (driftCompensation === 'global') alphas.fill(restoring(sum(firstSums), sum(sums)))
    else sums.forEach((s, j) => (alphas[j] = restoring(firstSums[j] ?? 0, s)))
  }
}

/** Whether the compensation is measured against the chip right after programming. */
export const comparesWithFirst = ({
  driftCompensation,
}: Pick<ChipSettings['hardware'], 'driftCompensation'>): boolean =>
  driftCompensation === 'global' || driftCompensation === 'per-column'

/** Reads the tile: writes its cells, its columns' factors and alphas. */
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
  const columns = tile.columns.size
  if (first !== null) {
    readCells(bench, chip, layer, tile, weights, first, { life, occasion: firstReadOrigin(address) })
    writeZScales(bench, chip, tile)
    const sums = heap.f64(tile.column.firstSums, columns)
    measureInto(bench, chip, layer, tile, { chip: occasion.chip, read: 0 }, 'first', sums)
  }
  const origins = { life, occasion: readOrigin({ ...address, read: occasion.read }) }
  readCells(bench, chip, layer, tile, weights, now, origins)
  writeZScales(bench, chip, tile)
  const alphas = new Float64Array(columns)
  alphasInto(bench, chip, layer, tile, reading, alphas)
  const view = (at: Ptr): Float32Array => heap.f32(at, paddedColumns(columns))
  const [fullScales, yScale, alpha] = [view(tile.column.fullScales), view(tile.column.yScale), view(tile.column.alphas)]
  const gains = view(tile.column.gains)
  const { adcMaxCode, adcBound } = chip.converters
  const step = adcMaxCode === 0 ? 1 : adcBound / adcMaxCode
  yScale.fill(0)
  alphas.forEach((a, j) => {
    alpha[j] = a
    yScale[j] = step * tile.inputRange * (fullScales[j] ?? 0) * (alpha[j] ?? NaN) * (gains[j] ?? NaN)
  })
}
