/** Drift compensation: what each kind restores, and to what precision; columns and tiles of zeros. */
import { describe, expect, test } from 'vitest'
import { calibrationVectorCount, calibrationVectorsInto } from '../../../src/domain/crossbar/calibration-vectors.js'
import { pairMoments } from '../../../src/domain/crossbar/differential-pair.js'
import { leastSquaresFactor } from '../../../src/domain/crossbar/drift-compensation.js'
import { momentGrid } from '../../../src/domain/devices/moment-grid.js'
import type { DeviceChoice, Knots, TableDevice } from '../../../src/domain/experiment/device.js'
import { seconds } from '../../../src/domain/experiment/duration.js'
import type { HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import { stream } from '../../../src/domain/random/stream.js'
import { ownTable, presetChoices } from '../../domain/devices/choices.js'
import { layerOnChip, matrix, repeated } from './layer.js'

const [inputs, outputs] = [24, 16]
const s = stream(6, 'compensation')
const weights = matrix(inputs, outputs, () => 2 * s.uniform() - 1)
const x = Float32Array.from({ length: 5 * inputs }, () => 2 * s.uniform() - 1)
const examples = [0, 1, 2, 3, 4]
const timeSeconds = 86_400

const constant = (value: number): Knots => [
  [0, value],
  [25, value],
]
/** Drifts by an exponent that is known exactly, and does nothing else. */
const clockwork = (driftMean: Knots): TableDevice => ({
  kind: 'table',
  name: 'clockwork',
  gMaxMicroSiemens: 25,
  referenceTime: seconds(20),
  readTimeSeconds: 2.5e-7,
  programmingDeviation: constant(0),
  driftMean,
  driftDeviation: constant(0),
  readNoise: constant(0),
})
const shrinking = clockwork(constant(0.06))
const shrunk = (exponent: number): number => (timeSeconds / 20 + 1) ** -exponent
const exact = { dac: { bits: 'off' }, adc: { bits: 'off' }, outputNoise: 0 } as const

const pass = (chip = 0, read = 0, time = timeSeconds) => ({ chip, read, timeSeconds: time })
const flat = (lists: readonly Float32Array[]): readonly number[] => lists.flatMap(l => [...l])
const farthest = (values: readonly number[], from: number): number => Math.max(...values.map(v => Math.abs(v - from)))

/** Column sums for the calibration vectors, by plain sums; and their magnitudes' totals. */
const measured = (weight: (output: number, input: number) => number): readonly number[] => {
  const vectors = new Float32Array(calibrationVectorCount * inputs)
  calibrationVectorsInto(vectors, inputs)
  return Array.from({ length: outputs }, (_, j) => {
    let total = 0
    for (let k = 0; k < calibrationVectorCount; k++) {
      let z = 0
      for (let i = 0; i < inputs; i++) z += (vectors[k * inputs + i] ?? NaN) * weight(j, i)
      total += Math.abs(z)
    }
    return total
  })
}
const held = (j: number, i: number): number => weights.weights[j * inputs + i] ?? NaN
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

describe('a uniform shrink', () => {
  const on = (change: HardwareOverride) => {
    const layer = layerOnChip({ device: shrinking, ...change }, weights, { fullScale: 1 })
    layer.read(pass())
    return { alphas: flat(layer.alphas()), y: [...layer.multiply(x, examples)] }
  }
  const fresh = layerOnChip({ device: shrinking, ...exact }, weights, { fullScale: 1 })
  fresh.read(pass(0, 0, 0))
  const before = [...fresh.multiply(x, examples)]

  test('stays where nothing compensates', () => {
    const { alphas, y } = on({ ...exact, driftCompensation: 'none' })
    expect(alphas).toEqual(alphas.map(() => 1))
    y.forEach((v, at) => expect(v / (before[at] ?? NaN)).toBeCloseTo(shrunk(0.06), 5))
  })

  test.each(['global', 'per-column', 'least-squares'] as const)(
    'is undone by %s where the measurement is perfect',
    kind => {
      const { alphas, y } = on({ ...exact, driftCompensation: kind })
      expect(farthest(alphas, 1 / shrunk(0.06))).toBeLessThan(3e-6)
      y.forEach((v, at) => expect(Math.abs(v - (before[at] ?? NaN))).toBeLessThan(1e-5))
    },
  )

  test.each(['global', 'per-column'] as const)('is undone by %s through 8-bit converters, to their steps', kind => {
    const { alphas } = on({ driftCompensation: kind })
    // Rounding of each measured sum, as noise of a step's size, at the sums of a column or of the tile, now and then.
    const sums = measured(held)
    const rounding = 12 / 127 / Math.sqrt(12)
    const precision = (sum: number, many: number): number =>
      (Math.sqrt(many * calibrationVectorCount) * rounding * Math.hypot(1, 1 / shrunk(0.06))) / sum
    alphas.forEach((a, j) => {
      const expected = kind === 'global' ? precision(total(sums), outputs) : precision(sums[j] ?? NaN, 1)
      expect(Math.abs(a * shrunk(0.06) - 1)).toBeLessThan(4 * expected)
      expect(4 * expected).toBeLessThan(kind === 'global' ? 0.005 : 0.03)
    })
    if (kind === 'global') expect(new Set(alphas).size).toBe(1)
  })

  test('is measured anew at every time', () => {
    const layer = layerOnChip({ ...exact, device: shrinking, driftCompensation: 'global' }, weights, { fullScale: 1 })
    for (const time of [86_400, 0, 3600]) {
      layer.read(pass(0, 0, time))
      expect(farthest(flat(layer.alphas()), (time / 20 + 1) ** 0.06)).toBeLessThan(3e-6)
    }
  })
})

describe('columns that shrink each in its own way', () => {
  // Every column of one magnitude, and the exponent falls with it.
  const magnitude = (j: number): number => (j + 1) / outputs
  const device = clockwork([
    [0, 0.12],
    [25, 0.02],
  ])
  const exponent = (j: number): number => 0.12 - 0.1 * magnitude(j)
  const signs = matrix(inputs, outputs, j => (s.uniform() < 0.5 ? -1 : 1) * magnitude(j))
  const on = (driftCompensation: 'global' | 'per-column', tile = { rows: 512, columns: 512 }) => {
    const layer = layerOnChip({ ...exact, device, driftCompensation, tile }, signs, { fullScale: 1 })
    layer.read(pass())
    return layer.alphas()
  }
  const sign = (j: number, i: number): number => signs.weights[j * inputs + i] ?? NaN

  test('are restored column by column', () => {
    const [alphas = []] = on('per-column')
    alphas.forEach((a, j) => expect(Math.abs(a * shrunk(exponent(j)) - 1)).toBeLessThan(3e-6))
    expect(Math.max(...alphas) / Math.min(...alphas)).toBeGreaterThan(1.5)
  })

  test('share one factor globally: sums of magnitudes before over those now', () => {
    const [first, now] = [measured(sign), measured((j, i) => sign(j, i) * shrunk(exponent(j)))]
    expect(farthest(flat(on('global')), total(first) / total(now))).toBeLessThan(5e-6)
  })

  test('every tile has its own', () => {
    const alphas = on('global', { rows: 512, columns: 4 })
    expect(alphas).toHaveLength(4)
    expect(new Set(alphas.map(a => a[0])).size).toBe(4)
    for (const a of alphas) expect(new Set(a).size).toBe(1)
  })
})

describe('least squares', () => {
  const devices: readonly DeviceChoice[] = [...presetChoices, ownTable]
  test.each(devices.map(d => [d.kind === 'preset' ? d.preset : d.name, d] as const))(
    'gives the factor of the exact moments on %s, to the error of their grid',
    (_, device) => {
      for (const time of [0, 3600, 3e7]) {
        const layer = layerOnChip({ device, driftCompensation: 'least-squares' }, weights)
        layer.read(pass(0, 0, time))
        const { model } = layer
        const { meanError, varianceError } = momentGrid(model, time)
        const [alphas = []] = layer.alphas()
        alphas.forEach((alpha, j) => {
          const column = [...weights.weights.subarray(j * inputs, (j + 1) * inputs)]
          const most = Math.max(...column.map(Math.abs))
          const shares = column.map(w => w / most)
          const moments = (w: number) => pairMoments(w, model.gMaxMicroSiemens, g => model.moments(g, time))
          const expected = leastSquaresFactor(shares, moments)
          // Both devices of a pair err by what the grid says; alpha = a / b errs by (da + alpha db) / b.
          const all = shares.map(w => ({ w: Math.abs(w), ...moments(Math.abs(w)) }))
          const b = total(all.map(m => m.variance + m.mean ** 2))
          const da = total(all.map(m => m.w)) * 2 * meanError
          const db = total(all.map(m => 2 * m.mean * 2 * meanError + 2 * varianceError))
          expect(Math.abs(alpha - expected)).toBeLessThan((2 * (da + expected * db)) / b + 1e-6 * expected)
          // The grid's largest error is where a curve jumps; hardly a weight lies there.
          expect(Math.abs(alpha - expected)).toBeLessThan(1e-4)
          if (time > 0) expect(expected).toBeGreaterThan(1.02)
        })
      }
    },
  )
})

describe('zeros', () => {
  const holed = matrix(inputs, outputs, (j, i) => (j === 3 || i >= 12 ? 0 : held(j, i)))
  const noisy = { device: presetChoices[0], outputNoise: 0.1, wireResistanceOhm: 1 }
  test.each(
    (['none', 'global', 'per-column', 'least-squares'] as const).flatMap(driftCompensation =>
      (['per read', 'per VMM'] as const).map(readNoise => [driftCompensation, readNoise] as const),
    ),
  )(
    'a column and a tile of zeros give exactly 0, with a factor that is a number: %s, %s',
    (driftCompensation, readNoise) => {
      for (const dac of [{ bits: 8 }, { bits: 'off' }] as const) {
        // The second row tile has nothing but zeros.
        const layer = layerOnChip(
          { ...noisy, dac, driftCompensation, readNoise, tile: { rows: 12, columns: 16 } },
          holed,
        )
        layer.read(pass())
        const alphas = layer.alphas()
        expect(alphas).toHaveLength(2)
        expect(flat(alphas).every(a => Number.isFinite(a) && a > 0)).toBe(true)
        if (driftCompensation === 'least-squares') expect([...(alphas[1] ?? [])]).toEqual(new Array(outputs).fill(1))
        const y = layer.multiply(x, examples)
        expect(y.every(Number.isFinite)).toBe(true)
        const zeros = [...y].flatMap((v, at) => (v === 0 ? [at % outputs] : []))
        expect(zeros.filter(j => j === 3)).toHaveLength(examples.length)
        // An ADC gives a 0 now and then elsewhere.
        expect(zeros.length).toBeLessThan(y.length / 2)
        // What lies before the zeros does not reach the output: other inputs there change nothing.
        const other = x.map((v, at) => (at % inputs >= 12 ? -0.5 * v : v))
        expect([...layer.multiply(other, examples)]).toEqual([...y])
      }
    },
  )

  test('devices that hold nothing at all have the factor 1', () => {
    const nothing = matrix(inputs, outputs, () => 0)
    for (const driftCompensation of ['global', 'per-column', 'least-squares'] as const) {
      const layer = layerOnChip({ device: shrinking, driftCompensation }, nothing)
      layer.read(pass())
      expect(flat(layer.alphas())).toEqual(new Array(outputs).fill(1))
      expect(layer.multiply(x, examples).every(v => v === 0)).toBe(true)
    }
  })
})

describe('measured through noise', () => {
  const outputNoise = 0.1
  const chips = 300
  test.each(['global', 'per-column'] as const)('%s scatters about the truth as the noise says', kind => {
    const layer = layerOnChip({ device: shrinking, outputNoise, driftCompensation: kind }, weights, { fullScale: 1 })
    const sums = measured(held)
    // Noise and rounding of one measured sum; of their totals, now and right after programming.
    const one = Math.hypot(outputNoise, 12 / 127 / Math.sqrt(12))
    const deviation = (sum: number, many: number): number =>
      (Math.sqrt(many * calibrationVectorCount) * one * Math.hypot(1, 1 / shrunk(0.06))) / sum
    const scores: number[] = []
    for (let chip = 0; chip < chips; chip++) {
      layer.read(pass(chip, chip % 5))
      flat(layer.alphas()).forEach((a, j) => {
        const expected = kind === 'global' ? deviation(total(sums), outputs) : deviation(sums[j] ?? NaN, 1)
        if (kind === 'per-column' || j === 0) scores.push((a * shrunk(0.06) - 1) / expected)
      })
    }
    const mean = total(scores) / scores.length
    const spread = Math.sqrt(total(scores.map(z => (z - mean) ** 2)) / scores.length)
    // Less than all of it counts: where a sum lies near 0, its magnitude moves less than the noise. And the rounding of
    // the converters does not change from chip to chip.
    expect(spread).toBeLessThan(1.05)
    expect(spread).toBeGreaterThan(0.7)
    expect(Math.abs(mean)).toBeLessThan(0.5)
  })

  test('with another factor at every read, and the same first measurement for a chip', () => {
    const layer = layerOnChip({ device: shrinking, outputNoise, driftCompensation: 'global' }, weights)
    const of = (chip: number, read: number): number | undefined => {
      layer.read(pass(chip, read))
      return layer.alphas()[0]?.[0]
    }
    const [a, b, c] = [of(0, 0), of(0, 1), of(1, 0)]
    expect(new Set([a, b, c]).size).toBe(3)
    expect(of(0, 0)).toBe(a)
  })

  test('the output it gives is as long as before the drift', () => {
    const layer = layerOnChip({ device: shrinking, driftCompensation: 'global' }, weights)
    const norm = (time: number): number => {
      layer.read(pass(0, 0, time))
      return Math.hypot(
        ...layer.multiply(
          repeated(x, 20),
          Array.from({ length: 100 }, (_, k) => k),
        ),
      )
    }
    expect(norm(timeSeconds) / norm(0)).toBeCloseTo(1, 1.9)
  })
})
