/** Every layer of a model on a chip against the six steps of DESIGN's "one tile", written out in binary64. */
import { describe, expect, test } from 'vitest'
import { linearLayers } from '../../../src/domain/encoder/architecture.js'
import { tilesOf } from '../../../src/domain/crossbar/tiling.js'
import type { Hardware, HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import type { TileRanges } from '../../../src/engines/analog/parameters.js'
import { batchOf } from '../../../src/pipelines/batches.js'
import { openDigital } from '../../../src/pipelines/digital.js'
import { bits } from '../model.js'
import {
  architecture,
  batch,
  chipWith,
  everything,
  ideal,
  made,
  opened,
  rangesOf,
  sequences,
  silent,
  type Made,
} from './miniature.js'
import { onChip, type Seen } from './on-chip.js'

const model = made()
const tensor = (name: string): Float32Array => model.tensors.get(name) ?? new Float32Array(0)
const layers = linearLayers(architecture)
/** Among them one of a single token. */
const few = batchOf(sequences.slice(0, 8))
const pass = { chip: 0, read: 0, timeSeconds: 3600 }

const halfEven = (v: number): number => {
  const [low, rest] = [Math.floor(v), v - Math.floor(v)]
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low
}
const clamp = (v: number, most: number): number => Math.max(-most, Math.min(most, v))
const codes = (b: number | 'off'): number => (b === 'off' ? 0 : 2 ** (b - 1) - 1)

interface Plain {
  readonly y: Float64Array
  /** By tile of the layer: clipped inputs, saturated outputs. */
  readonly counts: readonly number[]
  /** The ADC's levels that a tile can have been one off by: [rows, outputs] of each piece of rows. */
  readonly levels: readonly Float64Array[]
}

/** A layer of perfect devices. @param ranges of the layer's tiles */
const plain = ({ layer, rows, x }: Seen, h: Hardware, ranges: readonly TileRanges[]): Plain => {
  const shape = layers.find(l => l.name === layer) ?? { name: layer, inputs: 0, outputs: 0 }
  const [w, bias] = [tensor(`${layer}.weight`), tensor(`${layer}.bias`)]
  const [dac, adc] = [codes(h.dac.bits), codes(h.adc.bits)]
  const y = new Float64Array(rows * shape.outputs)
  const [counts, levels]: [number[], Float64Array[]] = [[], []]
  for (const tile of tilesOf(shape, h.tile)) {
    const { inputRange, fullScales } = ranges[tile.index] ?? { inputRange: NaN, fullScales: [] }
    const beta = Math.fround(inputRange)
    const [n, m] = [tile.rows.size, tile.columns.size]
    let [clipped, saturated] = [0, 0]
    const qMax = Math.min(32_767, Math.floor((2 ** 31 - 1) / (n * Math.max(1, dac))))
    const level = new Float64Array(rows * shape.outputs)
    const input = (r: number, i: number): number => x[r * shape.inputs + tile.rows.first + i] ?? NaN
    /** What the word lines are driven with, in units of the input range. */
    const driven = new Float64Array(rows * n)
    for (let r = 0; r < rows; r++)
      for (let i = 0; i < n; i++) {
        const v = input(r, i)
        if (dac > 0 && Math.abs(v) > beta) clipped++
        driven[r * n + i] = dac === 0 ? v / beta : clamp(halfEven((dac * v) / beta), dac) / dac
      }
    for (let j = 0; j < m; j++) {
      const column = tile.columns.first + j
      const c = fullScales[j] ?? NaN
      const held = Array.from({ length: n }, (_, i) =>
        clamp((w[column * shape.inputs + tile.rows.first + i] ?? NaN) / c, 1),
      )
      const s = Math.max(...held.map(Math.abs)) / qMax
      const cells = held.map(v => (dac === 0 ? v : halfEven(v / s) * s))
      for (let r = 0; r < rows; r++) {
        let z = 0
        for (let i = 0; i < n; i++) z += (cells[i] ?? NaN) * (driven[r * n + i] ?? NaN)
        if (adc > 0) {
          const code = (adc * z) / h.adc.bound
          if (Math.abs(code) > adc) saturated++
          z = (clamp(halfEven(code), adc) * h.adc.bound) / adc
        }
        const at = r * shape.outputs + column
        y[at] = (y[at] ?? NaN) + z * beta * c
        level[at] = adc === 0 ? 0 : (h.adc.bound / adc) * beta * c
      }
    }
    counts.push(clipped, saturated)
    levels.push(level)
  }
  return { y: y.map((v, at) => v + (bias[at % shape.outputs] ?? NaN)), counts, levels }
}

/** Ranges of each layer's tiles. */
const ofLayer = (all: readonly TileRanges[], { tile }: Hardware, name: string): readonly TileRanges[] => {
  let at = 0
  for (const layer of layers) {
    const tiles = tilesOf(layer, tile).length
    if (layer.name === name) return all.slice(at, at + tiles)
    at += tiles
  }
  return []
}

const settings: readonly (readonly [string, HardwareOverride])[] = [
  ['8 and 8 bits', {}],
  ['an ideal DAC', { dac: { bits: 'off' } }],
  ['an ideal ADC', { adc: { bits: 'off' } }],
  ['2 and 12 bits', { dac: { bits: 2 }, adc: { bits: 12 } }],
  ['12 and 5 bits, tall tiles', { dac: { bits: 12 }, adc: { bits: 5 }, tile: { rows: 512, columns: 7 } }],
  ['an ADC that saturates', { adc: { bits: 8, bound: 1.5 } }],
]

describe.each(settings)('perfect devices, %s', (_, change) => {
  // Weights and inputs beyond their ranges, too.
  test.each([
    [3, 1],
    [1.1, 0.6],
  ])(
    'every layer gives what the six steps do (input range %d, %d of the largest weight)',
    async (inputRange, factor) => {
      const hardware = chipWith({ ...change, noiseScales: silent })
      const ranges = rangesOf(model, hardware.tile, { inputRange, factor })
      const chip = await onChip({ ...change, noiseScales: silent }, { model, ranges })
      await chip.readChip(pass)
      const { layers: seen, counts, logits } = chip.seen(few)
      expect(seen).toHaveLength(layers.length)
      const counted: number[] = []
      let [outputs, off] = [0, 0]
      for (const of of seen) {
        const expected = plain(of, chip.hardware, ofLayer(ranges, hardware, of.layer))
        counted.push(...expected.counts)
        for (const [at, y] of of.y.entries()) {
          const error = Math.abs(y - (expected.y[at] ?? NaN))
          outputs++
          if (error <= 2e-4) continue
          // Where a sum lies on the border of two codes, binary32 may take the other one.
          off++
          const least = Math.min(...expected.levels.map(l => Math.abs(error - (l[at] ?? NaN))))
          expect([of.layer, at, least < 2e-4]).toEqual([of.layer, at, true])
        }
      }
      expect(off / outputs).toBeLessThan(1e-3)
      // In the order of the model's tiles, which is the order of the forward pass.
      expect([...counts]).toEqual(counted)
      expect(bits((await chip.engine.run(few, { occasion: { chip: 0, read: 0 } })).logits)).toEqual(bits(logits))
      const sums = counted.reduce<readonly [number, number]>(
        ([a, b], n, i) => (i % 2 === 0 ? [a + n, b] : [a, b + n]),
        [0, 0],
      )
      if (factor < 1) expect(sums[0] > 0).toBe(hardware.dac.bits !== 'off')
      if (hardware.adc.bound < 2 && factor < 1) expect(sums[1]).toBeGreaterThan(100)
    },
  )
})

const logitsOf = async (change: HardwareOverride, chosen: { ranges?: readonly TileRanges[]; model?: Made } = {}) => {
  const engine = await opened(change, { model, ...chosen })
  await engine.read(pass)
  const { logits } = await engine.run(batch)
  await engine.close()
  return logits
}
const farthest = (a: Float32Array, b: Float32Array): number => {
  expect(a).toHaveLength(b.length)
  return a.reduce((most, v, i) => Math.max(most, Math.abs(v - (b[i] ?? NaN))), 0)
}

test('without noise and rounding a chip gives the digital logits', async () => {
  const engine = await openDigital(model.checkpoint, { workers: 0 })
  const { logits } = await engine.run(batch)
  await engine.close()
  expect(Math.max(...logits)).toBeGreaterThan(0.3)
  expect(farthest(await logitsOf(ideal), logits)).toBeLessThan(3e-6)
  // Ranges do not matter to ideal converters.
  const narrow = rangesOf(model, { rows: 10, columns: 9 }, { inputRange: 0.01 })
  expect(farthest(await logitsOf(ideal, { ranges: narrow }), logits)).toBeLessThan(3e-6)
  // And one that rounds does not give them.
  expect(farthest(await logitsOf({ ...ideal, dac: { bits: 8 } }), logits)).toBeGreaterThan(1e-4)
})

test('another tiling keeps every draw of every device', async () => {
  const devices = { ...ideal, noiseScales: { programming: 1, drift: 1, read: 1 } }
  const on = (rows: number, columns: number) => {
    const tile = { rows, columns }
    // The same full scale in every tile of a column: what a device is programmed to depends on it.
    return logitsOf({ ...devices, tile }, { ranges: rangesOf(model, tile, { whole: true }) })
  }
  const whole = await on(512, 512)
  expect(farthest(whole, await logitsOf(ideal))).toBeGreaterThan(0.05)
  expect(farthest(await on(8, 8), whole)).toBeLessThan(5e-6)
  expect(farthest(await on(7, 512), whole)).toBeLessThan(5e-6)
  expect(farthest(await on(512, 5), whole)).toBeLessThan(5e-6)
})

describe('an input that is not a number', () => {
  const spoilt = (name: string): Made => {
    const one = made()
    one.tensors.get(name)?.fill(NaN, 3, 4)
    return one
  }
  test.each([
    ['embeddings.LayerNorm.bias', 'encoder.layer.0.attention.self.query'],
    ['encoder.layer.1.output.dense.bias', 'classifier.dense'],
  ])('is refused where the DAC meets it: %s', async (name, layer) => {
    const of = logitsOf({ adc: { bits: 'off' } }, { model: spoilt(name) })
    await expect(of).rejects.toThrow(RangeError)
    await expect(of).rejects.toThrow(`layer ${layer}: expected numbers as inputs, found `)
  })

  test('is refused by read noise per VMM, too, without a DAC; without either it stays NaN', async () => {
    const one = spoilt('embeddings.LayerNorm.bias')
    await expect(
      logitsOf({ ...ideal, noiseScales: { programming: 0, drift: 0, read: 1 }, readNoise: 'per VMM' }, { model: one }),
    ).rejects.toThrow('(NaN)')
    expect((await logitsOf(ideal, { model: one })).every(Number.isNaN)).toBe(true)
  })
})

test('seeds, chips and reads have draws of their own; times share them', async () => {
  const run = async (
    change: HardwareOverride,
    given: { chip?: number; read?: number; timeSeconds?: number; seed?: number },
  ) => {
    const engine = await opened(change, { model, seed: given.seed ?? 7 })
    await engine.read({ ...pass, ...given })
    const { logits } = await engine.run(batch)
    await engine.close()
    return bits(logits)
  }
  const programming = { ...ideal, noiseScales: { ...silent, programming: 1 } }
  const base = await run(programming, {})
  for (const other of [{ timeSeconds: 0 }, { timeSeconds: 3e7 }, { read: 5 }])
    expect(await run(programming, other)).toEqual(base)
  for (const other of [{ chip: 1 }, { seed: 8 }]) expect(await run(programming, other)).not.toEqual(base)
  for (const change of [
    { ...ideal, noiseScales: { ...silent, read: 1 } },
    { ...ideal, outputNoise: 0.04 },
    everything,
  ]) {
    const own = await run(change, {})
    for (const other of [{ chip: 1 }, { read: 1 }, { seed: 8 }]) expect(await run(change, other)).not.toEqual(own)
  }
  expect(await run({ ...ideal, outputNoise: 0.04 }, { timeSeconds: 0 })).toEqual(
    await run({ ...ideal, outputNoise: 0.04 }, {}),
  )
})
