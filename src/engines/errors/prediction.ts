/**
 * The expected squared error of a linear layer on a chip, from the exact moments of its devices, beside the measured one.
 * With y^ = sum over tiles of beta c alpha (quantised sum), the error's parts are taken to be independent:
 *
 *     weights       sum_t (sum_i b_ij x_ti)^2 + sum_i Var[w^_ij] sum_t x_ti^2,   b_ij = E[w^_ij] - w_ij,  w^ = c alpha v
 *     DAC           sum_i E[w^_ij^2] sum_t e_ti^2,   e the rounding and clipping of the inputs as they are
 *     output noise  (beta c alpha sigma)^2 a row
 *     ADC           (beta c alpha)^2 E[(q(z) - z)^2] a row, z Gaussian with the variance that the tile's exact share has
 *
 * Where ranges have gains, alpha is short for alpha times the gain. IR drop enters through the factors u that the mean conductances give,
 * of targets as they are programmed. The factors alpha are those measured on the chip.
 * Where copies of a column are averaged, devices and readouts have that many times less variance.
 * Not modelled: correlation of rounding errors between inputs and between copies, tails of z, the spread of alpha and of u;
 * what an offset takes away; ranges of single vectors.
 */
import { ladderVoltagesInto } from '../../domain/crossbar/ladder.js'
import { preDistorted } from '../../domain/crossbar/pre-distortion.js'
import { quantisationError } from '../../domain/crossbar/quantisation-error.js'
import { interpolated } from '../../domain/devices/moment-grid.js'
import { panelsBytes } from '../../kernels/kernels.js'
import type { Ptr } from '../../kernels/heap.js'
import {
  averagedIn,
  deviceRows,
  rowPlaces,
  type AnalogLayer,
  type ChipSettings,
  type TilePlaces,
} from '../analog/parameters.js'
import { idleAfterProgramming, momentColumnsAt } from '../analog/moments.js'
import type { Activation } from '../digital/algebra.js'
import type { Workbench } from '../workbench.js'
import { sumOf, type ExactLayer } from './exact.js'
import type { PlainLayer } from './parameters.js'

/** Moments of the weights one column yields, in units of its full scale. */
interface ColumnMoments {
  readonly mean: Float64Array
  readonly variance: Float64Array
}

/**
 * One column of a tile at a time, of the pairs its weights are programmed as; of a row on several, the mean of theirs. The
 * result is overwritten by the next.
 */
const columnMoments = (
  bench: Pick<Workbench, 'heap'>,
  chip: ChipSettings,
  moments: Ptr,
  tile: Pick<TilePlaces, 'rows' | 'rowCopies' | 'rowOrder' | 'preDistorted'>,
) => {
  const [own, rows] = [tile.rows.size, deviceRows(tile)]
  const places = rowPlaces(bench.heap, tile)
  const copied = tile.rowCopies.count === 0 ? [] : bench.heap.u32(tile.rowCopies.at, tile.rowCopies.count)
  const weights = new Float32Array(rows)
  const rowOrder = tile.rowOrder === 0 ? null : bench.heap.u32(tile.rowOrder, rows)
  const { mean, variance } = momentColumnsAt(bench, moments)
  const { wireResistanceOhm, device } = chip.hardware
  const { gMaxMicroSiemens } = device
  const idle = idleAfterProgramming(chip.hardware)
  const bitLines = { gMaxMicroSiemens, wireResistanceOhm, rowOrder, idle }
  const shares = new Float64Array(rows)
  const [idleMean, idleVariance] = [mean[0] ?? NaN, variance[0] ?? NaN]
  const [held, heldSpread] = [new Float64Array(rows), new Float64Array(rows)]
  const voltages = { plus: new Float64Array(rows).fill(1), minus: new Float64Array(rows).fill(1) }
  const out: ColumnMoments = { mean: new Float64Array(rows), variance: new Float64Array(rows) }
  return (column: Float32Array, fullScale: number): ColumnMoments => {
    weights.set(column)
    copied.forEach((i, k) => (weights[own + k] = column[i] ?? NaN))
    for (let i = 0; i < rows; i++) shares[i] = Math.max(-1, Math.min(1, (weights[i] ?? NaN) / fullScale))
    const targets = tile.preDistorted && wireResistanceOhm > 0 ? preDistorted(shares, bitLines) : shares.map(Math.abs)
    targets.forEach((target, i) => {
      held[i] = interpolated(mean, target)
      heldSpread[i] = interpolated(variance, target)
    })
    if (wireResistanceOhm > 0) {
      const side = (u: Float64Array, up: boolean): void => {
        for (let i = 0; i < rows; i++)
          u[i] = ((weights[i] ?? NaN) > 0 === up ? (held[i] ?? NaN) : idleMean) * gMaxMicroSiemens
        ladderVoltagesInto(u, u, wireResistanceOhm, rowOrder)
      }
      side(voltages.plus, true)
      side(voltages.minus, false)
    }
    for (let i = 0; i < rows; i++) {
      const up = (weights[i] ?? NaN) > 0
      const share = (up ? voltages.plus : voltages.minus)[i] ?? NaN
      const idle = (up ? voltages.minus : voltages.plus)[i] ?? NaN
      const difference = share * (held[i] ?? NaN) - idle * idleMean
      out.mean[i] = up ? difference : -difference
      out.variance[i] = share * share * (heldSpread[i] ?? NaN) + idle * idle * idleVariance
    }
    copied.forEach((i, k) => {
      out.mean[i] = (out.mean[i] ?? NaN) + (out.mean[own + k] ?? NaN)
      out.variance[i] = (out.variance[i] ?? NaN) + (out.variance[own + k] ?? NaN)
    })
    places.forEach((n, i) => {
      out.mean[i] = (out.mean[i] ?? NaN) / n
      out.variance[i] = (out.variance[i] ?? NaN) / (n * n)
    })
    return out
  }
}

/** Errors of a tile's inputs, its converters and its noise; its weights' spread. Their bias goes to `biases`. */
const tileError = (
  bench: Workbench,
  chip: ChipSettings,
  layer: PlainLayer,
  tile: TilePlaces,
  about: {
    readonly exact: ExactLayer
    readonly x: Activation
    readonly piece: number
    readonly moments: Ptr
    readonly factors: Float32Array | null
  },
  biases: Float32Array,
): number => {
  const { heap } = bench
  const { exact, x, piece, moments, factors } = about
  const { converters: c } = chip
  const [rows, columns] = [tile.rows.size, tile.columns.size]
  const fullScales = heap.f32(tile.column.fullScales, columns)
  const alphas = heap.f32(tile.column.alphas, columns)
  const gains = heap.f32(tile.column.gains, columns)
  // As many as average each column's output; the gain stands there divided by them.
  const averaged = averagedIn(tile)
  const rounding = exact.rounding(tile.rows, { maxCode: c.dacMaxCode, range: tile.inputRange }, rowPlaces(heap, tile))
  const inputs = exact.inputs.subarray(tile.rows.first, tile.rows.first + rows)
  const shares = exact.shares[piece] ?? new Float64Array(0)
  const adc = { bits: 8, range: c.adcBound, maxCode: c.adcMaxCode }
  const momentsOf = columnMoments(bench, chip, moments, tile)
  let sum = 0
  for (let j = 0; j < columns; j++) {
    const output = tile.columns.first + j
    const at = output * layer.inputs + tile.rows.first
    const w = heap.f32(layer.weights + 4 * at, rows)
    const copies = averaged[j] ?? NaN
    const factor = (fullScales[j] ?? NaN) * (alphas[j] ?? NaN) * (gains[j] ?? NaN) * copies
    if (factor === 0) {
      for (let i = 0; i < rows; i++) biases[at + i] = -(w[i] ?? NaN)
      continue
    }
    const { mean, variance } = momentsOf(w, fullScales[j] ?? NaN)
    const kept = factors === null || !((factors[j] ?? NaN) > 0) ? 1 : (factors[j] ?? NaN)
    const held = factor / kept
    for (let i = 0; i < rows; i++) {
      const expected = held * (mean[i] ?? NaN)
      const spread = (held * held * (variance[i] ?? NaN)) / copies
      biases[at + i] = expected - (w[i] ?? NaN)
      sum += spread * (inputs[i] ?? NaN) + (expected * expected + spread) * (rounding[i] ?? NaN)
    }
    const unit = tile.inputRange * factor
    const square = (shares[output] ?? NaN) / x.rows / (unit * unit) + c.outputNoise ** 2
    const perRow = c.outputNoise ** 2 + (c.adcMaxCode === 0 ? 0 : quantisationError(adc, Math.sqrt(square)))
    sum += (x.rows * unit * unit * perRow) / copies
  }
  return sum
}

/** Factors alpha of a layer's columns, tile by tile, block by block. */
export type LayerFactors = readonly (readonly Float32Array[])[]

/** Expected sum of (y^ - y)^2 over rows and outputs. @param moments of a device now, on the heap */
export const predictedError = (
  bench: Workbench,
  chip: ChipSettings,
  layer: PlainLayer,
  placed: AnalogLayer,
  about: {
    readonly exact: ExactLayer
    readonly x: Activation
    readonly moments: Ptr
    /** What makes up, on each tile, for the drift of the chip that this one has only the readouts of; null: it is whole. */
    readonly factors: LayerFactors | null
  },
): number =>
  bench.scratch.within(() => {
    const { heap, kernels, scratch } = bench
    const { x, exact, moments, factors } = about
    const { inputs: inner, outputs: columns } = layer
    const at = scratch.take(4 * inner * columns)
    const biases = heap.f32(at, inner * columns)
    const firstRows = [...new Set(placed.tiles.map(t => t.rows.first))]
    let sum = 0
    for (const [t, tile] of placed.tiles.entries()) {
      const piece = firstRows.indexOf(tile.rows.first)
      sum += tileError(
        bench,
        chip,
        layer,
        tile,
        { exact, x, piece, moments, factors: factors?.[t]?.[0] ?? null },
        biases,
      )
    }
    const panels = scratch.take(panelsBytes(inner, columns))
    const y = scratch.take(4 * x.rows * columns)
    kernels.pack({ panels, w: at, inner, columns })
    kernels.product({ y, x: x.at, panels, bias: 0, rows: x.rows, inner, columns })
    const errors = heap.f32(y, x.rows * columns)
    const squares = new Float64Array(x.rows)
    for (let r = 0; r < x.rows; r++) {
      let row = 0
      for (let j = 0; j < columns; j++) row += (errors[r * columns + j] ?? NaN) ** 2
      squares[r] = row
    }
    return sum + sumOf(squares)
  })
