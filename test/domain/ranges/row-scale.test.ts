/** Factors of rows: what they leave as it is, what they win, and that nothing is made worse. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { filledTile } from '../../../src/domain/ranges/filled.js'
import { coarseBins, excessOf, mergedHistogram, type WeightedHistogram } from '../../../src/domain/ranges/histogram.js'
import { inputError } from '../../../src/domain/ranges/input-error.js'
import { columnSums, expectedError, tileInputError } from '../../../src/domain/ranges/objective.js'
import { optimalRanges, type Wanted } from '../../../src/domain/ranges/optimum.js'
import { scaledRows, withRowScales, type ScalableTile } from '../../../src/domain/ranges/row-scale.js'
import { absMaxOf, gaussian, histogramOf, momentsAt, tileOf, type Made } from './tiles.js'

const sumOf = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0)

/** Rows whose inputs have the deviations d_i, and whose weights are a_i times as large as others. */
const tileWith = (
  rows: readonly (readonly [deviation: number, weight: number])[],
  columns: number,
  made: Omit<Made, 'rows' | 'columns'> = {},
): ScalableTile => {
  const n = rows.length
  const plain = tileOf({ rows: n, columns, ...made })
  const weights = plain.weights.map((w, at) => w * (rows[at % n]?.[1] ?? NaN))
  const own = rows.map(([d], i) =>
    histogramOf(gaussian, d, sumOf(Array.from({ length: columns }, (_, j) => (weights[j * n + i] ?? NaN) ** 2))),
  )
  const energies = weights.map((_, at) => (rows[at % n]?.[0] ?? NaN) ** 2)
  const deviations = Array.from({ length: columns }, (_, j) =>
    Math.sqrt(sumOf(rows.map(([d], i) => (d * (weights[j * n + i] ?? NaN)) ** 2))),
  )
  return {
    rows: own,
    wires: null,
    objective: {
      ...{ ...plain, weights, energies, inputs: mergedHistogram(coarseBins, own) },
      excesses: deviations.map(d => excessOf(histogramOf(gaussian, d, 1))),
    },
  }
}

const wantedFor = ({ objective }: Pick<ScalableTile, 'objective'>): Wanted => ({
  ...{ input: true, columns: true },
  start: {
    inputRange: objective.inputs.upper.at(-1) ?? 1,
    fullScales: absMaxOf(objective),
    gains: new Float32Array(objective.columns).fill(1),
  },
})

const anyRows = fc.array(
  fc.tuple(
    fc.integer({ min: -4, max: 4 }).map(k => 2 ** (k / 2)),
    fc.integer({ min: -2, max: 2 }).map(k => 2 ** (k / 2)),
  ),
  { minLength: 2, maxLength: 12 },
)
const halfOctaves = (n: number) =>
  fc
    .array(fc.integer({ min: -8, max: 8 }), { minLength: n, maxLength: n })
    .map(list => Float32Array.from(list, k => 2 ** (k / 2)))

describe('a tile with its rows scaled', () => {
  test.prop([anyRows.chain(rows => fc.tuple(fc.constant(rows), halfOctaves(rows.length)))])(
    'has the same products, and an input range of its own on each row',
    ([rows, rowScales]) => {
      const tile = tileWith(rows, 3)
      const scaled = withRowScales(tile, rowScales)
      for (let j = 0; j < 3; j++) {
        const [before, after] = [columnSums(tile.objective, j, 9), columnSums(scaled, j, 9)]
        expect(Math.abs(after.energy / before.energy - 1)).toBeLessThan(1e-5)
      }
      for (const range of [0.3, 1, 4]) {
        const single = tile.rows.map((row, i) =>
          inputError(row, { range: range * (rowScales[i] ?? NaN), maxCode: 127 }),
        )
        expect(Math.abs(tileInputError(scaled, range) / sumOf(single) - 1)).toBeLessThan(0.02)
      }
    },
  )

  test('counts devices of the scaled weights: one that grows is noisier, and its input smaller', () => {
    const tile = tileWith([[1, 1]], 1, {
      change: { converters: { dacMaxCode: 0, adcMaxCode: 0, adcBound: 1, outputNoise: 0 } },
    })
    const [fullScale, scale] = [4, 2]
    const w = Math.abs(tile.objective.weights[0] ?? NaN)
    const { mean, variance } = momentsAt(3600)
    const [sums] = [columnSums(withRowScales(tile, Float32Array.of(scale)), 0, fullScale)]
    const at = (column: Float64Array): number => {
      const place = ((w * scale) / fullScale) * (column.length - 1)
      const low = column[Math.floor(place)] ?? NaN
      return low + (place - Math.floor(place)) * ((column[Math.ceil(place)] ?? NaN) - low)
    }
    const power = ((at(mean) - (mean[0] ?? NaN)) ** 2 + at(variance) + (variance[0] ?? NaN)) / scale ** 2
    expect(Math.abs((sums.power[0] ?? NaN) / power - 1)).toBeLessThan(1e-6)
  })
})

describe('the search for factors', () => {
  const searched = (tile: ScalableTile) => {
    const wanted = wantedFor(tile)
    const alone = optimalRanges(tile.objective, wanted)
    return { alone, wanted, found: scaledRows(tile, alone, wanted) }
  }

  test.prop([anyRows, fc.integer({ min: 1, max: 99 }), fc.constantFrom(0, 1e-3)], { numRuns: 25 })(
    'makes no tile worse, says what the objective says, and takes half octaves',
    (rows, seed, load) => {
      const bare = tileWith(rows, 4, { seed })
      const wires = load === 0 ? null : { load, preDistorted: false, rowOrder: null }
      const ones = new Float32Array(rows.length).fill(1)
      const tile = { ...bare, wires, objective: withRowScales({ ...bare, wires }, ones) }
      const { alone, found } = searched(tile)
      if (found === null) return
      expect(found.optimum.after).toBeLessThan(alone.after)
      expect(found.optimum.after).toBe(expectedError(withRowScales(tile, found.rowScales), found.optimum).total)
      expect(found.optimum.before).toBe(alone.before)
      found.rowScales.forEach(s => expect(Math.abs(2 * Math.log2(s) - Math.round(2 * Math.log2(s)))).toBeLessThan(1e-6))
    },
  )

  test('wins most where few rows have large inputs and small weights', () => {
    const rows = Array.from({ length: 48 }, (_, i) => (i % 12 === 5 ? ([16, 1 / 8] as const) : ([1, 1] as const)))
    const { alone, found } = searched(tileWith(rows, 8))
    expect(found?.optimum.after).toBeLessThan(0.5 * alone.after)
    const scales = found?.rowScales ?? new Float32Array(0)
    const [large, others] = [true, false].map(of => [...scales].filter((_, i) => (i % 12 === 5) === of))
    expect(Math.min(...(large ?? []))).toBeGreaterThan(Math.max(...(others ?? [])))
  })

  test.prop([fc.integer({ min: 1, max: 1000 })], { numRuns: 3 })(
    'wins nearly all of what the best whole octaves of three rows do',
    seed => {
      const rows = [
        [8, 0.25],
        [1, 1],
        [0.5, 2],
      ] as const
      const tile = tileWith(rows, 2, { seed })
      const { alone, found } = searched(tile)
      let best = alone.after
      for (let a = -5; a <= 5; a++)
        for (let b = -5; b <= 5; b++) {
          // All factors times the same change nothing: the last one stays.
          const objective = withRowScales(tile, Float32Array.of(2 ** a, 2 ** b, 1))
          best = Math.min(best, optimalRanges(objective, wantedFor({ objective })).after)
        }
      expect(alone.after - (found?.optimum.after ?? alone.after)).toBeGreaterThan(0.9 * (alone.after - best))
    },
  )

  test('gives the same with copies, whoever searched before, and columns and rows are copied as scaled', () => {
    const rows = Array.from({ length: 20 }, (_, i) => (i % 9 === 4 ? ([12, 0.25] as const) : ([1, 1] as const)))
    const tile = tileWith(rows, 5)
    const whole = { ...tile, inputs: null }
    const wanted = wantedFor(tile)
    const nothing = { known: null, unscaled: null }
    const idle = { columns: 3, rows: 0 }
    const single = filledTile(whole, wanted, { columns: 0, rows: 0 }, nothing)
    const filled = filledTile(whole, wanted, idle, nothing)
    expect(single.rowScales.length).toBe(20)
    expect(filled.rowScales).toEqual(single.rowScales)
    expect(filled.copies.length).toBe(3)
    expect(filled.after).toBeLessThan(single.after)
    expect(filledTile(whole, wanted, idle, { known: single, unscaled: null })).toEqual(filled)
    const unscaled = optimalRanges(tile.objective, wanted)
    expect(filledTile(whole, wanted, idle, { known: null, unscaled })).toEqual(filled)
  })

  test('takes factors that come with ranges as they are, with copies and without', () => {
    const rows = Array.from({ length: 20 }, (_, i) => (i % 9 === 4 ? ([12, 0.25] as const) : ([1, 1] as const)))
    const tile = tileWith(rows, 5)
    const rowScales = Float32Array.from(rows, ([d]) => Math.fround(Math.sqrt(d)))
    const objective = withRowScales(tile, rowScales)
    const start = optimalRanges(objective, wantedFor({ objective }))
    const wanted = { start, input: false, columns: false }
    const nothing = { known: null, unscaled: null }
    for (const columns of [0, 3]) {
      const found = filledTile({ ...tile, inputs: null, rowScales }, wanted, { columns, rows: 0 }, nothing)
      expect(found.rowScales).toEqual(rowScales)
      expect(found.copies.length).toBe(columns)
      expect(found.before).toBe(start.after)
      expect([found.fullScales, found.inputRange]).toEqual([start.fullScales, start.inputRange])
    }
  })

  test('clips nothing of a column that nothing is felt of', () => {
    const rows = Array.from({ length: 16 }, (_, i) => (i % 5 === 2 ? ([16, 0.25] as const) : ([1, 1] as const)))
    const tile = tileWith(rows, 4)
    const masses = Float64Array.of(1, 1, 1, 0)
    const energies = tile.objective.energies.map((a, at) => (at < 3 * rows.length ? a : 0))
    const { found } = searched({ ...tile, objective: { ...tile.objective, masses, energies } })
    const scaled = withRowScales(tile, found?.rowScales ?? new Float32Array(0))
    expect(found?.optimum.fullScales[3]).toBe(absMaxOf(scaled)[3])
    expect(absMaxOf(scaled)[3]).not.toBe(absMaxOf(tile.objective)[3])
  })

  test('finds no factors where all rows are alike: the same for all is none', () => {
    for (const seed of [1, 2, 3]) {
      const { found } = searched(tileWith(new Array<readonly [number, number]>(6).fill([1, 1]), 3, { seed }))
      expect(found === null || new Set(found.rowScales).size > 1).toBe(true)
    }
  })

  test('leaves a tile alone that no input reaches', () => {
    const tile = tileWith([[1, 1]], 2)
    const still = {
      ...tile,
      rows: [{ lower: new Float64Array(0), upper: new Float64Array(0), weight: new Float64Array(0) }],
      objective: { ...tile.objective, energies: new Float32Array(2), masses: new Float64Array(2) },
    }
    expect(searched(still).found).toBeNull()
  })
})

describe('histograms put together', () => {
  const any: fc.Arbitrary<WeightedHistogram> = fc
    .array(
      fc.tuple(
        fc.double({ min: 1e-6, max: 100, noNaN: true }),
        fc.double({ min: 1e-3, max: 9, noNaN: true }),
        fc.nat(9),
      ),
      { minLength: 1, maxLength: 6 },
    )
    .map(bins => ({
      lower: Float64Array.from(bins, b => b[0]),
      upper: Float64Array.from(bins, b => b[0] + b[1]),
      weight: Float64Array.from(bins, b => b[2]),
    }))
  test.prop([fc.array(any, { maxLength: 3 })])('keep their mass, and about their squares', all => {
    const merged = mergedHistogram(coarseBins, all)
    const mass = (h: WeightedHistogram): number => sumOf(h.weight)
    const squares = ({ lower, upper, weight }: WeightedHistogram): number =>
      weight.reduce((sum, w, b) => {
        const [a, z] = [lower[b] ?? NaN, upper[b] ?? NaN]
        return sum + (w * (a * a + a * z + z * z)) / 3
      }, 0)
    const [before, after] = [mass, squares].map(of => [sumOf(all.map(of)), of(merged)] as const)
    expect(Math.abs((before?.[0] ?? NaN) - (before?.[1] ?? NaN))).toBeLessThanOrEqual(1e-9 * (before?.[0] ?? NaN))
    expect(Math.abs((after?.[0] ?? NaN) - (after?.[1] ?? NaN))).toBeLessThanOrEqual(0.07 * (after?.[0] ?? NaN))
    merged.upper.forEach((u, b) => expect(u).toBeGreaterThan(merged.lower[b] ?? NaN))
  })
})
