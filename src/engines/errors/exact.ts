/**
 * What a linear layer gives without a chip, and what its errors are predicted from: the energies of its inputs, of their
 * rounding by the DAC, and each tile's share in every column's sum.
 */
import { converter, decode, encode } from '../../domain/crossbar/converter.js'
import type { Piece } from '../../domain/crossbar/tiling.js'
import type { Ptr } from '../../kernels/heap.js'
import { panelsBytes } from '../../kernels/kernels.js'
import type { Activation } from '../digital/algebra.js'
import type { Workbench } from '../workbench.js'
import type { PlainLayer } from './parameters.js'

export interface ExactLayer {
  /** x W^T, without the bias: [rows, outputs]. */
  readonly y: Activation
  /** Sum of y^2. */
  readonly energy: number
  /** Sum over rows of x_i^2, [inputs]. */
  readonly inputs: Float64Array
  /** By piece of rows: its share in each column's sum, f32 [rows, outputs] on the scratch stack. */
  readonly shares: readonly Ptr[]
  /**
   * Sum over rows of the square of what the DAC makes of x_i less x_i, for the inputs of a piece: [piece's rows].
   * @param places on how many rows of devices each stands
   * @param scales what each is divided by before the DAC; null: nothing
   */
  readonly rounding: (piece: Piece, dac: Dac, places: Uint16Array, scales: Float32Array | null) => Float64Array
}

export interface Dac {
  /** 0: ideal. */
  readonly maxCode: number
  readonly range: number
}

/** Adds squares of x [rows, width] to sums [width], row by row. */
const addSquares = (sums: Float64Array, x: Float32Array): void => {
  const width = sums.length
  for (let at = 0; at < x.length; at += width)
    for (let i = 0; i < width; i++) sums[i] = (sums[i] ?? NaN) + (x[at + i] ?? NaN) ** 2
}

export const sumOf = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)

/** On the scratch stack, of whoever calls. @param y where to, on the heap */
export const exactLayer = (
  { heap, kernels, scratch }: Workbench,
  layer: PlainLayer,
  x: Activation,
  y: Activation,
  pieces: readonly Piece[],
): ExactLayer => {
  const { rows } = x
  const columns = layer.outputs
  const whole = heap.f32(y.at, rows * columns).fill(0)
  const shares = pieces.map(({ first, size }) => {
    const share = scratch.take(4 * rows * columns)
    scratch.within(() => {
      const panels = scratch.take(panelsBytes(size, columns))
      kernels.pack({ panels, w: layer.weights + 4 * first, inner: size, columns, columnStep: layer.inputs })
      kernels.product({
        ...{ y: share, x: x.at + 4 * first, panels, bias: 0, rows, inner: size, columns },
        xRowStep: x.width,
      })
    })
    kernels.add({ y: y.at, a: y.at, b: share, length: rows * columns })
    return share
  })
  const outputs = new Float64Array(columns)
  addSquares(outputs, whole)
  const inputs = new Float64Array(x.width)
  addSquares(inputs, heap.f32(x.at, rows * x.width))
  return { y, energy: sumOf(outputs), inputs, shares, rounding: remembered({ heap }, x) }
}

const roundingErrors = (
  { heap }: Pick<Workbench, 'heap'>,
  x: Activation,
  { first, size }: Piece,
  dac: Dac,
  places: Uint16Array,
  scales: Float32Array | null,
): Float64Array => {
  const errors = new Float64Array(size)
  if (dac.maxCode === 0) return errors
  // On n rows, n times the range at the same step; over a factor, that many times the range.
  const converters = Array.from(places, (n, i) => ({
    ...converter(2, n * dac.range * (scales?.[i] ?? 1)),
    maxCode: n * dac.maxCode,
  }))
  const values = heap.f32(x.at, x.rows * x.width)
  for (let r = 0; r < x.rows; r++)
    for (const [i, c] of converters.entries()) {
      const v = values[r * x.width + first + i] ?? NaN
      errors[i] = (errors[i] ?? NaN) + (decode(c, encode(c, v)) - v) ** 2
    }
  return errors
}

/** Neighbouring tiles, and the same tile on another chip, mostly ask for the same. */
const remembered = (bench: Pick<Workbench, 'heap'>, x: Activation): ExactLayer['rounding'] => {
  const known = new Map<string, Float64Array>()
  return (piece, dac, places, scales) => {
    const own = [places.every(n => n === 1) ? '' : places.join(), scales?.join() ?? '']
    const key = `${piece.first} ${dac.maxCode} ${dac.range} ${own.join(' ')}`
    const errors = known.get(key) ?? roundingErrors(bench, x, piece, dac, places, scales)
    known.set(key, errors)
    return errors
  }
}
