/** The objective against sampling, the facts it must give, and its optimum against brute force. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { converter, decode, encode } from '../../../src/domain/crossbar/converter.js'
import { ladderVoltagesInto } from '../../../src/domain/crossbar/ladder.js'
import { rowOrder } from '../../../src/domain/crossbar/placement.js'
import { preDistorted } from '../../../src/domain/crossbar/pre-distortion.js'
import { interpolated } from '../../../src/domain/devices/moment-grid.js'
import { stream } from '../../../src/domain/random/stream.js'
import { excessOf, weightedHistogram } from '../../../src/domain/ranges/histogram.js'
import { logitContrasts } from '../../../src/domain/ranges/contrasts.js'
import { wiresOf } from '../../../src/domain/ranges/ir-drop.js'
import { expectedCompensation } from '../../../src/domain/ranges/expected-compensation.js'
import {
  columnError,
  columnOf,
  columnSums,
  expectedError,
  leastSquaresGain,
  type ScaledRanges,
  type TileObjective,
} from '../../../src/domain/ranges/objective.js'
import { inputError } from '../../../src/domain/ranges/input-error.js'
import { optimalRanges } from '../../../src/domain/ranges/optimum.js'
import { normalDensity, normalDistribution, standardNormal } from '../../../src/domain/statistics/normal.js'
import { absMaxOf, gaussian, histogramOf, laplace, momentsAt, tileOf, type Distribution } from './tiles.js'

const ones = (n: number): Float32Array => new Float32Array(n).fill(1)
const none = weightedHistogram([], () => 0)
const ideal = { dacMaxCode: 0, adcMaxCode: 0, adcBound: 10, outputNoise: 0 }
const startOf = (tile: TileObjective, inputRange = 8): ScaledRanges => ({
  ...{ inputRange, fullScales: absMaxOf(tile), gains: ones(tile.columns) },
})
const optimum = (tile: TileObjective, input = true, columns = true) =>
  optimalRanges(tile, { start: startOf(tile), input, columns })
const decibels = (ratio: number): number => 10 * Math.log10(ratio)
const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length

describe('first-order facts', () => {
  const cases = [
    ['0 s', 0, 18.9, 19.5, 0.83],
    ['1 d', 86_400, 16.7, 17.4, 0.8],
    ['1 y', 31_536_000, 14.6, 15.3, 0.76],
  ] as const
  test.each(cases)('devices alone, Gaussian columns of 384 rows at %s', (_, time, absMax, best, share) => {
    const tile = tileOf({ rows: 384, columns: 48, times: [time], change: { converters: ideal } })
    const energy = tile.weights.reduce((sum, w) => sum + w * w, 0)
    const { fullScales } = startOf(tile)
    const found = optimum(tile, false)
    // With the gain of least squares, as the optimum has it.
    const sums = Array.from(fullScales, (c, j) => columnSums(tile, j, c))
    const error = sums.reduce((sum, s) => sum + s.energy - (s.cross[0] ?? NaN) ** 2 / (s.power[0] ?? NaN), 0)
    expect(Math.abs(decibels(energy / error) - absMax)).toBeLessThan(0.1)
    expect(Math.abs(decibels(energy / found.after) - best)).toBeLessThan(0.1)
    expect(Math.abs(mean(found.fullScales.map((c, j) => c / (fullScales[j] ?? NaN))) - share)).toBeLessThan(0.02)
  })

  const ranges: readonly (readonly [string, Distribution, boolean, number])[] = [
    ['the DAC alone, Gaussian', gaussian, false, 3.9],
    ['with ADC and noise, Gaussian', gaussian, true, 3.4],
    ['the DAC alone, Laplace', laplace, false, 7],
    ['with ADC and noise, Laplace', laplace, true, 5.4],
  ]
  test.each(ranges)('input range: %s', (_, inputs, readout, best) => {
    const change = readout ? {} : { converters: { ...ideal, dacMaxCode: 127 } }
    const tile = tileOf({ rows: 384, columns: 32, inputs, change })
    expect(Math.abs(optimum(tile).inputRange / best - 1)).toBeLessThan(0.025)
  })
})

describe('the DAC', () => {
  test.prop([fc.double({ min: 0.05, max: 8, noNaN: true }), fc.constantFrom(1, 3, 7, 127)])(
    'errs as it does on numbers spread evenly over a bin',
    (range, maxCode) => {
      const c = { ...converter(2, range), maxCode }
      const [from, to] = [0.9, 1.1]
      const count = 4000
      let sum = 0
      for (let k = 0; k < count; k++) {
        const x = from + ((to - from) * (k + 0.5)) / count
        sum += (decode(c, encode(c, x)) - x) ** 2 / count
      }
      const histogram = { lower: Float64Array.of(from), upper: Float64Array.of(to), weight: Float64Array.of(2) }
      const found = inputError(histogram, { range, maxCode })
      expect(Math.abs(found / 2 - sum)).toBeLessThan(1e-3 * sum + 1e-7)
    },
  )
  test('is ideal without codes', () => {
    expect(inputError(histogramOf(gaussian, 1, 1), { range: 0.1, maxCode: 0 })).toBe(0)
  })
})

/**
 * A column sampled: devices with the moments of the grid, Gaussian, behind the exact ladder of their bit line; inputs
 * Gaussian; output noise, the ADC. @returns the mean squared error of the output.
 */
const sampled = (
  tile: TileObjective,
  { inputRange, fullScales, gains }: ScaledRanges,
  runs: number,
  tokens: number,
  wires: { readonly ohm: number; readonly order: Uint32Array | null; readonly distorted: boolean } | null = null,
) => {
  const s = stream(4, 'a column sampled')
  const { adcMaxCode, adcBound, outputNoise, dacMaxCode } = tile.converters
  const [dac, adc] = [
    { ...converter(2, inputRange), maxCode: dacMaxCode },
    { ...converter(2, adcBound), maxCode: adcMaxCode },
  ]
  const { mean: means, variance } = tile.times[0] ?? tile.first
  const c = fullScales[0] ?? NaN
  const scale = inputRange * c * (gains[0] ?? NaN) * (expectedCompensation(tile, fullScales)[0]?.[0] ?? NaN)
  const shares = Array.from(tile.weights.subarray(0, tile.rows), w => Math.max(-1, Math.min(1, w / c)))
  const [ohm, order] = [wires?.ohm ?? 0, wires?.order ?? null]
  const line = { gMaxMicroSiemens: 25, wireResistanceOhm: ohm, rowOrder: order, idle: tile.first.mean[0] ?? NaN }
  const targets = wires?.distorted === true ? preDistorted(shares, line) : Float64Array.from(shares, Math.abs)
  /** What a bit line's devices yield behind its wires. */
  const yields = (sign: number): Float64Array => {
    const g = Float64Array.from(shares, (share, i) => {
      const target = sign * share > 0 ? (targets[i] ?? NaN) : 0
      return interpolated(means, target) + Math.sqrt(interpolated(variance, target)) * standardNormal(s)
    })
    const u = new Float64Array(tile.rows)
    ladderVoltagesInto(
      u,
      g.map(x => 25 * Math.max(0, x)),
      ohm,
      order,
    )
    return g.map((x, i) => x * (u[i] ?? NaN))
  }
  let sum = 0
  for (let run = 0; run < runs; run++) {
    const minus = yields(-1)
    const v = yields(1).map((x, i) => x - (minus[i] ?? NaN))
    for (let t = 0; t < tokens; t++) {
      let [y, z] = [0, 0]
      for (let i = 0; i < tile.rows; i++) {
        const x = standardNormal(s)
        y += x * (tile.weights[i] ?? NaN)
        z += (decode(dac, encode(dac, x)) / inputRange) * (v[i] ?? NaN)
      }
      sum += (scale * decode(adc, encode(adc, z + outputNoise * standardNormal(s))) - y) ** 2
    }
  }
  return sum / runs / tokens
}

describe('against sampling', () => {
  const tile = tileOf({ rows: 96, columns: 1 })
  const c = absMaxOf(tile)[0] ?? NaN
  const cases: readonly (readonly [string, ScaledRanges])[] = [
    ['abs-max and all inputs', { inputRange: 4, fullScales: Float32Array.of(c), gains: ones(1) }],
    ['clipped inputs', { inputRange: 1.4, fullScales: Float32Array.of(c), gains: ones(1) }],
    ['clipped weights', { inputRange: 3, fullScales: Float32Array.of(c / 2), gains: ones(1) }],
    ['a saturated ADC', { inputRange: 0.9, fullScales: Float32Array.of(0.35 * c), gains: ones(1) }],
    ['a gain', { inputRange: 4, fullScales: Float32Array.of(c), gains: Float32Array.of(0.9) }],
  ]
  test.each(cases)('%s', (_, ranges) => {
    const expected = expectedError(tile, ranges).total
    const found = sampled(tile, ranges, 150, 60)
    // Clipping errors of inputs are of one column's sums together, which the objective leaves out: 5 % there.
    expect(Math.abs(found / expected - 1)).toBeLessThan(0.12)
  })

  const wired: readonly (readonly [string, boolean, boolean, number])[] = [
    ['not compensated', false, false, 1],
    ['rows placed', false, true, 1],
    ['pre-distorted', true, false, 1],
    ['both', true, true, 1],
    ['pre-distorted, much of it capped', true, false, 0.4],
  ]
  test.each(wired)('wires: %s', (_, distorted, placed, share) => {
    // A drop as 512 rows have it at 0.35 ohm, doubled.
    const ohm = 2 * 0.35 * (512 / 96) ** 2
    const energies = tile.weights.map((__, i) => (i % 7 === 0 ? 9 : 0.5))
    const order = placed ? rowOrder(Float64Array.from(energies, (a, i) => a * (tile.weights[i] ?? NaN) ** 2)) : null
    const wires = wiresOf(tile.rows, { load: ohm * 25e-6, preDistorted: distorted, rowOrder: order })
    const fine = { dacMaxCode: 2047, adcMaxCode: 2047, adcBound: 60, outputNoise: 0 }
    const behind = { ...tile, converters: fine, wires }
    const ranges = { inputRange: 4, fullScales: Float32Array.of(share * c), gains: ones(1) }
    const [expected, free] = [behind, { ...behind, wires: null }].map(t => expectedError(t, ranges).total)
    const found = sampled(behind, ranges, 4000, 1, { ohm, order, distorted })
    expect(Math.abs(found / (expected ?? NaN) - 1)).toBeLessThan(0.08)
    // Wires are seen where nothing is done about them.
    if (!distorted && !placed) expect(expected).toBeGreaterThan(1.2 * (free ?? NaN))
  })
})

describe('the optimum', () => {
  /** Small, and unlike each other: weights of tokens, inputs, converters. */
  const anyTile = fc
    .record({
      seed: fc.integer({ min: 1, max: 1e6 }),
      inputs: fc.constantFrom(gaussian, laplace),
      codes: fc.constantFrom(7, 31, 127),
      bound: fc.double({ min: 1, max: 20, noNaN: true }),
      noise: fc.double({ min: 0, max: 0.3, noNaN: true }),
      times: fc.constantFrom([0], [3600], [0, 86_400]),
      compensation: fc.constantFrom('none', 'global', 'per-column', 'least-squares'),
    })
    .map(({ seed, inputs, codes, bound, noise, times, compensation }) =>
      tileOf({
        ...{ rows: 24, columns: 3, seed, inputs, times },
        change: {
          converters: { dacMaxCode: codes, adcMaxCode: codes, adcBound: bound, outputNoise: noise },
          driftCompensation: compensation, // as: one of the names above
        },
      }),
    )
  test.prop([anyTile], { numRuns: 10 })(
    'is no worse than any point of a grid, the gains of least squares at each',
    tile => {
      const { converters } = tile
      const found = optimum(tile)
      const compensation = expectedCompensation(tile, absMaxOf(tile))
      const columns = Array.from(absMaxOf(tile), (largest, j) => ({
        own: columnOf(tile, j, compensation),
        points: Array.from({ length: 81 }, (_, k) => {
          const fullScale = largest * 2 ** (-3 + k / 16)
          return { fullScale, sums: columnSums(tile, j, fullScale) }
        }),
      }))
      const totals = Array.from({ length: 81 }, (_, k) => {
        const inputRange = 0.2 * 2 ** (k / 16)
        return columns.reduce(
          (sum, { own, points }) =>
            sum +
            Math.min(
              ...points.map(({ fullScale, sums }) => {
                const gain = leastSquaresGain(converters, sums, own, inputRange, fullScale)
                return columnError(converters, sums, own, inputRange, gain * fullScale)
              }),
            ),
          inputError(tile.inputs, { range: inputRange, maxCode: converters.dacMaxCode }),
        )
      })
      // The compensation that is met in the end differs a little from that of the start.
      expect(found.after).toBeLessThanOrEqual(Math.min(...totals) * 1.001)
      expect(found.after).toBeLessThan(found.before)
    },
  )

  test.prop([anyTile], { numRuns: 25 })('is stationary: moved by a little, the objective rises as a parabola', tile => {
    const found = optimum(tile)
    const of = (change: Partial<ScaledRanges>): number => expectedError(tile, { ...found, ...change }).total
    /** By how far the objective rises on both sides, and how much more on one. */
    const moved = (value: (factor: number) => number): { readonly rise: number; readonly tilt: number } => {
      const [low, high] = [value(0.97), value(1.03)]
      expect(Math.min(low, high)).toBeGreaterThanOrEqual(found.after * (1 - 1e-6))
      return { rise: low + high - 2 * found.after, tilt: Math.abs(high - low) }
    }
    moved(f => of({ inputRange: found.inputRange * f }))
    for (let j = 0; j < tile.columns; j++) {
      // Where a weight begins to be clipped there is a corner, and the least value may lie in it.
      moved(f => of({ fullScales: found.fullScales.map((c, i) => (i === j ? c * f : c)) }))
      const { rise, tilt } = moved(f => of({ gains: found.gains.map((g, i) => (i === j ? g * f : g)) }))
      expect(tilt).toBeLessThan(1e-4 * rise + 1e-9 * found.after)
    }
  })

  test.prop([anyTile, fc.double({ min: 0.1, max: 20, noNaN: true }), fc.double({ min: 0.1, max: 3, noNaN: true })], {
    numRuns: 25,
  })('never rises, from wherever, with whatever is free', (tile, inputRange, share) => {
    const fullScales = absMaxOf(tile).map(c => share * c)
    const start = { inputRange, fullScales, gains: ones(tile.columns) }
    const [all, input, columns] = [
      [true, true],
      [true, false],
      [false, true],
    ].map(([i = false, c = false]) => optimalRanges(tile, { start, input: i, columns: c }))
    for (const found of [all, input, columns]) {
      expect(found?.before).toBe(expectedError(tile, start).total)
      expect(found?.after).toBeLessThanOrEqual(found?.before ?? NaN)
    }
    expect(input?.fullScales).toEqual(fullScales)
    expect(input?.gains).toEqual(start.gains)
    expect(columns?.inputRange).toBe(inputRange)
    expect(all?.after).toBeLessThanOrEqual((input?.after ?? NaN) * (1 + 1e-3))
    expect(all?.after).toBeLessThanOrEqual((columns?.after ?? NaN) * (1 + 1e-3))
  })

  test('keeps the start where nothing is felt: no inputs, no gradient, a column of zeros', () => {
    const tile = tileOf({ rows: 8, columns: 3 })
    const start = startOf(tile, 1)
    const silent: Partial<TileObjective> = { energies: new Float32Array(24), inputs: none }
    const still = { ...tile, ...silent, excesses: tile.excesses.map(() => excessOf(none)) }
    // Never excited: tokens count, but nothing comes in.
    expect(optimalRanges(still, { start, input: true, columns: true })).toMatchObject({
      ...{ inputRange: 1, fullScales: start.fullScales },
    })
    const unfelt = optimalRanges({ ...still, masses: new Float64Array(3) }, { start, input: true, columns: true })
    expect(unfelt).toEqual({ ...start, before: 0, after: 0 })
    const weights = tile.weights.slice().fill(0, 8, 16)
    const zeros = { ...tile, weights }
    const found = optimalRanges(zeros, { start: startOf(zeros), input: true, columns: true })
    expect([found.fullScales[1], found.gains[1]]).toEqual([0, 1])
    expect(Number.isFinite(found.after)).toBe(true)
  })

  test('stands an outlier of a million deviations, and one that nothing depends on is clipped', () => {
    const tile = tileOf({ rows: 64, columns: 4 })
    const withOutlier = (weight: number): TileObjective => {
      const { lower, upper, weight: w } = tile.inputs
      return {
        ...tile,
        inputs: {
          lower: Float64Array.of(...lower, 1e6),
          upper: Float64Array.of(...upper, 1.03e6),
          weight: Float64Array.of(...w, weight),
        },
      }
    }
    const unfelt = optimum(withOutlier(1e-20))
    expect(unfelt.inputRange / optimum(tile).inputRange).toBeCloseTo(1, 2)
    // It must be carried, and everything else is lost in rounding.
    const felt = optimum(withOutlier(1e3))
    expect(felt.inputRange).toBeGreaterThan(0.9e6)
    expect(felt.after).toBeLessThan(felt.before)
  })

  test('several copies of a column divide its spread', () => {
    const tile = tileOf({ rows: 64, columns: 1 })
    const c = absMaxOf(tile)[0] ?? NaN
    const [one, four] = [columnSums(tile, 0, c), columnSums(tile, 0, c, 4)]
    const spread = tile.weights.reduce((sum, w) => {
      const { variance } = momentsAt(3600)
      return sum + interpolated(variance, Math.abs(w) / c) + (variance[0] ?? NaN)
    }, 0)
    expect((one.power[0] ?? NaN) - (four.power[0] ?? NaN)).toBeCloseTo(0.75 * spread, 10)
    expect(four.cross).toEqual(one.cross)
  })
})

test.prop([
  fc.integer({ min: 2, max: 6 }),
  fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 6, maxLength: 6 }),
])('contrasts of the logits: squares over them are those over all differences', (labels, numbers) => {
  const g = numbers.slice(0, labels)
  const contrasts = logitContrasts(labels)
  expect(contrasts).toHaveLength(labels - 1)
  const squares = contrasts
    .map(c => c.reduce((sum, w, a) => sum + w * (g[a] ?? NaN), 0) ** 2)
    .reduce((a, b) => a + b, 0)
  let pairs = 0
  for (let a = 0; a < labels; a++) for (let b = 0; b < a; b++) pairs += ((g[a] ?? NaN) - (g[b] ?? NaN)) ** 2
  expect(Math.abs(squares - pairs)).toBeLessThan(1e-5 * (1 + pairs))
  expect(logitContrasts(1)).toEqual([Float32Array.of(1)])
})

test('the excess of a Gaussian beyond a threshold is that of its integral', () => {
  const excess = excessOf(histogramOf(gaussian, 1, 1))
  for (const t of [0.5, 1, 2, 3]) {
    const exact = 2 * ((1 + t * t) * normalDistribution(-t) - t * normalDensity(t))
    expect(Math.abs(excess(t) / exact - 1)).toBeLessThan(0.01)
  }
})
