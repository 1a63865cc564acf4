import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { stream } from '../../../src/domain/random/stream.js'
import {
  foldedNormalDistribution,
  logNormalDistribution,
  normalDensity,
  normalDistribution,
  normalQuantile,
  standardNormal,
} from '../../../src/domain/statistics/normal.js'

const relative = (found: number, expected: number): number => Math.abs(found / expected - 1)

describe('normal distribution', () => {
  // x, Phi(x), ln Phi(x) by mpmath in 40 digits.
  test.each([
    [-37, 5.7255712225245768e-300, -689.03058557689059],
    [-30, 4.9067139271481871e-198, -454.3212439563432],
    [-20, 2.7536241186062337e-89, -203.91715537109726],
    [-12, 1.776482112077679e-33, -75.410673001568796],
    [-8.3, 5.205569744890254e-17, -37.494217423748254],
    [-5, 2.8665157187919391e-7, -15.064998393988726],
    [-3, 0.0013498980316300945, -6.6077262215103495],
    [-2, 0.022750131948179207, -3.7831843336820319],
    [-1, 0.15865525393145705, -1.8410216450092635],
    [-0.5, 0.3085375387259869, -1.1759117615936186],
    [-0.1, 0.46017216272297102, -0.77615459273027333],
    [0, 0.5, -0.69314718055994531],
    [0.1, 0.53982783727702898, -0.61650501011502629],
    [0.7, 0.75803634777692697, -0.27702394227713126],
    [1, 0.84134474606854295, -0.17275377902344989],
    [2, 0.97724986805182079, -0.023012909328963488],
    [3.3, 0.99951657585761622, -0.00048354102950672],
    [5, 0.99999971334842812, -2.8665161296376359e-7],
  ])('at %s', (x, phi, log) => {
    expect(relative(normalDistribution(x), phi)).toBeLessThan(4e-15)
    expect(relative(logNormalDistribution(x), log)).toBeLessThan(4e-15)
  })

  test.prop([fc.double({ min: -8, max: 8, noNaN: true })])('has its density as slope', x => {
    const step = 1e-4
    const slope = (normalDistribution(x + step) - normalDistribution(x - step)) / (2 * step)
    expect(Math.abs(slope - normalDensity(x))).toBeLessThan(1e-8)
  })

  test.each([
    [1e-300, -37.047096299361199],
    [1e-20, -9.2623400897984076],
    [1e-9, -5.9978070150076869],
    [0.001, -3.0902323061678135],
    [0.02, -2.053748910631823],
    [0.1, -1.2815515655446004],
    [0.3, -0.52440051270804082],
    [0.6, 0.25334710313579974],
    [0.975, 1.9599639845400539],
    [0.999, 3.0902323061678133],
  ])('has its quantile at %s', (p, x) => {
    expect(relative(normalQuantile(p), x)).toBeLessThan(1e-14)
  })

  test.prop([fc.double({ min: -35, max: 8, noNaN: true })])('is undone by its quantile', x => {
    // The quantile's own condition: near p = 1, a rounding of p moves x by that over the density.
    const allowed = 1e-13 * Math.abs(x) + 4e-16 + 2e-16 / Math.max(normalDensity(x), x < 0 ? 1 : 0)
    expect(Math.abs(normalQuantile(normalDistribution(x)) - x)).toBeLessThan(allowed)
  })

  test('has infinite ends, and no quantile beyond', () => {
    expect([normalQuantile(0), normalQuantile(1), normalQuantile(0.5)]).toEqual([-Infinity, Infinity, 0])
    expect(() => normalQuantile(1.1)).toThrow('"p" expected a number in [0, 1], got 1.1')
    expect(() => normalQuantile(NaN)).toThrow(RangeError)
    expect(standardNormal({ ...stream(1, 'ends'), bits: () => 0 })).toBeCloseTo(-6.3379, 3)
    expect(standardNormal({ ...stream(1, 'ends'), bits: () => 2 ** 32 - 1 })).toBeCloseTo(6.3379, 3)
  })

  test('folded, counts both sides', () => {
    expect(foldedNormalDistribution(0.1, 0.06, 0.03)).toBeCloseTo(0.90878878 - 4.8e-8, 7)
    expect(foldedNormalDistribution(1, 0, 1)).toBeCloseTo(0.682689492137086, 14)
    expect(foldedNormalDistribution(-1e-9, 0.06, 0.03)).toBe(0)
  })
})
