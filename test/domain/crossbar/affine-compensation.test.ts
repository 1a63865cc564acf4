/** Lines fitted to a column's outputs: against the normal equations solved otherwise, and what noise does to them. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { addToFit, fitSums, fittedLine } from '../../../src/domain/crossbar/affine-compensation.js'

const value = fc.double({ min: -3, max: 3, noNaN: true }).map(Math.fround)
const point = fc.record({ z: value, y: value, h: fc.double({ min: 0.1, max: 5, noNaN: true }).map(Math.fround) })

const fit = (points: readonly { z: number; y: number; h: number }[], variance: number | null = null) => {
  const sums = fitSums(1)
  const one = (v: number): Float32Array => Float32Array.of(v)
  for (const { z, y, h } of points) addToFit(sums, one(z), one(y), one(h), variance === null ? null : one(variance))
  return fittedLine(sums, 0)
}

describe('a fitted line', () => {
  test.prop([fc.array(point, { minLength: 8, maxLength: 30 })])(
    'leaves errors that nothing linear is left in',
    points => {
      const { alpha, offset } = fit(points)
      const weights = points.map(p => p.h)
      const total = weights.reduce((a, b) => a + b, 0)
      fc.pre(total * total > 3.1 * weights.reduce((a, h) => a + h * h, 0))
      const sum = (of: (p: (typeof points)[number]) => number): number => points.reduce((s, p) => s + p.h * of(p), 0)
      const rest = (p: (typeof points)[number]): number => p.y - alpha * p.z - offset
      const scale = sum(() => 9) * (1 + alpha)
      expect(Math.abs(sum(rest)) / scale).toBeLessThan(1e-9)
      // A negative slope is no compensation: the output alone is then shifted.
      if (alpha !== 1) expect(Math.abs(sum(p => rest(p) * p.z)) / scale).toBeLessThan(1e-9)
      expect(alpha).toBeGreaterThan(0)
    },
  )

  test('finds a line that is there, whatever the weights', () => {
    const points = [-2, -1, 0.5, 1, 3].map((z, k) => ({ z, y: 1.25 * z - 0.5, h: 1 + (k % 3) }))
    const found = fit(points)
    expect(found.alpha).toBeCloseTo(1.25, 9)
    expect(found.offset).toBeCloseTo(-0.5, 9)
  })

  test('shrinks by the variance of what is only expected, as measured noise would shrink it', () => {
    const points = Array.from({ length: 400 }, (_, k) => ({ z: Math.sin(k), y: 2 * Math.sin(k), h: 1 }))
    const square = points.reduce((s, { z }) => s + z * z, 0) / points.length
    const mean = points.reduce((s, { z }) => s + z, 0) / points.length
    expect(fit(points, 0.25).alpha).toBeCloseTo((2 * (square - mean * mean)) / (square - mean * mean + 0.25), 9)
    const noisy = points.map((p, k) => ({ ...p, z: p.z + (k % 2 === 0 ? 0.5 : -0.5) }))
    expect(fit(noisy).alpha).toBeCloseTo(fit(points, 0.25).alpha, 1)
  })

  test('is none where too few vectors count, nothing counts, or nothing is told apart', () => {
    expect(
      fit([
        { z: 1, y: 5, h: 1 },
        { z: 2, y: 9, h: 1 },
      ]),
    ).toEqual({ alpha: 1, offset: 0 })
    expect(fit(Array.from({ length: 9 }, (_, k) => ({ z: k, y: 2 * k, h: k === 3 ? 1 : 1e-9 })))).toEqual({
      alpha: 1,
      offset: 0,
    })
    expect(fit(Array.from({ length: 9 }, (_, k) => ({ z: k, y: 2 * k, h: 0 })))).toEqual({ alpha: 1, offset: 0 })
    const constant = fit(Array.from({ length: 9 }, () => ({ z: 1, y: 3, h: 1 })))
    expect(constant).toEqual({ alpha: 1, offset: 2 })
  })
})
