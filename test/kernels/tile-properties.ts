/**
 * What any tile must keep when its inputs, weights, units, order or cutting change, as named checks over a tile under test:
 *
 *     for (const p of tileProperties(tile)) test(p.name, p.check)
 *
 * "Exactly" is to the bit, but for the sign of zero. Not here: whether the physics is right (cells.test.ts, circuit.test.ts).
 */
import fc from 'fast-check'
import { tilesOf, type TileSize } from '../../src/domain/crossbar/tiling.js'
import type { PropertyCheck } from '../../src/domain/devices/contract.js'
import { stream } from '../../src/domain/random/stream.js'
import { packInto, panelsLength, productInto } from '../../src/kernels/reference/product.js'
import { ideal, pcm } from './devices.js'
import {
  anything,
  perfect,
  picked,
  pickedBlock,
  pickedReading,
  pickedVectors,
  quiet,
  situation,
  upTo,
  type List,
  type Situation,
} from './situations.js'
import type { Crossbar, Outputs, TileUnderTest } from './tile-under-test.js'

/** @throws Error at the first number that is not `of` its partner. */
const equal = (what: string, found: List, partner: List, of: (x: number) => number = x => x): void => {
  if (found.length !== partner.length) throw new Error(`${what}: ${found.length} numbers, not ${partner.length}`)
  const at = found.findIndex((x, i) => x !== of(partner[i] ?? NaN))
  if (at >= 0) throw new Error(`${what}: ${found[at] ?? NaN} at ${at}, not ${of(partner[at] ?? NaN)}`)
}
const near = (what: string, found: number, expected: number, bound: number): void => {
  if (!(Math.abs(found - expected) <= bound)) throw new Error(`${what}: ${found}, not ${expected} to ${bound}`)
}
const minus = (x: number): number => -x

const multiplied = (tile: TileUnderTest, s: Situation, reading = tile.read(s.crossbar)): Outputs =>
  tile.multiply(reading, s.inputs, s.columns)

/** sum w x and sum |w x| of an output, in binary64. */
const exactSum = (
  { crossbar: c, inputs }: Situation,
  vector: number,
  j: number,
): readonly [sum: number, size: number] => {
  let [sum, size] = [0, 0]
  for (let i = 0; i < c.rows; i++) {
    const term = (c.weights[j * c.rows + i] ?? NaN) * (inputs.x[vector * c.rows + i] ?? NaN)
    sum += term
    size += Math.abs(term)
  }
  return [sum, size]
}

/** @param seed of the situations tried; the same one tries the same ones. @param numRuns situations for each property. */
export const tileProperties = (
  tile: TileUnderTest,
  { seed = 1, numRuns = 40 }: { readonly seed?: number; readonly numRuns?: number } = {},
): readonly PropertyCheck[] => {
  const property = <T>(name: string, of: fc.Arbitrary<T>, check: (value: T) => void): PropertyCheck => ({
    name,
    check: () => {
      fc.assert(fc.property(of, check), { seed, numRuns })
    },
  })
  const { read } = tile
  return [
    property('without noise at the columns, negative inputs give the negative outputs exactly', anything, o => {
      const s = situation({ ...o, ...quiet })
      const [there, back] = [
        multiplied(tile, s),
        multiplied(tile, { ...s, inputs: { ...s.inputs, x: s.inputs.x.map(minus) } }),
      ]
      equal('codes', back.codes, there.codes, minus)
      equal('outputs', back.y, there.y, minus)
      equal(
        'counts',
        Int16Array.of(back.clippedInputs, back.saturated),
        Int16Array.of(there.clippedInputs, there.saturated),
      )
    }),

    property('noise at the columns is the same for inputs and their negatives', anything, o => {
      const s = situation({ ...o, adcMaxCode: 0 })
      const reading = read(s.crossbar)
      const of = (x: Float32Array, noisy: boolean): Float32Array =>
        tile.multiply(
          { ...reading, perVmm: reading.perVmm && noisy },
          { ...s.inputs, x },
          { ...s.columns, outputNoise: noisy ? s.columns.outputNoise : 0 },
        ).y
      const [there, back] = [of(s.inputs.x, true), of(s.inputs.x.map(minus), true)]
      const without = of(s.inputs.x, false)
      const largest = [there, back, without].reduce((most, list) => Math.max(most, ...list.map(Math.abs)), 0)
      without.forEach((y, i) =>
        near('half the difference', 0.5 * ((there[i] ?? NaN) - (back[i] ?? NaN)), y, 2 ** -20 * largest),
      )
    }),

    property(
      'devices without noise hold negative weights as the negative of weights, exactly, IR drop and mean drift included',
      anything,
      o => {
        // Read noise per VMM is no noise of the cells: its variances must be the same.
        const s = situation({
          ...o,
          laws: { ...ideal, driftMean: o.laws.driftMean, read: o.perVmm ? o.laws.read : ideal.read },
        })
        const [there, back] = [read(s.crossbar), read({ ...s.crossbar, weights: s.crossbar.weights.map(minus) })]
        equal('conductances', back.effective, there.effective, minus)
        equal('cells', back.cells, there.cells, minus)
        equal('scales', back.scales, there.scales)
        equal('variances', back.variances, there.variances)
        const columns = { ...s.columns, outputNoise: 0 }
        const [y, z] = [there, back].map(r => tile.multiply({ ...r, perVmm: false }, s.inputs, columns).y)
        equal('outputs', z ?? new Float32Array(), y ?? new Float32Array(), minus)
      },
    ),

    property(
      'powers of two in the units of inputs or weights scale the outputs exactly, whatever noise there is',
      fc.tuple(anything, fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 })),
      ([o, k, m]) => {
        const s = situation(o)
        const [ofWeights, ofInputs] = [2 ** k, 2 ** m]
        const scaled = (list: Float32Array, factor: number): Float32Array => list.map(v => v * factor)
        const { crossbar: c, inputs: i } = s
        const one = read(c)
        const other = read({ ...c, weights: scaled(c.weights, ofWeights), fullScales: scaled(c.fullScales, ofWeights) })
        for (const part of ['effective', 'cells', 'scales', 'variances', 'varianceScales'] as const)
          equal(part, other[part], one[part])
        const there = multiplied(tile, s, one)
        const inputs = { ...i, x: scaled(i.x, ofInputs), range: i.range * ofInputs }
        const back = tile.multiply(other, inputs, s.columns)
        equal('codes', back.codes, there.codes)
        equal('outputs', back.y, there.y, y => y * ofWeights * ofInputs)
        equal(
          'counts',
          Int16Array.of(back.clippedInputs, back.saturated),
          Int16Array.of(there.clippedInputs, there.saturated),
        )
      },
    ),

    property('every column is what it is alone, grid and IR drop included', anything, o => {
      const { crossbar } = situation({ ...o, columns: Math.min(o.columns, 20) })
      const whole = read(crossbar)
      let clipped = 0
      for (let j = 0; j < crossbar.columns; j++) {
        const alone = read(pickedBlock(crossbar, { i: 0, n: crossbar.rows, j, m: 1 }))
        const expected = pickedReading(whole, upTo(crossbar.rows), [j])
        for (const part of ['effective', 'cells', 'scales', 'variances', 'varianceScales'] as const)
          equal(`${part} of column ${j}`, alone[part], expected[part])
        clipped += alone.clipped
      }
      equal('clipped weights', Int16Array.of(clipped), Int16Array.of(whole.clipped))
    }),

    property('without IR drop every device is what it is alone, in whatever order the rows are read', anything, o => {
      const { crossbar } = situation({ ...o, load: 0 })
      const whole = read(crossbar)
      for (const i of stream(o.seed, 'order').shuffle(upTo(crossbar.rows))) {
        const alone = read(pickedBlock(crossbar, { i, n: 1, j: 0, m: crossbar.columns }))
        equal(`row ${i}`, alone.effective, picked(whole.effective, crossbar.columns, [i], upTo(crossbar.columns)))
      }
    }),

    property('rows may stand in any order with their inputs: the same outputs exactly, noise and all', anything, o => {
      const s = situation({ ...o, dacMaxCode: o.dacMaxCode === 0 ? 127 : o.dacMaxCode })
      const reading = read(s.crossbar)
      const { rows } = s.crossbar
      const order = stream(o.seed, 'order').shuffle(upTo(rows))
      const there = multiplied(tile, s, reading)
      const turned = { ...s.inputs, x: picked(s.inputs.x, rows, upTo(o.vectors), order) }
      const back = tile.multiply(pickedReading(reading, order, upTo(o.columns)), turned, s.columns)
      equal('codes', back.codes, picked(there.codes, rows, upTo(o.vectors), order))
      equal('outputs', back.y, there.y)
    }),

    property(
      'columns may stand in any order: the same outputs in that order, but for noise at the columns',
      anything,
      o => {
        const s = situation({ ...o, ...quiet })
        const reading = read(s.crossbar)
        const order = stream(o.seed, 'order').shuffle(upTo(o.columns))
        const back = multiplied(tile, s, pickedReading(reading, upTo(o.rows), order))
        equal('outputs', back.y, picked(multiplied(tile, s, reading).y, o.columns, upTo(o.vectors), order))
      },
    ),

    property(
      'noise at a column depends on its place alone: columns left out behind it change nothing',
      fc.tuple(anything, fc.nat()),
      ([o, n]) => {
        const s = situation({ ...o, outputNoise: 0.04 })
        const reading = read(s.crossbar)
        const kept = upTo(1 + (n % o.columns))
        const fewer = multiplied(tile, s, pickedReading(reading, upTo(o.rows), kept))
        equal('outputs', fewer.y, picked(multiplied(tile, s, reading).y, o.columns, upTo(o.vectors), kept))
      },
    ),

    property('input vectors may come in any order and any batches, with their addresses', anything, o => {
      const s = situation(o)
      const reading = read(s.crossbar)
      const whole = multiplied(tile, s, reading)
      const order = stream(o.seed, 'order').shuffle(upTo(o.vectors))
      const cut = o.seed % (o.vectors + 1)
      let [clippedInputs, saturated] = [0, 0]
      for (const batch of [order.slice(0, cut), order.slice(cut)]) {
        if (batch.length === 0) continue
        const part = tile.multiply(reading, pickedVectors(s.inputs, o.rows, batch), s.columns)
        equal('outputs', part.y, picked(whole.y, o.columns, batch, upTo(o.columns)))
        if (o.dacMaxCode > 0) equal('codes', part.codes, picked(whole.codes, o.rows, batch, upTo(o.rows)))
        clippedInputs += part.clippedInputs
        saturated += part.saturated
      }
      equal('counts', Int16Array.of(clippedInputs, saturated), Int16Array.of(whole.clippedInputs, whole.saturated))
    }),

    property(
      'an ideal tile whose ranges are powers of two is the float32 product, to the bit',
      fc.tuple(anything, fc.constantFrom(1, 20), fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })),
      ([o, times, k, m]) => {
        const s = situation({ ...o, ...perfect, rows: o.rows * times, dacMaxCode: 0 }, j => 2 ** (k + (j % 3)), 2 ** m)
        const { rows, columns, weights } = s.crossbar
        const panels = new Float32Array(panelsLength(rows, columns))
        packInto(panels, weights, rows, columns, { row: rows, inner: 1 })
        const y = new Float32Array(o.vectors * columns)
        productInto(
          y,
          s.inputs.x,
          panels,
          null,
          { rows: o.vectors, inner: rows, columns },
          { row: rows, inner: 1 },
          columns,
        )
        equal('outputs', multiplied(tile, s).y, y)
      },
    ),

    property(
      'an ideal tile is the product of inputs and weights, to a binary32 rounding for each operation',
      fc.tuple(anything, fc.constantFrom(1, 20)),
      ([o, times]) => {
        const s = situation({ ...o, ...perfect, rows: o.rows * times, dacMaxCode: 0 })
        multiplied(tile, s).y.forEach((y, at) => {
          const [sum, size] = exactSum(s, Math.floor(at / o.columns), at % o.columns)
          near(`output ${at}`, y, sum, (s.crossbar.rows + 8) * 1.01 * 2 ** -24 * size)
        })
      },
    ),

    property('converters alone err by at most half a step of each, and the grid by half a step a row', anything, o => {
      const dacMaxCode = Math.max(7, o.dacMaxCode)
      const s = situation({ ...o, ...perfect, dacMaxCode, adcMaxCode: o.adcMaxCode })
      const reading = read(s.crossbar)
      const { y, codes, clippedInputs } = multiplied(tile, s, reading)
      equal('clipped inputs', Int16Array.of(clippedInputs), Int16Array.of(0))
      const { range } = s.inputs
      y.forEach((value, at) => {
        const [vector, j] = [Math.floor(at / o.columns), at % o.columns]
        const full = s.crossbar.fullScales[j] ?? NaN
        const [sum, size] = exactSum(s, vector, j)
        const weights = s.crossbar.weights
          .subarray(j * o.rows, (j + 1) * o.rows)
          .reduce((most, w) => most + Math.abs(w), 0)
        const driven = codes.subarray(vector * o.rows, (vector + 1) * o.rows).reduce((most, c) => most + Math.abs(c), 0)
        const steps =
          (0.5 * weights * range) / dacMaxCode +
          (0.5 * driven * (reading.scales[j] ?? NaN) * full * range) / dacMaxCode +
          (o.adcMaxCode === 0 ? 0 : (0.5 * s.columns.bound * full * range) / o.adcMaxCode)
        const most = s.columns.bound * full * range
        const within = o.adcMaxCode === 0 ? sum : Math.min(most, Math.max(-most, sum))
        near(`output ${at}`, value, within, 1.01 * steps + 2 ** -18 * size)
      })
    }),
  ]
}

/** The conductances [inputs, outputs] of a layer cut into tiles of this size, put together again. */
const layerRead = (tile: TileUnderTest, layer: Crossbar, size: TileSize): Float32Array => {
  const out = new Float32Array(layer.rows * layer.columns).fill(NaN)
  for (const { rows, columns } of tilesOf({ name: 'layer', inputs: layer.rows, outputs: layer.columns }, size)) {
    const { effective } = tile.read(
      pickedBlock(layer, { i: rows.first, n: rows.size, j: columns.first, m: columns.size }),
    )
    for (let i = 0; i < rows.size; i++)
      out.set(
        effective.subarray(i * columns.size, (i + 1) * columns.size),
        (rows.first + i) * layer.columns + columns.first,
      )
  }
  return out
}

/** A layer larger than a tile, read per read and per VMM. IR drop is off: it does depend on the length of a bit line. */
export const tilingProperty = (tile: TileUnderTest): PropertyCheck => ({
  name: 'a layer of 600 x 530 holds the same in tiles of 512 x 512, 128 x 128 and 100 x 512: every device keeps its draws',
  check: () => {
    for (const perVmm of [false, true]) {
      const { crossbar } = situation({
        ...{ rows: 600, columns: 530, vectors: 1, seed: 7, laws: pcm, logTime: Math.log(181), load: 0, perVmm },
        ...{ dacMaxCode: 127, adcMaxCode: 127, outputNoise: 0, reach: 1 },
      })
      const expected = layerRead(tile, crossbar, { rows: 512, columns: 512 })
      equal('128 x 128', layerRead(tile, crossbar, { rows: 128, columns: 128 }), expected)
      equal('100 x 512', layerRead(tile, crossbar, { rows: 100, columns: 512 }), expected)
    }
  },
})
