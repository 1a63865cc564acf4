import { test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { kolmogorovSmirnov, kolmogorovSmirnovProbability } from '../../../src/domain/statistics/kolmogorov-smirnov.js'

describe('Kolmogorov-Smirnov', () => {
  test('finds the largest distance on either side of a step', () => {
    const uniform = (x: number): number => x
    expect(kolmogorovSmirnov([0.9, 0.1, 0.3], uniform)).toBeCloseTo(2 / 3 - 0.3, 15)
    expect(kolmogorovSmirnov([0.5], uniform)).toBe(0.5)
    expect(kolmogorovSmirnov([0.99, 0.98], uniform)).toBeCloseTo(0.98, 15)
  })

  // The limit distribution by scipy.stats.kstwobign.sf.
  test.each([
    [0.5, 0.9639452436648751],
    [0.8, 0.5441424115741981],
    [1, 0.26999967167735456],
    [1.36, 0.049485876755377876],
    [2, 0.0006709252557796953],
    [3, 3.045995948942526e-8],
  ])('has the limit distribution at %s', (x, p) => {
    const count = 1e10
    const root = Math.sqrt(count)
    expect(kolmogorovSmirnovProbability(x / (root + 0.12 + 0.11 / root), count)).toBeCloseTo(p, 12)
  })

  test('is certain at no distance', () => {
    expect(kolmogorovSmirnovProbability(0, 100)).toBe(1)
    expect(kolmogorovSmirnovProbability(0.02, 100)).toBeCloseTo(1, 9)
  })
})
