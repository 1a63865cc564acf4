/**
 * The expected squared error of a linear layer on a chip, from the exact moments of its devices, beside the measured one.
 * With y^ = sum over tiles of beta c alpha q(z), the chip's error is its expectation, and what varies about it:
 *
 *     expectation   sum_t (sum_i b_ij x_ti + beta c alpha (E[q(z_t)] - E[z_t]))^2,   b_ij = E[w^_ij] - w_ij,  w^ = c alpha v
 *     weights       sum_i Var[w^_ij] sum_t x_ti^2
 *     DAC           sum_i E[w^_ij^2] sum_t e_ti^2,   e the rounding and clipping of the inputs as they are
 *     output noise  (beta c alpha sigma)^2 a row
 *     ADC           (beta c alpha)^2 (Var[q(z_t)] - Var[z_t]),   z_t Gaussian: about what the tile's exact share comes to in
 *                   the mean over devices (by regression), with their spread and the output noise
 *
 * Where ranges have gains, alpha is short for alpha times the gain. IR drop enters through the factors u that the mean conductances give,
 * of targets as they are programmed. The factors alpha are those measured on the chip.
 * Where rows are scaled, w^ is what is programmed over its row's factor.
 * Where copies of a column are averaged, devices and readouts have that many times less variance.
 * Not modelled: correlation of rounding errors between inputs and between copies, the spread of alpha and of u;
 * what an offset takes away; ranges of single vectors.
 */
import { ladderVoltagesInto } from '../../domain/crossbar/ladder.js'
import { preDistorted } from '../../domain/crossbar/pre-distortion.js'
import { quantisedGaussianInto } from '../../domain/crossbar/quantised-gaussian.js'
import type { Converter } from '../../domain/crossbar/converter.js'
import { interpolated } from '../../domain/devices/moment-grid.js'
import { scaledWeightsInto } from '../../domain/ranges/held-weights.js'
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
    for (let i = 0; i < rows; i++) {
      const target = targets[i] ?? NaN
      held[i] = interpolated(mean, target)
      heldSpread[i] = interpolated(variance, target)
    }
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

/** Where what is expected of a layer's errors gathers: [outputs, inputs] of its weights, and [rows, outputs] of its ADCs. */
interface Expectations {
  readonly weights: Float32Array
  readonly readouts: Float64Array
}

/** How a column is read out. */
interface Readout {
  readonly adc: Converter
  /** What q(z) is multiplied by, averaged over copies. */
  readonly unit: number
  /** E[z] of an exact share. */
  readonly perShare: number
  /** Standard deviation of z. */
  readonly deviation: number
  readonly copies: number
}

/** Of a column's ADC: adds what is expected to `readouts`. @returns the variance that it adds or takes away, over all rows */
const readoutError = (
  { adc, unit, perShare, deviation, copies }: Readout,
  shares: Float32Array,
  { readouts }: Expectations,
  output: number,
  outputs: number,
): number => {
  const quantised = quantisedGaussianInto(adc, deviation)
  const found = { bias: NaN, excess: NaN }
  let sum = 0
  for (let at = output; at < shares.length; at += outputs) {
    quantised(perShare * (shares[at] ?? NaN), found)
    readouts[at] = (readouts[at] ?? NaN) + unit * found.bias
    sum += found.excess
  }
  return (sum * unit * unit) / copies
}

/** Errors of a tile's inputs, its converters and its noise; its weights' spread. What is expected goes to `expectations`. */
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
  expectations: Expectations,
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
  const scales = tile.rowScales === 0 ? null : heap.f32(tile.rowScales, rows)
  const dac = { maxCode: c.dacMaxCode, range: tile.inputRange }
  const rounding = exact.rounding(tile.rows, dac, rowPlaces(heap, tile), scales)
  const held = new Float32Array(rows)
  const inputs = exact.inputs.subarray(tile.rows.first, tile.rows.first + rows)
  const shares = heap.f32(exact.shares[piece] ?? NaN, x.rows * layer.outputs)
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
      for (let i = 0; i < rows; i++) expectations.weights[at + i] = -(w[i] ?? NaN)
      continue
    }
    // As they are programmed; what is expected of them is of the layer's own again, over their rows' factors.
    if (scales !== null) scaledWeightsInto(held, w, rows, scales)
    const { mean, variance } = momentsOf(scales === null ? w : held, fullScales[j] ?? NaN)
    const kept = factors === null || !((factors[j] ?? NaN) > 0) ? 1 : (factors[j] ?? NaN)
    const unscaled = factor / kept
    // Sums over rows of the column: x^2 w E[v], x^2 w^2 and x^2 Var[v].
    let [cross, energy, noise] = [0, 0, 0]
    for (let i = 0; i < rows; i++) {
      const [square, own, s] = [inputs[i] ?? NaN, w[i] ?? NaN, scales?.[i] ?? 1]
      const [meanOfOne, spreadOfOne] = [(mean[i] ?? NaN) / s, (variance[i] ?? NaN) / (s * s)]
      const expected = unscaled * meanOfOne
      const spread = (unscaled * unscaled * spreadOfOne) / copies
      expectations.weights[at + i] = expected - own
      sum += spread * square + (expected * expected + spread) * (rounding[i] ?? NaN)
      cross += square * own * meanOfOne
      energy += square * own * own
      noise += square * spreadOfOne
    }
    const unit = tile.inputRange * factor
    sum += (x.rows * (unit * c.outputNoise) ** 2) / copies
    if (c.adcMaxCode === 0) continue
    const perInput = 1 / (tile.inputRange * kept)
    const deviation = Math.hypot(c.outputNoise, perInput * Math.sqrt(noise / x.rows))
    const perShare = energy > 0 ? (perInput * cross) / energy : 0
    sum += readoutError({ adc, unit, perShare, deviation, copies }, shares, expectations, output, layer.outputs)
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
    const expectations = {
      weights: heap.f32(at, inner * columns),
      readouts: new Float64Array(x.rows * columns),
    }
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
        expectations,
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
      for (let j = r * columns; j < (r + 1) * columns; j++)
        row += ((errors[j] ?? NaN) + (expectations.readouts[j] ?? NaN)) ** 2
      squares[r] = row
    }
    return sum + sumOf(squares)
  })
