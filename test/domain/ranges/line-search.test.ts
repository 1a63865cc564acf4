import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { descend } from '../../../src/domain/ranges/line-search.js'

const place = fc.double({ min: -12, max: 12, noNaN: true }).map(e => 2 ** e)

describe('a search along a line', () => {
  test.prop([place, place, fc.double({ min: 0.2, max: 4, noNaN: true }), fc.constantFrom(1.19, Math.SQRT2, 2)])(
    'finds the lowest place of a valley, from wherever it starts',
    (lowest, at, bend, factor) => {
      // No farther than a walk goes.
      fc.pre(Math.abs(Math.log(at / lowest)) < 63 * Math.log(factor))
      let calls = 0
      const f = (x: number): number => {
        calls += 1
        // Steeper on one side than on the other.
        const s = Math.log(x / lowest)
        return 3 + bend * (Math.exp(s) - 1 - s)
      }
      const found = descend(f, { at, value: f(at) }, factor, 1e-3)
      expect(Math.abs(found.at / lowest - 1)).toBeLessThan(5e-3)
      expect(found.value).toBe(f(found.at))
      // A step of the walk each, and a few within.
      expect(calls).toBeLessThan(Math.abs(Math.log(at / lowest) / Math.log(factor)) + 20)
    },
  )

  test.prop([place, fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 6 })])(
    'never ends higher than it began, whatever the function',
    (at, waves) => {
      const f = (x: number): number => waves.reduce((sum, w, k) => sum + w * Math.sin((k + 1) * 3 * Math.log(x)), 0)
      expect(descend(f, { at, value: f(at) }, 1.3, 1e-3).value).toBeLessThanOrEqual(f(at))
    },
  )

  test('stays where everything is alike', () => {
    expect(descend(() => 1, { at: 5, value: 1 }, 2, 1e-3).value).toBe(1)
  })
})
