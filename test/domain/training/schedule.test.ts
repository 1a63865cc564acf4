import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { learningRate, stepsPerEpoch, warmUpSteps } from '../../../src/domain/training/schedule.js'

const cases = fc.record({
  total: fc.integer({ min: 1, max: 300 }),
  warmUp: fc.double({ min: 0, max: 1, noNaN: true }),
  largest: fc.double({ min: 1e-6, max: 1, noNaN: true }),
})

const ratesOf = ({ total, warmUp, largest }: { total: number; warmUp: number; largest: number }): readonly number[] =>
  Array.from({ length: total }, (_, i) => learningRate({ learningRate: largest, warmUp }, i + 1, total))

describe('the learning rate', () => {
  test.prop([cases])('is above 0 on every step and largest where the rise ends', c => {
    const rates = ratesOf(c)
    expect(Math.min(...rates)).toBeGreaterThan(0)
    expect(Math.max(...rates)).toBeCloseTo(c.largest, 12)
    expect(rates[Math.max(0, warmUpSteps(c.total, c.warmUp) - 1)]).toBeCloseTo(c.largest, 12)
  })

  test.prop([cases])('rises in equal steps from 0, then falls in equal steps towards 0', c => {
    const rates = ratesOf(c)
    const rising = warmUpSteps(c.total, c.warmUp)
    const falling = c.total - rising
    for (const [i, rate] of rates.entries())
      expect(rate / c.largest).toBeCloseTo(i < rising ? (i + 1) / rising : 1 - (i - rising) / falling, 9)
  })

  test.prop([cases, fc.constantFrom(0, -1, 1.5, 301)])('there is none outside the training', (c, step) => {
    expect(() => learningRate({ learningRate: c.largest, warmUp: c.warmUp }, step, c.total)).toThrow(RangeError)
  })

  test.prop([fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 64 })])(
    'an epoch has as many steps as its examples need',
    (examples, batch) => {
      const steps = stepsPerEpoch(examples, batch)
      expect(steps * batch).toBeGreaterThanOrEqual(examples)
      expect((steps - 1) * batch).toBeLessThan(examples)
    },
  )
})
