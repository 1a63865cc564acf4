/**
 * A linear layer on tiles in training: the six steps of a tile in binary32, and the way back through them, rounding passing
 * gradients straight through. With S and A the largest codes, B the ADC's bound, per tile
 *
 *     k_i = code of x_i         a_j = (A / B) (sum_i k_i w~_ij / (S c_j) + noise xi)         y_j = (B / A) beta c_j code(a_j)
 *     dL/d(sum)_j = dy_j where |a_j| <= A, else 0
 *     dL/d(beta c_j) = (B / A) sum_t dy_tj r_tj,   r = code(a) - a without its noise, or +-A where it is clipped: the residue
 *
 * Row tiles are added in row order, the bias last. Not modelled: the int16 grid of cells; read noise per VMM.
 */
import { trainingOutputsOrigin } from '../../../domain/random/addresses.js'
import type { Ptr } from '../../../kernels/heap.js'
import { panelsBytes } from '../../../kernels/kernels.js'
import { paddedColumns } from '../../../kernels/reference/vmm.js'
import { parameterOf, type Activation } from '../../digital/algebra.js'
import type { Context } from '../context.js'
import type { Backward } from '../gradients.js'
import { adcStep, type HardwareLayer, type HardwareTile } from './model.js'
import { tileOffset } from './weights.js'

type Unary = { readonly layer: string; readonly x: Activation }

/** A tile's share on the way back. */
export interface TileGradient {
  readonly tile: HardwareTile
  /** [rows, columns]: gradient of the column sums times beta c_j. */
  readonly dSums: Ptr
  /** [rows, padded columns], of the readout. */
  readonly residues: Ptr
  /** [rows, tile rows]: what the gradient of beta sums. */
  readonly products: Ptr
}

/** Inputs of a tile: [rows, tile rows], rows `step` apart. */
interface Inputs {
  readonly at: Ptr
  readonly step: number
}

const rangeOf = ({ heap }: Pick<Context, 'heap'>, { inputRange }: HardwareTile): number =>
  heap.f32(inputRange, 1)[0] ?? NaN

const hardwareIn = ({ hardware }: Context) => {
  if (hardware === null) throw new TypeError('"hardware" expected in a step on tiles, got none')
  return hardware
}

/** Codes of a tile's inputs times `unit` on `aside`; the inputs themselves if the DAC is ideal. */
export const tileInputs = (c: Context, tile: HardwareTile, x: Activation, unit: (beta: number) => number): Inputs => {
  const { dacMaxCode: maxCode } = hardwareIn(c).model
  const from = x.at + 4 * tile.rows.first
  if (maxCode === 0) return { at: from, step: x.width }
  const width = tile.rows.size
  const y = c.aside.take(4 * x.rows * width)
  const range = rangeOf(c, tile)
  c.kernels.quantise({ y, x: from, rows: x.rows, width, xRowStep: x.width, maxCode, range, unit: unit(range) })
  return { at: y, step: width }
}

/** One tile's share of y. @returns its residues, on the scratch stack */
const tileForward = (c: Context, layer: HardwareLayer, tile: HardwareTile, x: Activation, y: Activation): Ptr => {
  const { heap, kernels, scratch, aside, rowsOf, linear } = c
  const { model, step } = hardwareIn(c)
  const { weight, bias } = parameterOf(linear, layer.name)
  const [inner, columns, width] = [tile.rows.size, tile.columns.size, paddedColumns(tile.columns.size)]
  const sums = scratch.take(4 * x.rows * width)
  aside.within(() => {
    const inputs = tileInputs(c, tile, x, () => 1)
    const panels = aside.take(panelsBytes(inner, columns))
    kernels.pack({ panels, w: weight + tileOffset(layer, tile), inner, columns, columnStep: layer.inputs })
    kernels.product({
      ...{ y: sums, yRowStep: width, x: inputs.at, xRowStep: inputs.step, panels, bias: 0 },
      ...{ rows: x.rows, inner, columns },
    })
    const range = rangeOf(c, tile)
    const [zScale, yScale] = [aside.take(4 * width), aside.take(4 * width)]
    const [toZ, toY] = [heap.f32(zScale, width).fill(0), heap.f32(yScale, width).fill(0)]
    const unit = model.dacMaxCode === 0 ? range : model.dacMaxCode
    heap.f32(tile.fullScales, columns).forEach((scale, j) => {
      toZ[j] = scale > 0 ? 1 / (unit * scale) : 0
      toY[j] = adcStep(model) * range * scale
    })
    const { tokens, examples } = rowsOf(x)
    const noise = trainingOutputsOrigin({ ...step, layer: layer.number, tile: tile.index })
    const isLast = tile.rows.first + inner === layer.inputs
    kernels.readout({
      ...{ y: y.at + 4 * tile.columns.first, yRowStep: y.width, sums, real: true, rows: x.rows, columns },
      ...{ zScale, yScale, offset: 0, bias: isLast ? bias + 4 * tile.columns.first : 0 },
      ...{
        onward: tile.rows.first > 0,
        maxCode: model.adcMaxCode,
        adcScale: model.adcMaxCode / model.settings.adc.bound,
      },
      ...{ outputNoise: model.settings.outputNoise, output: noise, read: noise, tokens, examples },
      ...{ variances: 0, varianceScale: 0, counts: aside.take(4), residues: sums },
    })
  })
  return sums
}

export const linearOnTiles = (c: Context, { layer: name, x }: Unary): Activation => {
  const layer = parameterOf(hardwareIn(c).model.layers, name)
  const y = c.fresh(x.rows, layer.outputs)
  const residues = layer.tiles.map(tile => tileForward(c, layer, tile, x, y))
  c.residues.set(y, residues)
  return y
}

/** The gradient of one tile's inputs, added to dx. */
const tileBackward = (
  c: Context,
  layer: HardwareLayer,
  tile: HardwareTile,
  residues: Ptr,
  [x, dy, dx]: readonly [Activation, Activation, Activation],
): TileGradient => {
  const { kernels, aside, linear } = c
  const { dacMaxCode } = hardwareIn(c).model
  const { weight } = parameterOf(linear, layer.name)
  const [inputs, columns] = [tile.rows.size, tile.columns.size]
  const rows = x.rows
  const dSums = aside.take(4 * rows * columns)
  kernels.straightThrough({
    ...{ y: dSums, dy: dy.at + 4 * tile.columns.first, residues, rows, columns },
    ...{ dyRowStep: dy.width, residueRowStep: paddedColumns(columns) },
  })
  const products = aside.take(4 * rows * inputs)
  aside.within(() => {
    const panels = aside.take(panelsBytes(columns, inputs))
    const w = weight + tileOffset(layer, tile)
    kernels.pack({ panels, w, inner: columns, columns: inputs, columnStep: 1, innerStep: layer.inputs })
    kernels.product({ y: products, x: dSums, panels, bias: 0, rows, inner: columns, columns: inputs })
  })
  // An ideal DAC is one of an unbounded range: it clips nothing, and its range has no gradient.
  const converter =
    dacMaxCode === 0 ? { maxCode: 1, range: Infinity } : { maxCode: dacMaxCode, range: rangeOf(c, tile) }
  kernels.quantiseGradient({
    ...{ dx: dx.at + 4 * tile.rows.first, d: products, x: x.at + 4 * tile.rows.first, rows, width: inputs },
    ...{ xRowStep: x.width, ...converter, onward: tile.columns.first > 0 },
  })
  return { tile, dSums, residues, products }
}

export const linearOnTilesGradient = (
  c: Context,
  { layer: name, x }: Unary,
  y: Activation,
  dy: Activation,
  { give, receiver }: Backward,
): void => {
  const layer = parameterOf(hardwareIn(c).model.layers, name)
  const residues = c.residues.get(y) ?? []
  const dx = c.fresh(x.rows, layer.inputs)
  c.aside.within(() => {
    const tiles = layer.tiles.map((tile, i) => tileBackward(c, layer, tile, residues[i] ?? NaN, [x, dy, dx]))
    receiver.tiles(layer, x, dy, tiles)
  })
  give(x, dx.at)
}
