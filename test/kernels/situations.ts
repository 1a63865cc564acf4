/**
 * Tiles in every circumstance that properties are tried in, and parts of them: some rows, some columns, some input vectors.
 */
import fc from 'fast-check'
import { lifeOrigin, noiseOrigin, readOrigin } from '../../src/domain/random/addresses.js'
import { stream } from '../../src/domain/random/stream.js'
import type { DeviceLaws } from '../../src/kernels/reference/law.js'
import { hermes1, ideal, pcm, tables } from './devices.js'
import type { Columns, Crossbar, Inputs, Reading } from './tile-under-test.js'

/** Everything that decides a tile's outputs. */
export interface Situation {
  readonly crossbar: Crossbar
  readonly inputs: Inputs
  readonly columns: Columns
}

const origin = { seed: 2 ** 33 + 5, chip: 3, read: 4, layer: 5, tile: 6 }

export interface Choice {
  readonly rows: number
  readonly columns: number
  readonly vectors: number
  readonly seed: number
  readonly laws: DeviceLaws
  readonly logTime: number
  readonly load: number
  readonly perVmm: boolean
  readonly dacMaxCode: number
  readonly adcMaxCode: number
  readonly outputNoise: number
  /** Largest weight over the full scale of its column: above 1, some are clipped. */
  readonly reach: number
}

const shape = {
  rows: fc.integer({ min: 1, max: 60 }),
  columns: fc.integer({ min: 1, max: 70 }),
  vectors: fc.integer({ min: 1, max: 5 }),
  seed: fc.nat(),
}
/** Devices, times, converters and noise of every kind. */
export const anything: fc.Arbitrary<Choice> = fc.record({
  ...shape,
  laws: fc.constantFrom(pcm, hermes1, tables),
  logTime: fc.constantFrom(0, Math.log(181), Math.log(1.6e6)),
  load: fc.constantFrom(0, 0.35 * 25e-6, 0.01),
  perVmm: fc.boolean(),
  dacMaxCode: fc.constantFrom(0, 7, 127, 2047),
  adcMaxCode: fc.constantFrom(0, 7, 127),
  outputNoise: fc.constantFrom(0, 0.04),
  reach: fc.constantFrom(0.7, 1, 1.3),
})
export const quiet = { perVmm: false, outputNoise: 0 }
export const perfect = { ...quiet, laws: ideal, logTime: 0, load: 0, adcMaxCode: 0, reach: 1 }

export const situation = (
  o: Choice,
  full: (j: number) => number = j => 0.3 + 0.01 * (j % 30),
  range = 1.7,
): Situation => {
  const s = stream(o.seed, 'situation')
  const fullScales = Float32Array.from({ length: o.columns }, (_, j) => full(j))
  const vectors = Array.from({ length: o.vectors }, (_, i) => i)
  return {
    crossbar: {
      ...{ rows: o.rows, columns: o.columns, firstRow: s.below(1000), firstColumn: s.below(1000) },
      weights: Float32Array.from(
        { length: o.rows * o.columns },
        (_, at) => (2 * s.uniform() - 1) * o.reach * (fullScales[Math.floor(at / o.rows)] ?? NaN),
      ),
      ...{ fullScales, laws: o.laws, logTime: o.logTime, readScale: o.laws === ideal ? 0 : 3.4, load: o.load },
      ...{ perVmm: o.perVmm, dacMaxCode: o.dacMaxCode, life: lifeOrigin(origin), occasion: readOrigin(origin) },
    },
    inputs: {
      x: Float32Array.from({ length: o.vectors * o.rows }, () => (2 * s.uniform() - 1) * range * o.reach),
      range,
      tokens: vectors.map(i => 3 * i + s.below(3)),
      examples: vectors.map(() => s.bits()),
    },
    columns: {
      ...{ adcMaxCode: o.adcMaxCode, bound: 4, outputNoise: o.outputNoise },
      ...{ output: noiseOrigin('output', origin), read: noiseOrigin('vmmRead', origin) },
    },
  }
}

export type List = Float32Array | Int16Array | Uint8Array

/** Numbers of a [rows, columns] table picked by row and column. */
export const picked = <T extends List>(
  table: T,
  width: number,
  rows: readonly number[],
  columns: readonly number[],
): T => {
  const out = table.slice(0, rows.length * columns.length)
  rows.forEach((i, r) => columns.forEach((j, c) => (out[r * columns.length + c] = table[i * width + j] ?? NaN)))
  return out as T // slice keeps the type
}
export const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i)

/** These rows and columns of a reading, in this order. */
export const pickedReading = (r: Reading, rows: readonly number[], columns: readonly number[]): Reading => ({
  ...r,
  rows: rows.length,
  columns: columns.length,
  fullScales: picked(r.fullScales, r.columns, [0], columns),
  effective: picked(r.effective, r.columns, rows, columns),
  cells: picked(r.cells, r.columns, rows, columns),
  scales: picked(r.scales, r.columns, [0], columns),
  variances: r.perVmm ? picked(r.variances, r.columns, rows, columns) : r.variances,
  varianceScales: r.perVmm ? picked(r.varianceScales, r.columns, [0], columns) : r.varianceScales,
})
export const pickedVectors = (i: Inputs, width: number, vectors: readonly number[]): Inputs => ({
  ...i,
  x: picked(i.x, width, vectors, upTo(width)),
  tokens: vectors.map(v => i.tokens[v] ?? NaN),
  examples: vectors.map(v => i.examples[v] ?? NaN),
})
/** A block of the layer, read as a tile of its own: addresses are positions in the layer. */
export const pickedBlock = (
  c: Crossbar,
  at: { readonly i: number; readonly n: number; readonly j: number; readonly m: number },
) => ({
  ...c,
  ...{ rows: at.n, columns: at.m, firstRow: c.firstRow + at.i, firstColumn: c.firstColumn + at.j },
  weights: picked(
    c.weights,
    c.rows,
    upTo(at.m).map(j => at.j + j),
    upTo(at.n).map(i => at.i + i),
  ),
  fullScales: c.fullScales.slice(at.j, at.j + at.m),
})
