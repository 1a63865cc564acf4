import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { converter, decode, encode, type Converter } from '../../../src/domain/crossbar/converter.js'
import { quantisedGaussian } from '../../../src/domain/crossbar/quantised-gaussian.js'
import { gaussLegendre } from '../../../src/domain/mathematics/gauss-legendre.js'

const rule = gaussLegendre(16)

/** E[q(z) - z] and E[(q(z) - mean)^2] by quadrature between the borders of the codes; the converter written out once more. */
const integrated = ({ range, maxCode }: Converter, mean: number, deviation: number) => {
  const step = range / maxCode
  const far = 12
  const borders = Array.from({ length: 2 * maxCode }, (_, k) => ((k - maxCode + 0.5) * step - mean) / deviation)
  const ends = [-far, ...borders.filter(b => Math.abs(b) < far), far]
  let [bias, square] = [0, 0]
  for (let p = 1; p < ends.length; p++) {
    const [from, to] = [ends[p - 1] ?? NaN, ends[p] ?? NaN]
    const middle = mean + 0.5 * (from + to) * deviation
    const code = Math.max(-maxCode, Math.min(maxCode, Math.round(middle / step)))
    // Panels of at most one deviation.
    const parts = Math.ceil(to - from)
    for (let i = 0; i < parts; i++) {
      const half = (to - from) / parts / 2
      const centre = from + (2 * i + 1) * half
      rule.nodes.forEach((node, k) => {
        const z = centre + half * node
        const mass = (half * (rule.weights[k] ?? NaN) * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI)
        bias += mass * (code * step - mean - z * deviation)
        square += mass * (code * step - mean) ** 2
      })
    }
  }
  return { bias, square }
}

describe('a quantised Gaussian', () => {
  const anyConverter = fc
    .tuple(fc.integer({ min: 2, max: 12 }), fc.double({ min: 0.01, max: 100, noNaN: true }))
    .map(([bits, range]) => converter(bits, range))
  /** Deviation over the range, evenly in its logarithm: from far below a step to mostly clipped. */
  const spread = fc.integer({ min: -9000, max: 3000 }).map(k => Math.exp(k / 1000))
  /** Mean over the range: within, at its end, and beyond. */
  const place = fc.double({ min: -1.5, max: 1.5, noNaN: true })

  const close = (c: Converter, mean: number, deviation: number): void => {
    const { bias, excess } = quantisedGaussian(c, deviation)(mean)
    const exact = integrated(c, mean, deviation)
    const size = deviation + c.range
    expect(Math.abs(bias - exact.bias) / size).toBeLessThan(1e-10)
    expect(Math.abs(excess + deviation ** 2 + bias ** 2 - exact.square) / size ** 2).toBeLessThan(1e-10)
  }

  test.prop([anyConverter, place, spread], { numRuns: 300 })('has the moments of its integral', (c, at, share) => {
    close(c, at * c.range, share * c.range)
  })

  test.each([8, 12])('has no step at %i bits where another formula takes over', bits => {
    const c = converter(bits, 1)
    const at = 0.12 / c.maxCode
    for (const mean of [0, 0.123, 0.456])
      for (const deviation of [at * (1 - 1e-12), at * (1 + 1e-12), (1 - mean) / 9 - 1e-12, (1 - mean) / 9 + 1e-12])
        close(c, mean, deviation)
  })

  test.prop([anyConverter, place, spread])('is mirrored with its mean', (c, at, share) => {
    const [one, other] = [at, -at].map(m => quantisedGaussian(c, share * c.range)(m * c.range))
    const size = c.range * (1 + share)
    expect(Math.abs((one?.bias ?? NaN) + (other?.bias ?? NaN)) / size).toBeLessThan(1e-12)
    expect(Math.abs((one?.excess ?? NaN) - (other?.excess ?? NaN)) / size ** 2).toBeLessThan(1e-12)
  })

  test('has the known limits', () => {
    const c = converter(8, 12)
    const step = 12 / 127
    // Without a spread: the converter itself.
    for (const z of [0, 0.31 * step, 7.77, -20])
      expect(quantisedGaussian(c, 0)(z)).toEqual({ bias: decode(c, encode(c, z)) - z, excess: 0 })
    // All of it is one code.
    expect(quantisedGaussian(c, step / 100)(0.1 * step).bias).toBeCloseTo(-0.1 * step, 15)
    expect(quantisedGaussian(c, step / 100)(0.1 * step).excess).toBeCloseTo(-((step / 100) ** 2), 15)
    expect(quantisedGaussian(c, 1)(3.3).excess).toBeCloseTo((step * step) / 12, 12)
    // Far beyond the end nothing is left of the spread.
    expect(quantisedGaussian(c, 1)(100)).toEqual({ bias: -88, excess: -1 })
  })
})
