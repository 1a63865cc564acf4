/** Which rows idle ones are copies of: as good as the best of all ways to fill them, and never worse than none. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { filledTile, withRowCopies, type UnscaledTile } from '../../../src/domain/ranges/filled.js'
import { inputError, inputErrorOn, rowInputs } from '../../../src/domain/ranges/input-error.js'
import { expectedError, type TileObjective } from '../../../src/domain/ranges/objective.js'
import { optimalRanges } from '../../../src/domain/ranges/optimum.js'
import { greedyRows, spareRows } from '../../../src/domain/ranges/spare-rows.js'
import { placesOf } from '../../../src/domain/ranges/spare.js'
import { absMaxOf, gaussian, histogramOf, tileOf } from './tiles.js'

/** A tile whose rows have inputs of their own deviations, as calibration would find it. */
const tileWith = (deviations: readonly number[], columns: number, seed: number): UnscaledTile => {
  const rows = deviations.length
  const plain = tileOf({ rows, columns, seed })
  const of = (i: number): number =>
    Array.from({ length: columns }, (_, j) => (plain.weights[j * rows + i] ?? NaN) ** 2).reduce((a, b) => a + b, 0)
  const own = deviations.map((d, i) => histogramOf(gaussian, d, of(i)))
  const merged = own.reduce<Map<number, readonly [number, number]>>((all, { lower, upper, weight }) => {
    lower.forEach((a, b) => all.set(a, [upper[b] ?? NaN, (all.get(a)?.[1] ?? 0) + (weight[b] ?? NaN)]))
    return all
  }, new Map())
  const bins = [...merged].sort(([a], [b]) => a - b)
  const inputs = {
    lower: Float64Array.from(bins, ([a]) => a),
    upper: Float64Array.from(bins, ([, [b]]) => b),
    weight: Float64Array.from(bins, ([, [, w]]) => w),
  }
  const energies = Float32Array.from({ length: rows * columns }, (_, at) => (deviations[at % rows] ?? NaN) ** 2)
  return { objective: { ...plain, energies, inputs }, inputs: rowInputs(inputs, own), rows: null, wires: null }
}

const none = { copies: new Uint16Array(0), rowCopies: new Uint16Array(0), rowScales: new Float32Array(0) }
/** Found on the way before. */
const nothing = { known: null, unscaled: null }
const wanted = (objective: TileObjective) => ({
  ...{ input: true, columns: true },
  start: { inputRange: 3, fullScales: absMaxOf(objective), gains: new Float32Array(objective.columns).fill(1) },
})

/** All ways to give `idle` rows to so many owners, or to none. */
const ways = (rows: number, idle: number): readonly (readonly number[])[] =>
  rows === 0
    ? [[]]
    : Array.from({ length: idle + 1 }, (_, n) =>
        ways(rows - 1, idle - n).map(rest => [...new Array<number>(n).fill(rows - 1), ...rest]),
      ).flat()

describe('spare rows', () => {
  test.prop([
    fc.array(fc.tuple(fc.double({ min: 0, max: 9, noNaN: true }), fc.double({ min: 0, max: 9, noNaN: true })), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.integer({ min: 0, max: 5 }),
  ])('leave as little as any way to fill them, where what a copy takes away falls', (rows, idle) => {
    const error = (i: number, n: number): number =>
      (rows[i]?.[0] ?? NaN) / n + Math.max(0, (rows[i]?.[1] ?? NaN) - 2 * n) ** 2
    const left = (owners: Uint16Array): number =>
      placesOf(rows.length, owners).reduce((sum, n, i) => sum + error(i, n), 0)
    const found = greedyRows(error, rows.length, idle)
    const best = Math.min(...ways(rows.length, idle).map(way => left(Uint16Array.from(way))))
    expect(left(found)).toBeCloseTo(best, 9)
    expect([...found]).toEqual([...found].sort((a, b) => a - b))
  })

  test('are those that the whole objective of a small tile likes best at given ranges', () => {
    for (const seed of [1, 2, 3]) {
      const tile = tileWith([1, 0.7, 6, 1.3, 3], 4, seed)
      const { objective, inputs } = tile
      if (inputs === null) throw new Error('no inputs')
      const { inputRange, fullScales, gains } = optimalRanges(objective, wanted(objective))
      for (const range of [inputRange, inputRange / 2, inputRange / 4]) {
        const ranges = { inputRange: range, fullScales, gains }
        const of = (owners: readonly number[]): number =>
          expectedError(withRowCopies(tile, Uint16Array.from(owners)), ranges).total
        const found = spareRows(objective, inputs, ranges, 3)
        const best = Math.min(...ways(5, 3).map(of))
        // The compensation that is expected knows of the copies, and differs by a little.
        expect(of([...found])).toBeLessThanOrEqual(best * 1.002)
        expect(found.length).toBeGreaterThan(0)
      }
    }
  })

  test.prop([fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 0, max: 20 }), fc.constantFrom(0, 1e-5, 1e-3)], {
    numRuns: 12,
  })('never make a tile worse, with wires or without', (seed, idle, load) => {
    const deviations = Array.from({ length: 24 }, (_, i) => (i % 11 === 3 ? 8 : 1))
    const tile = tileWith(deviations, 5, seed)
    const wires = load === 0 ? null : { load, preDistorted: false, rowOrder: null }
    const objective = withRowCopies({ ...tile, wires }, new Uint16Array(0))
    const alone = optimalRanges(objective, wanted(objective))
    const found = filledTile({ ...tile, objective, wires }, wanted(objective), { columns: 0, rows: idle }, nothing)
    expect(found.rowCopies.length).toBeLessThanOrEqual(idle)
    expect(found.before).toBe(alone.before)
    expect(found.after).toBeLessThanOrEqual(alone.after)
    if (load === 0 && idle > 4) {
      expect(found.after).toBeLessThan(0.95 * alone.after)
      expect(found.inputRange).toBeLessThan(alone.inputRange)
    }
    // What comes out is what the objective says of it, and does not depend on who searched first.
    expect(found.after).toBe(expectedError(withRowCopies({ ...tile, objective, wires }, found.rowCopies), found).total)
    const known = { known: { ...alone, ...none }, unscaled: null }
    const again = filledTile({ ...tile, objective, wires }, wanted(objective), { columns: 0, rows: idle }, known)
    expect(again).toEqual(found)
  })

  test('are not used where there are none', () => {
    const tile = tileWith([1, 2, 5], 3, 1)
    const found = filledTile(tile, wanted(tile.objective), { columns: 0, rows: 0 }, nothing)
    expect(found).toEqual({
      ...optimalRanges(tile.objective, wanted(tile.objective)),
      ...none,
    })
  })
})

describe("the DAC's error of inputs on several rows", () => {
  test('is that of their own ranges, all inputs alike', () => {
    const [rows, weight] = [4, 1]
    const own = histogramOf(gaussian, 1, weight)
    const all = histogramOf(gaussian, 1, rows * weight)
    const inputs = rowInputs(all, new Array(rows).fill(own))
    for (const range of [0.5, 1, 2, 3])
      for (const places of [1, 2, 3]) {
        const found = inputErrorOn(all, { range, maxCode: 127 }, inputs, new Uint16Array(rows).fill(places))
        const plain = inputError(all, { range: places * range, maxCode: places * 127 })
        expect(Math.abs(found / plain - 1)).toBeLessThan(0.02)
      }
    expect(inputErrorOn(all, { range: 1, maxCode: 127 }, inputs, undefined)).toBe(
      inputError(all, { range: 1, maxCode: 127 }),
    )
  })
})
