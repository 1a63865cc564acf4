import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { converter, type Converter } from '../../../src/domain/crossbar/converter.js'
import { quantisationError } from '../../../src/domain/crossbar/quantisation-error.js'
import { gaussLegendre } from '../../../src/domain/mathematics/gauss-legendre.js'

const rule = gaussLegendre(16)

/** E[(q(z) - z)^2] by quadrature between the borders of the codes, in deviations; the converter written out once more. */
const integrated = ({ range, maxCode }: Converter, deviation: number): number => {
  const step = range / maxCode
  const far = 12
  const borders = Array.from({ length: 2 * maxCode }, (_, k) => ((k - maxCode + 0.5) * step) / deviation)
  const ends = [-far, ...borders.filter(b => Math.abs(b) < far), far]
  let sum = 0
  for (let p = 1; p < ends.length; p++) {
    const [from, to] = [ends[p - 1] ?? NaN, ends[p] ?? NaN]
    const middle = 0.5 * (from + to) * deviation
    const code = Math.max(-maxCode, Math.min(maxCode, Math.round(middle / step)))
    // Panels of at most one deviation.
    const parts = Math.ceil(to - from)
    for (let i = 0; i < parts; i++) {
      const half = (to - from) / parts / 2
      const centre = from + (2 * i + 1) * half
      rule.nodes.forEach((node, k) => {
        const z = centre + half * node
        sum += half * (rule.weights[k] ?? NaN) * (code * step - z * deviation) ** 2 * Math.exp(-0.5 * z * z)
      })
    }
  }
  return sum / Math.sqrt(2 * Math.PI)
}

const relative = (a: number, b: number): number => Math.abs(a / b - 1)

describe('quantisation error of a Gaussian', () => {
  const anyConverter = fc
    .tuple(fc.integer({ min: 2, max: 12 }), fc.double({ min: 0.01, max: 100, noNaN: true }))
    .map(([bits, range]) => converter(bits, range))
  /** Deviation over the range, evenly in its logarithm: from far below a step to mostly clipped. */
  const spread = fc.integer({ min: -9000, max: 3000 }).map(k => Math.exp(k / 1000))

  /** A code far out loses (step / code)^2 of its digits to cancellation: some of the ninth with 11 or 12 bits. */
  const precision = ({ bits }: Converter): number => (bits <= 10 ? 1e-9 : 1e-8)

  test.prop([anyConverter, spread], { numRuns: 300 })('is its integral, to 1e-9', (c, share) => {
    const deviation = share * c.range
    expect(relative(quantisationError(c, deviation), integrated(c, deviation))).toBeLessThan(precision(c))
  })

  test.each([
    [8, 2, 'below and above where the error is taken for uniform'],
    [12, 2, 'the same with many codes'],
  ])('has no step at %i bits where another formula takes over', (bits, steps) => {
    const c = converter(bits, 1)
    const at = (steps * 1) / c.maxCode
    for (const deviation of [at * (1 - 1e-12), at * (1 + 1e-12), 1 / 9 - 1e-12, 1 / 9 + 1e-12])
      expect(relative(quantisationError(c, deviation), integrated(c, deviation))).toBeLessThan(1e-9)
  })

  test.prop([anyConverter, spread, fc.double({ min: 0.001, max: 1000, noNaN: true })])(
    'scales with the square of the unit',
    (c, share, unit) => {
      const scaled = quantisationError({ ...c, range: c.range * unit }, share * c.range * unit)
      expect(relative(scaled, quantisationError(c, share * c.range) * unit * unit)).toBeLessThan(precision(c))
    },
  )

  test('has the known limits', () => {
    const c = converter(8, 12)
    const step = 12 / 127
    expect(quantisationError(c, 0)).toBe(0)
    // All of it is code 0; half a step is never reached.
    expect(quantisationError(c, step / 100)).toBeCloseTo((step / 100) ** 2, 15)
    expect(quantisationError(c, 1)).toBeCloseTo((step * step) / 12, 15)
    // Nearly all of it is clipped: E[(|z| - range)^2] without the step.
    const wide = 1e6
    expect(relative(quantisationError(c, wide), wide ** 2 - 2 * 12 * wide * Math.sqrt(2 / Math.PI) + 144)).toBeLessThan(
      1e-9,
    )
  })
})
