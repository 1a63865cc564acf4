import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { studentDistribution, studentTwoSided } from '../../../src/domain/statistics/student.js'

describe("Student's t", () => {
  // By scipy.stats.t.
  test.each([
    [0.9, 1, 6.313751514675037],
    [0.9, 2, 2.9199855803537242],
    [0.9, 3, 2.3533634348018233],
    [0.9, 4, 2.1318467863266495],
    [0.9, 29, 1.6991270265334972],
    [0.95, 1, 12.706204736174694],
    [0.95, 2, 4.302652729749462],
    [0.95, 3, 3.1824463052837078],
    [0.95, 4, 2.7764451051977934],
    [0.95, 9, 2.262157162798205],
    [0.95, 10, 2.228138851986274],
    [0.95, 29, 2.045229642132703],
    [0.95, 100, 1.9839715185235518],
    [0.95, 1001, 1.9623367052808798],
    [0.999, 1, 636.6192487687897],
    [0.999, 2, 31.599054576445365],
    [0.999, 9, 4.780912585931217],
    [0.999, 100, 3.390491311164263],
  ])('holds %s of the values of %s degrees of freedom within its quantile', (confidence, degrees, t) => {
    expect(Math.abs(studentTwoSided(confidence, degrees) / t - 1)).toBeLessThan(3e-12)
  })

  test.each([
    [-2.5, 4, 0.03338327240599407],
    [0.3, 7, 0.6135549747989328],
    [1, 1, 0.75],
    [6, 12, 0.9999689163056757],
    [0, 5, 0.5],
  ])('P(T <= %s) with %s degrees of freedom', (t, degrees, p) => {
    expect(studentDistribution(t, degrees)).toBeCloseTo(p, 14)
  })

  test.prop([fc.double({ min: 0.01, max: 0.999, noNaN: true }), fc.integer({ min: 1, max: 200 })])(
    'is undone by its quantile',
    (confidence, degrees) => {
      const t = studentTwoSided(confidence, degrees)
      expect(studentDistribution(t, degrees) - studentDistribution(-t, degrees)).toBeCloseTo(confidence, 12)
    },
  )

  test('refuses what it has no value for', () => {
    expect(() => studentTwoSided(1, 3)).toThrow('"confidence" expected a number in (0, 1), got 1')
    expect(() => studentTwoSided(0.9, 0)).toThrow('"degrees of freedom" expected an integer in [1, 2147483648], got 0')
    expect(() => studentDistribution(1, 1.5)).toThrow(RangeError)
  })
})
