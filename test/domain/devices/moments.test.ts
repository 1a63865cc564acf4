import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { deviceModel } from '../../../src/domain/devices/characterised.js'
import { tabulate } from '../../../src/domain/devices/moment-table.js'
import { driftMoments, readMoments, undriftedMoments } from '../../../src/domain/devices/moments.js'
import { normalDistribution } from '../../../src/domain/statistics/normal.js'
import { allOn, ownTable, presetChoices } from './choices.js'

const relative = (found: number, expected: number): number => Math.abs(found - expected) / expected

describe('the drift factor', () => {
  // mu, sd, lambda; mean and variance from the closed form in 30 digits. The small variances would be lost to
  // cancellation in E[Y^2] - E[Y]^2; what is left of it comes with the probability of folding.
  test.each([
    [0.06, 0.02, 0.5, 0.97048641390058703, 9.3739178523701352e-5],
    [0.1, 0.045, 14, 0.2947220728784373, 0.034089446069032947],
    [0.03, 0.06, 10, 0.62738254386912636, 0.046031705704318442],
    [0.05, 0.01, 1e-4, 0.99999500001289305, 9.9998893081576052e-13],
    [0.02, 0.03, 60, 0.31002763382859972, 0.074351607617174977],
    [-0.04, 0.02, 3, 0.88749905478240039, 0.0026165397883388912],
    [0.1, 0.3, 0.01, 0.99747957493777682, 3.5972978689186283e-6],
    [0.05, 1e-3, 2, 0.90483922771260532, 3.2749426619111334e-6],
    [0.05, 1e-3, 2000, 2.7487850079101999e-43, 4.0497792144180212e-84],
  ])('of |N(%s, %s)| at lambda %s', (mu, sd, lambda, mean, variance) => {
    const found = driftMoments(mu, sd, lambda)
    expect(relative(found.mean, mean)).toBeLessThan(lambda > 100 ? 1e-13 : 1e-14)
    const folding = normalDistribution(-Math.abs(mu) / sd)
    expect(Math.abs(found.variance - variance)).toBeLessThan(1e-13 * variance + 2e-15 * folding)
  })

  test('is exactly 1 before drift, and without exponent', () => {
    expect(driftMoments(0.05, 0.01, 0)).toEqual({ mean: 1, variance: 0 })
    expect(driftMoments(0, 0, 5)).toEqual({ mean: 1, variance: 0 })
    expect(driftMoments(-0.05, 0, 5)).toEqual({ mean: Math.exp(-0.25), variance: 0 })
  })

  test.prop([
    fc.double({ min: -1, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 250, noNaN: true }),
  ])('lies in [0, 1] however far drift goes', (mu, sd, lambda) => {
    const { mean, variance } = driftMoments(mu, sd, lambda)
    expect(mean >= 0 && mean <= 1 + 1e-15).toBe(true)
    expect(variance >= 0 && variance <= mean * (1 - mean) + 1e-15).toBe(true)
  })
})

describe('the read factor', () => {
  test.each([
    [0.01, 1, 0.0001],
    [0.1, 1, 0.01],
    [0.12, 1, 0.0144],
    [0.3, 1.0000336233656905, 0.089927760073791063],
    [1, 1.0833154705876863, 0.75108780784160903],
    [2.5, 1.5760970923686324, 3.188400932860301],
  ])('max(0, 1 + %s xi)', (c, mean, variance) => {
    const found = readMoments(c)
    expect(relative(found.mean, mean)).toBeLessThan(1e-15)
    expect(relative(found.variance, variance)).toBeLessThan(1e-14)
  })
})

describe('programming', () => {
  test.prop([fc.double({ min: 0, max: 30, noNaN: true }), fc.double({ min: 1e-9, max: 10, noNaN: true })])(
    'alone has the moments of a normal cut at 0, to the noise however small',
    (target, deviation) => {
      const { mean, variance } = undriftedMoments({ target, deviation }, () => 0, [])
      if (target > 9 * deviation) {
        expect(Math.abs(mean - target)).toBeLessThan(1e-13 * (target + deviation))
        expect(relative(variance, deviation * deviation)).toBeLessThan(1e-12)
      } else {
        // The same by the trapezoidal rule, which converges as fast here but knows no panels.
        const step = 1 / 64
        let first = 0
        let second = 0
        for (let z = -target / deviation + step; z < 10; z += step) {
          const weight = (Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI)) * step
          first += weight * (target + deviation * z)
          second += weight * (target + deviation * z) ** 2
        }
        // Its error at the corner, Euler and Maclaurin: step^2 / 12 times the slope there.
        const slope = (deviation * Math.exp(-0.5 * (target / deviation) ** 2)) / Math.sqrt(2 * Math.PI)
        expect(Math.abs(mean - first - (step * step * slope) / 12)).toBeLessThan(1e-7 * deviation)
        expect(Math.abs(variance - (second - first * first))).toBeLessThan(1e-4 * deviation * (deviation + mean))
      }
    },
  )
})

describe('a table of moments', () => {
  const cases = [...presetChoices, ownTable].flatMap(choice =>
    [0, 3600, 31_536_000].map(seconds => {
      const model = deviceModel(choice, allOn)
      return { model, table: tabulate(model, seconds), coarse: tabulate(model, seconds, 1e-4) }
    }),
  )

  test.prop([fc.constantFrom(...cases), fc.double({ min: 0, max: 1, noNaN: true })], { numRuns: 2000 })(
    'errs by no more than it says',
    ({ model, table: fine, coarse }, r) => {
      for (const table of [fine, coarse]) {
        const g = model.gMaxMicroSiemens
        // Within rounding of a jump of a fit either side's value is right.
        fc.pre(model.kinksMicroSiemens.every(kink => Math.abs(kink - r * g) > 1e-9 * g))
        const exact = model.moments(r * g, table.seconds)
        const found = table.at(r * g)
        expect(Math.abs(found.mean - exact.mean)).toBeLessThanOrEqual(table.tolerance * g)
        expect(Math.abs(found.variance - exact.variance)).toBeLessThanOrEqual(table.tolerance * g * g)
      }
    },
  )

  test('needs few pieces, fewer for less', () => {
    for (const { table, coarse } of cases) {
      expect(table.pieces).toBeLessThan(60)
      expect(coarse.pieces).toBeLessThan(table.pieces)
    }
  })

  test('holds with noise that is weak, strong or off', () => {
    for (const scale of [0, 1e-3, 0.1, 10]) {
      const model = deviceModel(presetChoices[0], { programming: scale, drift: 1, read: 1 })
      const table = tabulate(model, 3600)
      for (let i = 0; i <= 500; i++) {
        const target = 25 * (i / 500) ** 2
        const exact = model.moments(target, 3600)
        const found = table.at(target)
        expect(Math.abs(found.mean - exact.mean)).toBeLessThanOrEqual(1e-8 * 25)
        expect(Math.abs(found.variance - exact.variance)).toBeLessThanOrEqual(1e-8 * 625)
      }
    }
  })

  test('refuses what lies outside', () => {
    const [first] = cases
    expect(() => first?.table.at(-1e-9)).toThrow(RangeError)
    expect(() => first?.table.at(25.001)).toThrow(RangeError)
  })
})
