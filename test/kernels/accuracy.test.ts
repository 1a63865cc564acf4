/**
 * Largest error of the elementary functions against binary64, sampled: the full sweeps are bench/accuracy.mts.
 * The bounds are those the documentation states.
 */
import { describe, expect, test } from 'vitest'
import { gelu } from '../../src/kernels/reference/elementwise.js'
import { erf } from '../../src/kernels/reference/error-function.js'
import { exp } from '../../src/kernels/reference/exponential.js'
import { log } from '../../src/kernels/reference/logarithm.js'
import { fromBits, bitsOf } from '../../src/kernels/reference/float32.js'
import { tanh } from '../../src/kernels/reference/hyperbolic-tangent.js'
import { turn } from '../../src/kernels/reference/turn.js'

/** |value - exact| in units of the last place of exact, which is binary64. */
const ulps = (value: number, exact: number): number => {
  if (Object.is(value, Math.fround(exact)) || (Number.isNaN(value) && Number.isNaN(exact))) return 0
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(exact))))
  return Math.abs(value - exact) / 2 ** (exponent - 23)
}

/** Every 4099th binary32 number from low to high, both signs of nothing else. */
function* between(low: number, high: number): Generator<number> {
  for (let b = bitsOf(low); b <= bitsOf(high); b += 4099) yield fromBits(b)
}

const worst = (f: (x: number) => number, exact: (x: number) => number, inputs: Iterable<number>): number => {
  let w = 0
  for (const x of inputs) {
    const u = ulps(f(x), exact(x))
    if (!(u <= w)) w = u
  }
  return w
}

/** erfc in binary64 by its continued fraction, for x >= 2 (Abramowitz and Stegun 7.1.14). */
const erfcTail = (x: number): number => {
  let f = x
  for (let k = 120; k >= 1; k--) f = x + k / 2 / f
  return Math.exp(-x * x) / f / Math.sqrt(Math.PI)
}

/** erf in binary64: its Maclaurin series below 2, where cancellation costs two digits. */
const exactErf = (x: number): number => {
  if (x >= 2) return 1 - erfcTail(x)
  let term = x
  let sum = x
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 * sum) / Math.sqrt(Math.PI)
}

describe('elementary functions', () => {
  test('exp', () => {
    expect(worst(exp, Math.exp, between(0, 88.7))).toBeLessThan(1.1)
    expect(
      worst(
        x => exp(-x),
        x => Math.exp(-x),
        between(0, 103.9),
      ),
    ).toBeLessThan(1.1)
    expect([exp(89), exp(-105), exp(Infinity), exp(-Infinity), exp(NaN), exp(-0)]).toEqual([
      Infinity,
      0,
      Infinity,
      0,
      NaN,
      1,
    ])
  })
  test('log', () => {
    expect(worst(log, Math.log, between(2 ** -149, 3.4e38))).toBeLessThan(1.1)
    expect([log(0), log(-0), log(-1), log(Infinity), log(NaN), log(1)]).toEqual([
      -Infinity,
      -Infinity,
      NaN,
      Infinity,
      NaN,
      0,
    ])
  })
  test('tanh', () => {
    expect(worst(tanh, Math.tanh, between(0, 12))).toBeLessThan(1.6)
    expect([tanh(Infinity), tanh(-Infinity), tanh(NaN), tanh(-0)]).toEqual([1, -1, NaN, -0])
  })
  test('erf', () => {
    expect(worst(erf, exactErf, between(2 ** -126, 5))).toBeLessThan(1.5)
    expect([erf(Infinity), erf(-Infinity), erf(NaN), erf(-0), erf(-0.3)]).toEqual([1, -1, NaN, -0, -erf(0.3)])
  })
  test('GELU', () => {
    const exact = (x: number): number => (x / 2) * (1 + exactErf(x * Math.SQRT1_2))
    expect(worst(gelu, exact, between(2 ** -20, 8))).toBeLessThan(2)
    // On the negative side 1 + erf cancels: the error is absolute, as in PyTorch. Here gelu(-x) = gelu(x) - x.
    let error = 0
    for (const x of between(2 ** -20, 8)) error = Math.max(error, Math.abs(gelu(-x) - (exact(x) - x)))
    expect(error).toBeLessThan(2e-7)
  })
  test('sine and cosine of a turn', () => {
    expect(
      worst(
        u => turn(u)[0],
        u => Math.sin(2 * Math.PI * u),
        between(2 ** -40, 0.125),
      ),
    ).toBeLessThan(1.6)
    expect(
      worst(
        u => turn(u)[1],
        u => Math.cos(2 * Math.PI * u),
        between(2 ** -40, 0.125),
      ),
    ).toBeLessThan(1.25)
    const eighths = [0, 1, 2, 3, 4, 5, 6, 7].map(i => turn(i / 8 + 1 / 64))
    for (const [i, [s, c]] of eighths.entries()) {
      expect(s).toBeCloseTo(Math.sin(2 * Math.PI * (i / 8 + 1 / 64)), 6)
      expect(c).toBeCloseTo(Math.cos(2 * Math.PI * (i / 8 + 1 / 64)), 6)
    }
  })
})
