import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { erf, erfc, erfcx } from '../../../src/domain/mathematics/error-function.js'

const relative = (found: number, expected: number): number => Math.abs(found / expected - 1)

describe('error function', () => {
  // x, erf, erfc and exp(x^2) erfc by mpmath in 40 digits.
  test.each([
    [1e-10, 1.1283791670955126e-10, 0.99999999988716208, 0.99999999988716208],
    [0.01, 0.011283415555849617, 0.98871658444415038, 0.98881546104634251],
    [0.3, 0.32862675945912742, 0.67137324054087258, 0.73459933456765515],
    [0.5, 0.52049987781304654, 0.47950012218695346, 0.61569034419292587],
    [0.75, 0.71115563365351513, 0.28884436634648487, 0.50693765029314481],
    [0.99, 0.8385080695553698, 0.1614919304446302, 0.43033121306414827],
    [1, 0.84270079294971487, 0.15729920705028513, 0.427583576155807],
    [1.01, 0.8468104962282767, 0.1531895037717233, 0.42486681431119998],
    [1.5, 0.96610514647531073, 0.033894853524689273, 0.3215854164543175],
    [2, 0.99532226501895273, 0.0046777349810472658, 0.25539567631050574],
    [3, 0.99997790950300141, 2.2090496998585441e-5, 0.17900115118138995],
    [4, 0.9999999845827421, 1.5417257900280019e-8, 0.13699945762506139],
    [5.5, 0.99999999999999264, 7.3578479179743981e-15, 0.10096221839949909],
    [6, 0.99999999999999998, 2.1519736712498913e-17, 0.092776567800538354],
  ])('at %s', (x, e, c, scaled) => {
    expect(relative(erf(x), e)).toBeLessThan(1e-15)
    expect(erf(-x)).toBe(-erf(x))
    expect(relative(erfc(x), c)).toBeLessThan(2e-15)
    expect(relative(erfcx(x), scaled)).toBeLessThan(2e-15)
  })

  test.each([
    [-3, 1.9999779095030014],
    [-1, 1.8427007929497149],
    [-0.4, 1.4283923550466685],
    [8, 1.1224297172982927e-29],
    [10, 2.0884875837625448e-45],
    [15, 7.2129941724512067e-100],
    [20, 5.3958656116079009e-176],
    [26, 5.6631924088561428e-296],
  ])('complement in the tail at %s', (x, c) => {
    expect(relative(erfc(x), c)).toBeLessThan(2e-15)
  })

  test('scaled complement beyond every underflow', () => {
    expect(relative(erfcx(100), 0.0056416137829894329)).toBeLessThan(1e-15)
    expect(relative(erfcx(1e20), 1 / (1e20 * Math.sqrt(Math.PI)))).toBeLessThan(1e-15)
    expect(relative(erfcx(-0.25), 2 * Math.exp(0.0625) - 0.77034654773099674)).toBeLessThan(2e-15)
    expect([erfc(1e3), erfc(-1e3), erf(1e3), erf(-Infinity), erfcx(Infinity)]).toEqual([0, 2, 1, -1, 0])
  })

  test.prop([fc.double({ min: -6, max: 6, noNaN: true })])('complements itself, and is odd', x => {
    expect(Math.abs(erf(x) + erfc(x) - 1)).toBeLessThan(5e-16)
    expect(Math.abs(erfc(x) + erfc(-x) - 2)).toBeLessThan(1e-15)
  })

  test('does not jump where one expansion hands over to another', () => {
    for (const x of [0.5, 1]) {
      expect(Math.abs(erf(x * (1 + 1e-15)) - erf(x))).toBeLessThan(3e-15)
      expect(Math.abs(erfc(x * (1 - 1e-15)) - erfc(x))).toBeLessThan(3e-15)
    }
  })
})
