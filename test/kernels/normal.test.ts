/**
 * Standard normals: moments, distribution, independence of neighbours. Fixed addresses, so each statistic is one number;
 * the bounds are those that a fair sample leaves once in a million. Tails over 1e9 samples: bench/normals.mts.
 */
import { describe, expect, test } from 'vitest'
import type { Counter, Key } from '../../src/domain/random/philox.js'
import { boxMuller, normals } from '../../src/kernels/reference/normal.js'
import { fast, heap, reference } from './paths.js'

const length = 1 << 19
/** By the fastest kernels there are: tile.test.ts shows that all give the same. */
const sample = (counter: Counter, key: Key): Float32Array => {
  const y = heap.allocate(4 * length)
  const [, kernels] = fast[1] ?? fast[0] ?? ['', reference]
  kernels.normals({ y, length, counter, key })
  const z = Float32Array.from(heap.f32(y, length))
  heap.free(y)
  return z
}

/** Two-sided bound of a standard normal at a false-alarm rate of 1e-6. */
const five = 4.892

describe('normals', () => {
  const z = sample([0, 1, 2, 3], [4, 5])

  test('moments to the sixth', () => {
    // E z^k, and the variance of z^k.
    const exact = [
      [0, 1],
      [1, 2],
      [0, 15],
      [3, 96],
      [0, 945],
      [15, 10_170],
    ]
    exact.forEach(([mean = 0, variance = 0], i) => {
      const sum = z.reduce((s, x) => s + x ** (i + 1), 0)
      expect(Math.abs(sum / length - mean) / Math.sqrt(variance / length), `moment ${i + 1}`).toBeLessThan(five)
    })
  })

  test('Kolmogorov-Smirnov distance', () => {
    const sorted = z.slice().sort()
    const worst = sorted.reduce((w, x, i) => {
      const p = cumulative(x)
      return Math.max(w, (i + 1) / length - p, p - i / length)
    }, 0)
    // P(sqrt(n) D > d) = 2 exp(-2 d^2) to first order.
    expect(worst * Math.sqrt(length)).toBeLessThan(Math.sqrt(Math.log(2e6) / 2))
    expect(worst * Math.sqrt(length)).toBeGreaterThan(0.2)
  })

  const correlation = (a: Float32Array, b: Float32Array): number => {
    const n = Math.min(a.length, b.length)
    let sum = 0
    for (let i = 0; i < n; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
    return Math.abs(sum) / Math.sqrt(n)
  }
  for (const lag of [1, 2, 3, 4, 15, 16, 17, 32, 48, 64, 4096])
    test(`no correlation at lag ${lag}, of numbers and of squares`, () => {
      expect(correlation(z, z.subarray(lag))).toBeLessThan(five)
      const squares = z.map(x => (x * x - 1) / Math.SQRT2)
      expect(correlation(squares, squares.subarray(lag))).toBeLessThan(five)
    })

  for (const [name, counter, key] of [
    ['counter word 1', [0, 2, 2, 3], [4, 5]],
    ['counter word 2', [0, 1, 3, 3], [4, 5]],
    ['counter word 3', [0, 1, 2, 2], [4, 5]],
    ['key', [0, 1, 2, 3], [5, 5]],
    ['upper key', [0, 1, 2, 3], [4, 4]],
  ] as const)
    test(`no correlation between neighbours by ${name}`, () => {
      const other = sample(counter, key)
      expect(correlation(z, other)).toBeLessThan(five)
    })

  test('are Box and Muller of the words, to rounding', () => {
    for (let i = 0; i < 5000; i++) {
      const [radial, angular] = [(i * 0x9e3779b9) >>> 0, (i * 0x85ebca6b) >>> 0]
      const radius = Math.sqrt(-2 * Math.log(((radial >>> 1) + 0.5) / 2 ** 31))
      const angle = (2 * Math.PI * (angular | 0)) / 2 ** 32
      const [a, b] = boxMuller(radial, angular)
      // Near u = 1 the radius is that of the nearest binary32 u.
      const error = 1e-6 * radius + Math.min(2 ** -24 / Math.max(radius, 1e-9), 2 ** -12)
      expect(Math.abs(a - radius * Math.cos(angle))).toBeLessThan(error)
      expect(Math.abs(b - radius * Math.sin(angle))).toBeLessThan(error)
    }
  })

  test('reach from 0 to sqrt(64 ln 2)', () => {
    expect(boxMuller(0, 0)[0]).toBeCloseTo(Math.sqrt(64 * Math.LN2), 5)
    expect(boxMuller(0xffffffff, 0)[0]).toBeCloseTo(0, 3)
    expect(normals([0, 0, 0, 0], [0, 0]).every(Number.isFinite)).toBe(true)
  })
})

/** Standard normal distribution, to 1e-7 (Abramowitz and Stegun 7.1.26). */
function cumulative(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x / Math.SQRT2))
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const upper = (poly * Math.exp((-x * x) / 2)) / 2
  return x > 0 ? 1 - upper : upper
}
