/**
 * A tile made ready for a pass: its devices read at a time after programming, and the digital factors at its columns,
 * drift compensation included. Nothing of a device is stored: its state is drawn again from its address.
 * Compensations: `none`; `global` and `per-column`, measured through DAC, noise and ADC on calibration vectors, against
 * the same right after programming (Le Gallo et al. 2018; Joshi et al. 2020); `least-squares`, from the exact moments of
 * the pairs, IR drop left out of account.
 */
import { calibrationVectorCount, calibrationVectorsInto } from '../../domain/crossbar/calibration-vectors.js'
import { leastSquaresFactor } from '../../domain/crossbar/drift-compensation.js'
import { interpolated } from '../../domain/crossbar/pair-moments.js'
import { firstReadOrigin, lifeOrigin, readOrigin, type Origin } from '../../domain/random/addresses.js'
import type { Ptr } from '../../kernels/heap.js'
import { paddedColumns } from '../../kernels/reference/vmm.js'
import { readCellsScratchBytes } from '../../kernels/tile.js'
import { parameterOf } from '../digital/algebra.js'
import type { Occasion } from '../engine.js'
import type { Workbench } from '../workbench.js'
import { maxCellOf, varianceUnit, type AnalogLayer, type AnalogParameters, type TilePlaces } from './parameters.js'
import { encoded, multiplied } from './tile.js'

/** What `readCells` takes of a moment in a chip's life. */
export interface Moment {
  readonly logTime: number
  readonly readScale: number
}

export interface ReadTile {
  readonly kind: 'read tile'
  readonly layer: string
  /** Position in the layer. */
  readonly tile: number
  /** f32 [outputs, inputs]: the layer's weights. */
  readonly weights: Ptr
  readonly occasion: Occasion
  readonly now: Moment
  /** Right after programming: measured first where a compensation compares with it and has not yet; else null. */
  readonly first: Moment | null
  /** f64 means, then variances, of `momentSteps + 1` weights of a pair each; 0 where no compensation needs them. */
  readonly moments: Ptr
  readonly momentSteps: number
}

/** The measurements of a chip, as `example` in the addresses of their noise. */
const measurement = { first: 0, now: 1 } as const

const readCells = (
  { kernels, scratch }: Workbench,
  p: AnalogParameters,
  layer: AnalogLayer,
  tile: TilePlaces,
  weights: Ptr,
  { logTime, readScale }: Moment,
  occasion: Origin,
  life: Origin,
): void => {
  const { dacMaxCode, perVmm } = p.converters
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
      model: p.model,
      ...{ logTime, readScale, life, occasion },
      load: p.hardware.wireResistanceOhm * p.hardware.device.gMaxMicroSiemens * 1e-6,
      ...{ rows: tile.rows.size, columns: tile.columns.size },
      ...{ firstRow: tile.rows.first, firstColumn: tile.columns.first },
      maxCell: maxCellOf(tile, p.converters),
      scratch: scratch.take(readCellsScratchBytes(tile.rows.size)),
      counts: scratch.take(4),
    })
  })
}

/** From sums to z, for the cells that stand there now. */
const writeZScales = ({ heap }: Workbench, { converters }: AnalogParameters, tile: TilePlaces): void => {
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

/** Sums of |z| at each column over the calibration vectors, in steps of the ADC, into f64 [columns]. */
const measureInto = (
  bench: Workbench,
  p: AnalogParameters,
  layer: AnalogLayer,
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
    calibrationVectorsInto(vectors, inner)
    vectors.forEach((v, i) => (vectors[i] = v * tile.inputRange))
    const [tokens, examples] = [scratch.take(4 * rows), scratch.take(4 * rows)]
    heap.u32(tokens, rows).forEach((_, k, all) => (all[k] = k))
    heap.u32(examples, rows).fill(measurement[which])
    const yScale = scratch.take(4 * paddedColumns(columns))
    heap.f32(yScale, paddedColumns(columns)).fill(1)
    const y = scratch.take(4 * rows * columns)
    multiplied(
      ...([bench, p, layer, tile] as const),
      encoded(bench, p, tile, { x, rows, xRowStep: inner }),
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

/** alpha* of each column, in weights clipped to full scale, over the moments' table. */
const leastSquaresInto = (
  { heap }: Workbench,
  layer: AnalogLayer,
  tile: TilePlaces,
  { weights, moments, momentSteps }: ReadTile,
  alphas: Float64Array,
): void => {
  const mean = heap.f64(moments, momentSteps + 1)
  const variance = heap.f64(moments + 8 * (momentSteps + 1), momentSteps + 1)
  const fullScales = heap.f32(tile.column.fullScales, tile.columns.size)
  const shares = new Float64Array(tile.rows.size)
  // The moments of -w are those of w mirrored, so that magnitudes are enough: w E[v] is the same for both.
  const at = (share: number) => ({ mean: interpolated(mean, share), variance: interpolated(variance, share) })
  for (let j = 0; j < tile.columns.size; j++) {
    const w = heap.f32(weights + 4 * ((tile.columns.first + j) * layer.inputs + tile.rows.first), tile.rows.size)
    const fullScale = fullScales[j] ?? 0
    if (fullScale > 0) w.forEach((v, i) => (shares[i] = Math.min(1, Math.abs(v) / fullScale)))
    alphas[j] = fullScale > 0 ? leastSquaresFactor(shares, at) : 1
  }
}

/** Reads the tile and writes its cells, its columns' factors and alphas. */
export const readTile = (bench: Workbench, p: AnalogParameters, order: ReadTile): void => {
  const { heap } = bench
  const { occasion, weights, now, first } = order
  const layer = parameterOf(p.layers, order.layer)
  const tile = layer.tiles[order.tile]
  if (tile === undefined) throw new RangeError(`no tile ${order.tile} in layer ${layer.name}`)
  const { driftCompensation } = p.hardware
  const address = { seed: p.seed, chip: occasion.chip, layer: layer.number }
  const life = lifeOrigin(address)
  const columns = tile.columns.size
  const firstSums = heap.f64(tile.column.firstSums, columns)
  if (first !== null) {
    readCells(bench, p, layer, tile, weights, first, firstReadOrigin(address), life)
    writeZScales(bench, p, tile)
    measureInto(bench, p, layer, tile, { chip: occasion.chip, read: 0 }, 'first', firstSums)
  }
  readCells(bench, p, layer, tile, weights, now, readOrigin({ ...address, read: occasion.read }), life)
  writeZScales(bench, p, tile)

  const alphas = new Float64Array(columns).fill(1)
  if (driftCompensation === 'least-squares') leastSquaresInto(bench, layer, tile, order, alphas)
  else if (driftCompensation !== 'none') {
    const sums = new Float64Array(columns)
    measureInto(bench, p, layer, tile, occasion, 'now', sums)
    if (driftCompensation === 'global') alphas.fill(restoring(sum(firstSums), sum(sums)))
    else sums.forEach((s, j) => (alphas[j] = restoring(firstSums[j] ?? 0, s)))
  }
  const view = (at: Ptr): Float32Array => heap.f32(at, paddedColumns(columns))
  const [fullScales, yScale, alpha] = [view(tile.column.fullScales), view(tile.column.yScale), view(tile.column.alphas)]
  const { adcMaxCode, adcBound } = p.converters
  const step = adcMaxCode === 0 ? 1 : adcBound / adcMaxCode
  yScale.fill(0)
  alphas.forEach((a, j) => {
    alpha[j] = a
    yScale[j] = step * tile.inputRange * (fullScales[j] ?? 0) * (alpha[j] ?? NaN)
  })
}
