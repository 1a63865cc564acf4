/** Which columns idle ones are copies of: as good as the best of all ways to fill them. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { placesOf, spareColumns } from '../../../src/domain/ranges/spare.js'

const left = (noise: readonly number[], counts: ArrayLike<number>): number =>
  noise.reduce((sum, e, j) => sum + e / (counts[j] ?? NaN), 0)

/** All ways to give `idle` columns to so many owners. */
const ways = (columns: number, idle: number): readonly (readonly number[])[] =>
  columns === 1
    ? [[1 + idle]]
    : Array.from({ length: idle + 1 }, (_, own) => ways(columns - 1, idle - own).map(rest => [1 + own, ...rest])).flat()

describe('spare columns', () => {
  test.prop([
    fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 1, maxLength: 4 }),
    fc.integer({ min: 0, max: 5 }),
  ])('leave as little error as any way to fill them', (noise, idle) => {
    const owners = spareColumns(Float64Array.from(noise), idle)
    const counts = placesOf(noise.length, owners)
    const best = Math.min(...ways(noise.length, idle).map(way => left(noise, way)))
    expect(left(noise, counts)).toBeCloseTo(best, 12)
    expect([...owners]).toEqual([...owners].sort((a, b) => a - b))
  })

  test('stay idle where there is nothing to gain', () => {
    expect(spareColumns(new Float64Array(3), 4)).toHaveLength(0)
    expect([...spareColumns(Float64Array.of(0, 1, 0), 2)]).toEqual([1, 1])
  })
})
