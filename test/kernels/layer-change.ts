/**
 * How much a layer's outputs W x change, in relative L2 norm and binary64, when its weights are held by tiles: by IR drop, by the
 * int16 grid, by programming noise. Abs-max column ranges, tiles of 512 x 512, no bias.
 * Not measured: converters, drift, read noise.
 */
import { tilesOf } from '../../src/domain/crossbar/tiling.js'
import { lifeOrigin, readOrigin } from '../../src/domain/random/addresses.js'
import { stream } from '../../src/domain/random/stream.js'
import { standardNormal } from '../../src/domain/statistics/normal.js'
import type { DeviceLaws } from '../../src/kernels/reference/law.js'
import { ideal, pcm } from './devices.js'
import type { TileUnderTest } from './tile-under-test.js'

export interface Layer {
  readonly name: string
  /** Position in the forward pass. */
  readonly number: number
  readonly inputs: number
  readonly outputs: number
  /** [outputs, inputs] */
  readonly weights: Float32Array
}

/** Weights [outputs, inputs] as the tiles hold them: before the int16 grid, and on it. */
interface Held {
  readonly before: Float64Array
  readonly onGrid: Float64Array
}

const size = { rows: 512, columns: 512 }
const dacMaxCode = 127

const held = (tile: TileUnderTest, layer: Layer, laws: DeviceLaws, load: number): Held => {
  const { inputs, outputs, weights } = layer
  const origin = { seed: 1, chip: 0, layer: layer.number, read: 0 }
  const [before, onGrid] = [new Float64Array(weights.length), new Float64Array(weights.length)]
  for (const { rows, columns } of tilesOf(layer, size)) {
    const block = new Float32Array(rows.size * columns.size)
    const fullScales = new Float32Array(columns.size)
    for (let j = 0; j < columns.size; j++) {
      const from = (columns.first + j) * inputs + rows.first
      const column = weights.subarray(from, from + rows.size)
      block.set(column, j * rows.size)
      fullScales[j] = column.reduce((most, w) => Math.max(most, Math.abs(w)), 0)
    }
    const reading = tile.read({
      ...{ rows: rows.size, columns: columns.size, firstRow: rows.first, firstColumn: columns.first, weights: block },
      ...{ fullScales, laws, logTime: 0, readScale: 0, load, perVmm: false, dacMaxCode },
      ...{ life: lifeOrigin(origin), occasion: readOrigin(origin) },
    })
    for (let j = 0; j < columns.size; j++)
      for (let i = 0; i < rows.size; i++) {
        const to = (columns.first + j) * inputs + rows.first + i
        const at = i * columns.size + j
        const full = fullScales[j] ?? NaN
        before[to] = (reading.effective[at] ?? NaN) * full
        onGrid[to] = (reading.cells[at] ?? NaN) * (reading.scales[j] ?? NaN) * full
      }
  }
  if (outputs * inputs !== weights.length) throw new RangeError(`${layer.name}: ${weights.length} weights`)
  return { before, onGrid }
}

/** Norm of (w - v) x over all outputs and all inputs x [n, inputs]; v null: of w x. */
const norm = (layer: Layer, w: ArrayLike<number>, v: ArrayLike<number> | null, x: Float32Array): number => {
  const { inputs, outputs } = layer
  const row = new Float64Array(inputs)
  let square = 0
  for (let j = 0; j < outputs; j++) {
    for (let i = 0; i < inputs; i++) row[i] = (w[j * inputs + i] ?? NaN) - (v === null ? 0 : (v[j * inputs + i] ?? NaN))
    for (let at = 0; at < x.length; at += inputs) {
      let sum = 0
      for (let i = 0; i < inputs; i++) sum += (row[i] ?? NaN) * (x[at + i] ?? NaN)
      square += sum * sum
    }
  }
  return Math.sqrt(square)
}

/** Standard normal inputs [n, inputs]. */
export const normalInputs = (layer: Layer, n: number): Float32Array => {
  const s = stream(1, 'normal inputs', layer.number)
  return Float32Array.from({ length: n * layer.inputs }, () => standardNormal(s))
}

export interface IrDropChange {
  /** ||(W' - W) x|| / ||W x||. */
  readonly change: number
  /** What is left of it at the best common factor: min over a of ||(a W' - W) x|| / ||W x||. */
  readonly left: number
}

/** W' are the weights of noiseless devices behind `load` (R g_max). */
export const irDropChange = (tile: TileUnderTest, layer: Layer, x: Float32Array, load: number): IrDropChange => {
  const without = held(tile, layer, ideal, 0).before
  const dropped = held(tile, layer, ideal, load).before
  const [y, z] = [norm(layer, without, null, x), norm(layer, dropped, null, x)]
  const difference = norm(layer, dropped, without, x)
  const cosine = (y * y + z * z - difference * difference) / (2 * y * z)
  return { change: difference / y, left: Math.sqrt(Math.max(0, 1 - cosine * cosine)) }
}

export interface GridChange {
  /** ||(on the grid - before it) x|| / ||W x|| of programmed devices. */
  readonly grid: number
  /** ||(programmed - W) x|| / ||W x||: programming noise of the pcm preset, nothing else. */
  readonly programming: number
}

export const gridChange = (tile: TileUnderTest, layer: Layer, x: Float32Array): GridChange => {
  const programmed = held(tile, layer, { ...ideal, programming: pcm.programming }, 0)
  const size = norm(layer, layer.weights, null, x)
  return {
    grid: norm(layer, programmed.onGrid, programmed.before, x) / size,
    programming: norm(layer, programmed.before, layer.weights, x) / size,
  }
}
