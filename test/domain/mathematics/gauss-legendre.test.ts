import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { gaussLegendre, panels } from '../../../src/domain/mathematics/gauss-legendre.js'

describe('Gauss-Legendre quadrature', () => {
  test('has the tabulated nodes of three points', () => {
    const { nodes, weights } = gaussLegendre(3)
    ;[-Math.sqrt(0.6), 0, Math.sqrt(0.6)].forEach((x, i) => expect(nodes[i]).toBeCloseTo(x, 15))
    ;[5 / 9, 8 / 9, 5 / 9].forEach((w, i) => expect(weights[i]).toBeCloseTo(w, 15))
  })

  test.prop([fc.integer({ min: 1, max: 24 })])('integrates monomials up to degree 2n - 1 exactly', n => {
    const { nodes, weights } = gaussLegendre(n)
    for (let degree = 0; degree < 2 * n; degree++) {
      let sum = 0
      nodes.forEach((x, i) => (sum += (weights[i] ?? NaN) * x ** degree))
      expect(Math.abs(sum - (degree % 2 === 0 ? 2 / (degree + 1) : 0))).toBeLessThan(1e-14)
    }
  })
})

/** Without -0, which arithmetic turns into 0. */
const place = fc.double({ min: -10, max: 10, noNaN: true }).map(x => x + 0)

describe('panels', () => {
  test.prop([place, fc.double({ min: 0.1, max: 20, noNaN: true }), fc.array(place), fc.double({ min: 0.1, max: 5 })])(
    'ascend from end to end, cut at every cut, none too wide',
    (from, width, cuts, widest) => {
      fc.pre(!Number.isNaN(widest))
      const to = from + width
      const ends = panels(from, to, cuts, widest)
      expect(ends[0]).toBe(from)
      expect(ends.at(-1)).toBe(to)
      for (const cut of cuts) if (cut > from && cut < to) expect(ends).toContain(cut)
      ends.slice(1).forEach((end, i) => {
        const step = end - (ends[i] ?? NaN)
        expect(step >= 0 && step <= widest * (1 + 1e-9)).toBe(true)
      })
    },
  )
})
