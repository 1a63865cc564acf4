/** Lines fitted to a tile's columns: what is known well is found, what is not is believed as far as it can be. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { addToFit, fitSums, fittedLines, type Line } from '../../../src/domain/crossbar/affine-compensation.js'
import { stream } from '../../../src/domain/random/stream.js'

interface Point {
  readonly z: number
  readonly y: number
  readonly h: number
}

/** @param vectors of each, its columns. @param variance of every z, if it is an expectation */
const fit = (vectors: readonly (readonly Point[])[], variance: number | null = null): readonly Line[] => {
  const columns = vectors[0]?.length ?? 0
  const sums = fitSums(columns)
  for (const row of vectors) {
    const of = (key: keyof Point): Float32Array => Float32Array.from(row, p => p[key])
    addToFit(sums, of('z'), of('y'), of('h'), variance === null ? null : new Float32Array(columns).fill(variance))
  }
  return fittedLines(sums)
}

const value = fc.double({ min: -3, max: 3, noNaN: true }).map(Math.fround)

describe('lines of columns', () => {
  test.prop([
    fc.array(value, { minLength: 6, maxLength: 20 }).filter(z => Math.max(...z) - Math.min(...z) > 0.5),
    fc.array(fc.tuple(fc.double({ min: 0.8, max: 1.2, noNaN: true }), value), { minLength: 1, maxLength: 6 }),
  ])('are found where outputs lie on them, whatever the weights', (zs, lines) => {
    const found = fit(zs.map((z, k) => lines.map(([a, b], j) => ({ z, y: a * z + b, h: 1 + ((k + j) % 3) }))))
    lines.forEach(([alpha, offset], j) => {
      expect(found[j]?.alpha).toBeCloseTo(alpha, 3)
      expect(found[j]?.offset).toBeCloseTo(offset, 3)
    })
  })

  test('shrink by the variance of what is only expected, as measured noise would shrink them', () => {
    const points = Array.from({ length: 400 }, (_, k) => [{ z: Math.sin(k), y: 2 * Math.sin(k), h: 1 }])
    const square = points.reduce((s, [p]) => s + (p?.z ?? NaN) ** 2, 0) / points.length
    const mean = points.reduce((s, [p]) => s + (p?.z ?? NaN), 0) / points.length
    const variance = square - mean * mean
    const alpha = fit(points, 0.25)[0]?.alpha
    expect(alpha).toBeCloseTo((2 * variance) / (variance + 0.25), 6)
    const noisy = points.map((row, k) => row.map(p => ({ ...p, z: p.z + (k % 2 === 0 ? 0.5 : -0.5) })))
    expect(fit(noisy)[0]?.alpha).toBeCloseTo(alpha ?? NaN, 1)
  })

  test('err less than common ones, and than each by itself, the less so the fewer vectors there are', () => {
    const s = stream(3, 'lines')
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - s.uniform())) * Math.cos(2 * Math.PI * s.uniform())
    const columns = 60
    const errors = { fitted: 0, common: 0, own: 0 }
    for (let run = 0; run < 40; run++) {
      const truth = Array.from({ length: columns }, () => ({
        alpha: 1.3 + 0.05 * normal(),
        offset: 0.2 * normal(),
      }))
      const vectors = Array.from({ length: 12 }, () =>
        truth.map(({ alpha, offset }): Point => {
          const z = normal()
          return { z, y: alpha * z + offset + 0.5 * normal(), h: 1 }
        }),
      )
      const all = fit(vectors)
      const own = truth.map((_, j) => fit(vectors.map(row => row.slice(j, j + 1)))[0])
      const common = all.reduce((sum, l) => sum + l.alpha, 0) / columns
      /** Expected square of what a line is off, z being of variance 1. */
      const off = (line: Line | undefined, t: Line): number =>
        ((line?.alpha ?? NaN) - t.alpha) ** 2 + ((line?.offset ?? NaN) - t.offset) ** 2
      truth.forEach((t, j) => {
        errors.fitted += off(all[j], t)
        errors.own += off(own[j], t)
        errors.common += off({ alpha: common, offset: 0 }, t)
      })
    }
    expect(errors.fitted).toBeLessThan(0.85 * errors.common)
    expect(errors.fitted).toBeLessThan(0.85 * errors.own)
  })

  test('are the common one where too little is known of a column, and no change where nothing is of the tile', () => {
    const known = (k: number): Point => ({ z: k - 4, y: 1.5 * (k - 4), h: 1 })
    const vectors = Array.from({ length: 9 }, (_, k) => [
      known(k),
      known(k),
      // Nothing depends on it; one vector alone counts; all outputs are the same.
      { ...known(k), h: 0 },
      { z: k, y: 7 * k, h: k === 3 ? 1 : 1e-9 },
      { z: 1, y: 1.5, h: 1 },
    ])
    const found = fit(vectors)
    for (const line of found) expect(line.alpha).toBeCloseTo(1.5, 6)
    for (const j of [0, 1, 2, 4]) expect(found[j]?.offset).toBeCloseTo(0, 6)
    expect(fit(vectors.map(row => row.slice(2, 3)))).toEqual([{ alpha: 1, offset: 0 }])
  })
})
