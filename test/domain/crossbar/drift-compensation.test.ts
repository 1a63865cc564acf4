import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { pairMoments, pairTargets } from '../../../src/domain/crossbar/differential-pair.js'
import { leastSquaresFactor } from '../../../src/domain/crossbar/drift-compensation.js'
import { deviceModel } from '../../../src/domain/devices/characterised.js'
import { allOn, presetChoice } from '../devices/choices.js'

const weight = fc.double({ min: -1, max: 1, noNaN: true })
const model = deviceModel(presetChoice('pcm'), allOn)
const moments = (w: number) => pairMoments(w, 25, g => model.moments(g, 86_400))

describe('differential pair', () => {
  test.prop([weight])('puts the magnitude on the side of the sign', w => {
    const { plus, minus } = pairTargets(w, 25)
    expect(plus - minus).toBe(w * 25 + 0)
    expect(Math.min(plus, minus)).toBe(0)
  })

  test.prop([weight])('is odd in its mean and even in its variance', w => {
    const there = moments(w)
    const back = moments(-w)
    expect(back.mean).toBe(0 - there.mean)
    expect(back.variance).toBe(there.variance)
  })

  test('has the moments of its two devices', () => {
    const high = model.moments(12.5, 86_400)
    const zero = model.moments(0, 86_400)
    expect(moments(-0.5).mean).toBeCloseTo((zero.mean - high.mean) / 25, 15)
    expect(moments(-0.5).variance).toBeCloseTo((zero.variance + high.variance) / 625, 17)
    expect(() => pairTargets(1.01, 25)).toThrow('"weight" expected a number in [-1, 1], got 1.01')
  })
})

describe('least-squares compensation', () => {
  test.prop([fc.array(weight, { minLength: 1, maxLength: 20 }), fc.double({ min: -0.2, max: 0.2, noNaN: true })])(
    'leaves less expected error than any other factor',
    (weights, step) => {
      const error = (alpha: number): number =>
        weights.reduce((sum, w) => {
          const { mean, variance } = moments(w)
          return sum + (w - alpha * mean) ** 2 + alpha * alpha * variance
        }, 0)
      const best = leastSquaresFactor(weights, moments)
      // A parabola: away from the least value it rises by step^2 sum E[v^2].
      const square = weights.reduce((sum, w) => sum + moments(w).variance + moments(w).mean ** 2, 0)
      expect(error(best + step) - error(best)).toBeCloseTo(step * step * square, 12)
    },
  )

  test('undoes a known factor exactly, and less than it when there is noise', () => {
    const halved = (w: number) => ({ mean: 0.5 * w, variance: 0 })
    expect(leastSquaresFactor([0.1, -0.7, 1], halved)).toBe(2)
    const noisy = (w: number) => ({ mean: 0.5 * w, variance: 0.25 * w * w })
    expect(leastSquaresFactor([0.1, -0.7, 1], noisy)).toBeCloseTo(1, 15)
  })

  test('is 1 where nothing conducts', () => {
    expect(leastSquaresFactor([0, 0], () => ({ mean: 0, variance: 0 }))).toBe(1)
  })
})
