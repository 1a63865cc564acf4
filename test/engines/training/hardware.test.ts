/** Hardware-aware layers: gradients against differences of a plain one, values against the chip's, noise against its law. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect, test as once } from 'vitest'
import { deviceModel } from '../../../src/domain/devices/characterised.js'
import { seconds } from '../../../src/domain/experiment/duration.js'
import { defaultHardware, type Hardware } from '../../../src/domain/experiment/hardware.js'
import { learnableRanges } from '../../../src/domain/experiment/training.js'
import { stream } from '../../../src/domain/random/stream.js'
import { normalDistribution } from '../../../src/domain/statistics/normal.js'
import { nothingAware, type HardwareAware } from '../../../src/domain/training/hardware-aware.js'
import { layerInto, noiseAddresses } from '../../../src/engines/analog/algebra.js'
import { convertersOf, placeTile, type AnalogLayer } from '../../../src/engines/analog/parameters.js'
import { readTile } from '../../../src/engines/analog/readTile.js'
import { magnitudePercentile } from '../../../src/engines/training/hardware/initialise.js'
import { clipLayer, prepareLayer } from '../../../src/engines/training/hardware/weights.js'
import { update, usual } from '../../../src/engines/training/optimise.js'
import { chipSettings } from '../../../src/pipelines/analog.js'
import { expectNoSurprise, type Comparison } from '../../statistical.js'
import { bench, deviationOf, given, heap, layer, onTiles, plainOnTiles, step, type OnTiles } from './on-tiles.js'
import * as plain from './plain.js'

const everything: HardwareAware = {
  ...nothingAware(),
  ...{ tile: { rows: 5, columns: 4 }, dac: { bits: 5 }, adc: { bits: 5, bound: 4 }, outputNoise: 0.1 },
  ...{ weightNoise: { rule: 'constant', deviation: 0.06, relativeTo: 'column' }, learn: learnableRanges },
}
const sizes = fc.record({
  inputs: fc.integer({ min: 1, max: 11 }),
  outputs: fc.integer({ min: 1, max: 6 }),
  lengths: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
  seed: fc.nat(),
})
/** Ranges at which some inputs, some weights and some sums are clipped. */
const tight = (t: OnTiles): void => t.setRanges([1.5, 2.5, 0.8], [1.2, 0.7, 2])

const variants: readonly (readonly [string, Partial<HardwareAware>])[] = [
  ['everything', {}],
  ['no noise', { weightNoise: { rule: 'none' }, outputNoise: 0 }],
  ['an ideal DAC', { dac: { bits: 'off' } }],
  ['an ideal ADC', { adc: { bits: 'off', bound: 4 } }],
  ['coarse converters', { dac: { bits: 2 }, adc: { bits: 3, bound: 2 } }],
  // Three times the device's own, so that what follows the weight is seen.
  ["a device's noise", { weightNoise: { rule: 'device', time: seconds(3600), scale: 3 } }],
]

describe('a linear layer on tiles: value, and gradients of inputs, weights, bias and both ranges, with', () => {
  for (const [name, change] of variants)
    test.prop([sizes], { numRuns: 10 })(name, async s => {
      const settings = { ...everything, ...change }
      const t = await onTiles(s, settings)
      tight(t)
      const { weightNoise: n } = settings
      const own = (): number => (n.rule === 'constant' ? n.deviation : 0)
      const { f, margin } = plainOnTiles(t, n.rule === 'device' ? deviationOf(t) : own)
      const inputs = given(t)
      const value = f(inputs)
      // Where float32 and float64 may fall on either side of a code's border there is nothing to compare.
      fc.pre(margin() > 1e-4)
      const random = stream(s.seed, 'weights of outputs')
      const w = Float64Array.from(value, () => Math.fround(2 * random.uniform() - 1))
      const { y, dx } = t.pass(() => Float32Array.from(w))
      expect(plain.relativeError(y, value)).toBeLessThan(1e-5)
      const found = [dx, ...['weight', 'bias', 'input_ranges', 'column_ranges'].map(end => t.gradient(end))]
      plain.differences(f, inputs, w).forEach((expected, i) => {
        expect(plain.relativeError(found[i] ?? [], expected), `gradient ${i}`).toBeLessThan(2e-4)
      })
    })
})

test.prop([sizes], { numRuns: 10 })(
  "a device's noise follows its weight also where full scales are the largest weights",
  async s => {
    const weightNoise = { rule: 'device', time: seconds(3600), scale: 3 } as const
    const t = await onTiles(s, { ...nothingAware(), tile: { rows: 5, columns: 4 }, weightNoise })
    prepareLayer(bench, t.parameters, { kind: 'prepare layer', layer, step })
    const tiles = t.model.layers.get(layer)?.tiles ?? []
    const scales = tiles.flatMap(({ fullScales, columns }) => [...heap.f32(fullScales, columns.size)])
    const { f: all } = plainOnTiles(t, deviationOf(t))
    const f = (given: readonly plain.Numbers[]) =>
      all([...given, new Float64Array(tiles.length).fill(1), Float64Array.from(scales)])
    const inputs = [t.x, t.tensor('weight'), t.tensor('bias')].map(a => Float64Array.from(a))
    const value = f(inputs)
    const random = stream(s.seed, 'weights of outputs')
    const w = Float64Array.from(value, () => Math.fround(2 * random.uniform() - 1))
    const { y, dx } = t.pass(() => Float32Array.from(w))
    expect(plain.relativeError(y, value)).toBeLessThan(1e-5)
    const found = [dx, t.gradient('weight'), t.gradient('bias')]
    plain.differences(f, inputs, w).forEach((expected, i) => {
      expect(plain.relativeError(found[i] ?? [], expected), `gradient ${i}`).toBeLessThan(2e-4)
    })
  },
)

describe('the chip', () => {
  once('gives the same codes: levels are equal, but for sums within 0.01 steps of a border', async () => {
    const sizes = { inputs: 70, outputs: 45, lengths: [30, 40, 50], seed: 3 }
    const tile = { rows: 32, columns: 20 }
    const off = { programming: 0, drift: 0, read: 0 }
    const hardware: Hardware = {
      ...{ ...defaultHardware, tile, outputNoise: 0, noiseScales: off, driftCompensation: 'none' },
    }
    const aware = { ...everything, tile, dac: hardware.dac, adc: hardware.adc, outputNoise: 0 }
    const t = await onTiles(sizes, { ...aware, weightNoise: { rule: 'none' } })
    t.setRanges([2, 1.5, 2.5], [2, 1.5, 2.2, 1])
    const { y } = t.pass(values => values)
    const placed = t.model.layers.get(layer)?.tiles ?? []
    const tensor = (end: string): number => t.parameters.tensors.get(`${layer}.${end}`)?.at ?? NaN
    const chip = chipSettings(heap, hardware, 1)
    const tiles = placed.map((p, i) =>
      placeTile(
        ...([heap, heap.allocate, { layer, ...p }] as const),
        {
          inputRange: heap.f32(p.inputRange, 1)[0] ?? NaN,
          fullScales: heap.f32(p.fullScales, p.columns.size),
        },
        ...([convertersOf(hardware), i, { inputs: 300, outputs: 45, tiles: placed.length }] as const),
      ),
    )
    const analog: AnalogLayer = {
      name: layer,
      number: 4,
      inputs: 70,
      outputs: 45,
      bias: tensor('bias'),
      tiles,
      vectors: null,
    }
    const now = { logTime: 0, readScale: 0 }
    const weights = tensor('weight')
    for (const own of tiles)
      readTile(bench, chip, analog, own, { weights, occasion: { chip: 0, read: 0 }, now, first: null, moments: 0 })
    const rows = t.batch.ids.length
    const [x, out] = [heap.allocate(4 * t.x.length), heap.allocate(4 * y.length)]
    heap.f32(x, t.x.length).set(t.x)
    const { all } = noiseAddresses(bench, t.batch, { chip: 0, read: 0 })
    layerInto(
      ...([bench, chip, analog] as const),
      [
        { at: x, rows, width: 70 },
        { at: out, rows, width: 45 },
      ],
      all,
      new Uint32Array(2 * tiles.length),
    )
    const chips = heap.f32(out, y.length)
    const largest = y.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
    /** One step of the coarsest ADC. */
    const most = (12 / 127) * 2.5 * 2.2
    const off1 = y.filter((v, i) => Math.abs(v - (chips[i] ?? NaN)) > 2e-6 * largest)
    expect(off1.length / y.length).toBeLessThan(0.02)
    y.forEach((v, i) => expect(Math.abs(v - (chips[i] ?? NaN))).toBeLessThan(1.01 * most))
  })
})

/** Probability that n squares of standard normals have a mean this far from 1. */
const ofSquares = (name: string, z: readonly number[]): Comparison => {
  const deviation = (z.reduce((sum, v) => sum + v * v, 0) - z.length) / Math.sqrt(2 * z.length)
  return { name, probability: 2 * normalDistribution(-Math.abs(deviation)) }
}
const ofMean = (name: string, z: readonly number[]): Comparison => ({
  name,
  probability: 2 * normalDistribution(-Math.abs(z.reduce((a, b) => a + b, 0)) / Math.sqrt(z.length)),
})

describe('noise', () => {
  const big = { inputs: 300, outputs: 200, lengths: [40], seed: 1 }
  const bigTiles = { rows: 130, columns: 90 }
  const only = (weightNoise: HardwareAware['weightNoise']): HardwareAware => ({
    ...{ ...nothingAware(), tile: bigTiles, weightNoise },
  })
  /** What was added to each weight, with the weight and its full scales. */
  const added = async (settings: HardwareAware) => {
    const t = await onTiles(big, settings)
    prepareLayer(bench, t.parameters, { kind: 'prepare layer', layer, step })
    const tensor = t.parameters.tensors.get(`${layer}.weight`)
    const w = t.tensor('weight')
    const used = heap.f32(tensor?.used ?? NaN, w.length)
    return (t.model.layers.get(layer)?.tiles ?? []).flatMap(({ rows, columns, fullScales }) => {
      const scales = heap.f32(fullScales, columns.size).slice()
      const largest = scales.reduce((a, b) => Math.max(a, b), 0)
      return Array.from({ length: rows.size * columns.size }, (_, k) => {
        const [i, j] = [k % rows.size, Math.floor(k / rows.size)]
        const at = (columns.first + j) * big.inputs + rows.first + i
        return { noise: (used[at] ?? NaN) - (w[at] ?? NaN), w: w[at] ?? NaN, column: scales[j] ?? NaN, tile: largest }
      })
    })
  }

  once('has the deviations it is asked for, and of a device those of the exact moments', async () => {
    const [column, tile] = [
      await added(only({ rule: 'constant', deviation: 0.06, relativeTo: 'column' })),
      await added(only({ rule: 'constant', deviation: 0.06, relativeTo: 'tile' })),
    ]
    const time = seconds(3600)
    const device = await added(only({ rule: 'device', time, scale: 1 }))
    const { device: choice, noiseScales } = defaultHardware
    const pcm = deviceModel(choice, noiseScales)
    const gMax = pcm.gMaxMicroSiemens
    const moments = (share: number) => pcm.moments(share * gMax, time)
    const idle = moments(0)
    // The slope of the mean, by Simpson's rule on the exact moments.
    const points = 400
    let [cross, square] = [0, 0]
    for (let k = 0; k <= points; k++) {
      const [s, weight] = [k / points, k === 0 || k === points ? 1 : k % 2 === 1 ? 4 : 2]
      cross += (weight * s * (moments(s).mean - idle.mean)) / gMax
      square += weight * s * s
    }
    const slope = cross / square
    const shares = [0, 0.05, 0.1, 0.2, 0.35, 0.5, 1]
    const sampled = device.filter((_, k) => k % 3 === 0)
    const ofDevice = sampled.map(d => {
      const share = Math.abs(d.w) / d.column
      const deviation = Math.sqrt(moments(share).variance + idle.variance) / gMax / slope
      return { share, z: d.noise / d.column / deviation }
    })
    const outputs = await onTiles(big, { ...nothingAware(), tile: bigTiles, outputNoise: 0.1 })
    outputs.setRanges([3], [1])
    const quiet = await onTiles(big, { ...nothingAware(), tile: bigTiles, outputNoise: 1e-9 })
    quiet.setRanges([3], [1])
    const [noisy, still] = [outputs.pass(y => y).y, quiet.pass(y => y).y]
    // Three row tiles add up, each with beta c_j of its own.
    const unit = Array.from({ length: big.outputs }, (_, j) => {
      const own = (outputs.model.layers.get(layer)?.tiles ?? []).filter(
        ({ columns }) => j >= columns.first && j < columns.first + columns.size,
      )
      const scales = own.map(t => heap.f32(t.fullScales, t.columns.size)[j - t.columns.first] ?? NaN)
      return 0.1 * 3 * Math.sqrt(scales.reduce((sum, c) => sum + c * c, 0))
    })
    const ofOutputs = Array.from(noisy, (v, i) => (v - (still[i] ?? NaN)) / (unit[i % big.outputs] ?? NaN))
    const z = (list: typeof column, of: 'column' | 'tile') => list.map(d => d.noise / (0.06 * d[of]))
    expectNoSurprise('training noise', [
      ofSquares('relative to the column', z(column, 'column')),
      ofMean('relative to the column, mean', z(column, 'column')),
      ofSquares('relative to the tile', z(tile, 'tile')),
      ofSquares('before the ADC', ofOutputs),
      ofMean('before the ADC, mean', ofOutputs),
      ...shares.slice(1).map((to, k) =>
        ofSquares(
          `of a device, shares up to ${to}`,
          ofDevice.filter(d => d.share > (shares[k] ?? NaN) && d.share <= to).map(d => d.z),
        ),
      ),
    ])
    // 5 % of the deviation would be seen: 10 % of a mean square is beyond 9 of its deviations.
    expect(0.1 * Math.sqrt(ofDevice.length / 2)).toBeGreaterThan(9)
  })

  once('is a function of what it is for: another tiling keeps every draw', async () => {
    const noise = { rule: 'constant', deviation: 0.06, relativeTo: 'column' } as const
    const flat = async (tile: HardwareAware['tile']) => {
      const t = await onTiles(big, { ...only(noise), tile, learn: ['column ranges'] })
      t.setRanges([1], [100])
      prepareLayer(bench, t.parameters, { kind: 'prepare layer', layer, step })
      return heap.f32(t.parameters.tensors.get(`${layer}.weight`)?.used ?? NaN, 60_000).slice()
    }
    expect(await flat({ rows: 77, columns: 13 })).toEqual(await flat({ rows: 512, columns: 512 }))
  })
})

describe('learned ranges', () => {
  once('move to where the squared error of a layer is least', async () => {
    const settings: HardwareAware = {
      ...{ ...nothingAware(), tile: { rows: 64, columns: 64 }, dac: { bits: 4 }, rangeRate: 1 },
      learn: ['input ranges'],
    }
    const t = await onTiles({ inputs: 40, outputs: 30, lengths: [60], seed: 9 }, settings)
    const exact = plain.linear(
      Float64Array.from(t.x),
      Float64Array.from(t.tensor('weight')),
      Float64Array.from(t.tensor('bias')),
    )
    const error = (beta: number): number => {
      t.setRanges([beta], [1])
      const { y } = t.pass(v => v)
      return y.reduce((sum, v, i) => sum + (v - (exact[i] ?? NaN)) ** 2, 0)
    }
    const grid = Array.from({ length: 60 }, (_, k) => 1 + 0.07 * k)
    const best = grid.reduce((a, b) => (error(b) < error(a) ? b : a))
    for (const start of [1.2, 5]) {
      t.setRanges([start], [1])
      const before = error(start)
      const tensor = `${layer}.input_ranges`
      for (let k = 1; k <= 150; k++) {
        t.pass(y => y.map((v, i) => 2 * (v - (exact[i] ?? NaN))))
        const adamW = { ...usual, step: k, learningRate: k < 80 ? 0.03 : 0.005, weightDecay: 0.1, clip: 1 }
        update(bench, t.parameters, { kind: 'update', tensor, from: 0, length: 1, adamW })
      }
      const beta = t.tensor('input_ranges')[0] ?? NaN
      expect(Math.abs(beta / best - 1)).toBeLessThan(0.15)
      expect(error(beta)).toBeLessThan(Math.min(0.9 * before, 1.2 * error(best)))
      for (const moment of ['first', 'second'] as const)
        heap.f32(t.parameters.tensors.get(tensor)?.[moment] ?? NaN, 1).fill(0)
    }
  })

  test.prop([
    fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 300 }),
    fc.double({ min: 0.1, max: 100, noNaN: true }),
  ])('start from the percentile of magnitudes', (values, p) => {
    const numbers = Float32Array.from(values)
    const sorted = numbers.map(Math.abs).sort()
    const found = magnitudePercentile(new Uint32Array(numbers.buffer), p)
    const share = sorted.filter(v => v <= found).length / sorted.length
    expect(sorted.includes(found)).toBe(true)
    expect(share).toBeGreaterThanOrEqual(p / 100 - 1e-9)
    expect(sorted.filter(v => v < found).length / sorted.length).toBeLessThan(p / 100 + 1e-9)
  })
})

describe('weights', () => {
  once.each(['standard-deviations', 'fixed'] as const)('are clipped where they are stored: %s', async rule => {
    const weightClip = rule === 'fixed' ? ({ rule, value: 1.5 } as const) : ({ rule, standardDeviations: 1.5 } as const)
    const tile = { rows: 50, columns: 30 }
    const t = await onTiles({ inputs: 50, outputs: 60, lengths: [1], seed: 4 }, { ...nothingAware(), tile, weightClip })
    const before = t.tensor('weight')
    clipLayer(bench, t.parameters, { kind: 'clip layer', layer })
    const after = t.tensor('weight')
    for (let j = 0; j < 60; j++) {
      const column = Array.from(before.subarray(50 * j, 50 * j + 50))
      const mean = column.reduce((a, b) => a + b, 0) / 50
      const sd = Math.sqrt(column.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 50)
      const most = rule === 'fixed' ? 1.5 : 1.5 * sd
      column.forEach((v, i) => expect(after[50 * j + i]).toBeCloseTo(Math.max(-most, Math.min(most, v)), 5))
    }
  })

  once('lose current on the line as the ladder says, and their gradients with them', async () => {
    const tile = { rows: 40, columns: 20 }
    const t = await onTiles(
      { inputs: 40, outputs: 20, lengths: [7], seed: 4 },
      { ...nothingAware(), tile, wireResistanceOhm: 50 },
    )
    const { y } = t.pass(v => v.map((_, i) => Math.sin(i)))
    // Settling took the factors out of the copy again.
    prepareLayer(bench, t.parameters, { kind: 'prepare layer', layer, step })
    const tensor = t.parameters.tensors.get(`${layer}.weight`)
    const used = heap.f32(tensor?.used ?? NaN, 800)
    const w = t.tensor('weight')
    const u = used.map((v, i) => v / (w[i] ?? NaN))
    expect(Math.min(...u)).toBeLessThan(0.9)
    expect(Math.max(...u)).toBeLessThanOrEqual(1)
    const dy = Float64Array.from(y, (_, i) => Math.sin(i))
    const g = t.gradient('weight')
    for (let at = 0; at < 800; at += 37) {
      const [j, i] = [Math.floor(at / 40), at % 40]
      let sum = 0
      for (let r = 0; r < 7; r++) sum += (dy[r * 20 + j] ?? NaN) * (t.x[r * 40 + i] ?? NaN)
      expect(g[at]).toBeCloseTo(sum * (u[at] ?? NaN), 4)
    }
  })
})
