/** The part of a loss that a teacher has: against its definition, and its gradient against differences. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { lossInto } from '../../../src/engines/training/loss.js'
import * as plain from './plain.js'

describe('distillation', () => {
  const few = fc.array(fc.float({ min: -9, max: 9, noNaN: true }), { minLength: 3, maxLength: 3 })
  test.prop([few, few, few, fc.double({ min: 0, max: 4, noNaN: true })])(
    'of a regression adds the square distance to the teacher, and its gradient',
    (z, targets, teacher, weight) => {
      const own = Float64Array.from(Float32Array.from(z))
      const square = (x: number, y = NaN): number => (x - Math.fround(y)) ** 2
      const f = ([a = own]: readonly plain.Numbers[]): plain.Numbers =>
        a.map((v, s) => square(v, targets[s]) + weight * square(v, teacher[s]))
      const gradient = new Float32Array(3)
      const found = lossInto(gradient, Float32Array.from(z), 1, {
        ...{ kind: 'mean square error', targets: Float32Array.from(targets), count: 3 },
        distillation: { weight, logits: Float32Array.from(teacher), count: 3 },
      })
      f([own]).forEach((v, i) => expect(Math.abs(v - (found[i] ?? NaN)) / (1 + v)).toBeLessThan(1e-5))
      const [expected = own] = plain.differences(f, [own], new Float64Array(3).fill(1 / 3))
      expect(plain.relativeError(gradient, expected)).toBeLessThan(2e-4)
    },
  )

  const logits = fc.array(fc.float({ min: -9, max: 9, noNaN: true }), { minLength: 4, maxLength: 4 })
  test.prop([logits, logits, fc.double({ min: 0, max: 4, noNaN: true })])(
    'adds the mean square distance to the teacher, and its gradient',
    (z, teacher, weight) => {
      const labels = Int32Array.of(0, 1)
      const own = Float64Array.from(Float32Array.from(z))
      const f = ([a = own]: readonly plain.Numbers[]): plain.Numbers =>
        Float64Array.from([0, 1], s => {
          const row = a.subarray(2 * s, 2 * s + 2)
          const far = row.reduce((sum, v, i) => sum + (v - Math.fround(teacher[2 * s + i] ?? NaN)) ** 2, 0)
          return plain.crossEntropy(row, s) + (weight * far) / 2
        })
      const gradient = new Float32Array(4)
      const distillation = { weight, logits: Float32Array.from(teacher), count: 2 }
      const found = lossInto(gradient, Float32Array.from(z), 2, {
        kind: 'cross entropy',
        labels,
        count: 2,
        distillation,
      })
      // Cross entropy errs by rounding of the logits, however small it is itself.
      f([own]).forEach((v, i) => expect(Math.abs(v - (found[i] ?? NaN)) / (1 + v)).toBeLessThan(1e-5))
      const [expected = own] = plain.differences(f, [own], Float64Array.of(0.5, 0.5))
      expect(plain.relativeError(gradient, expected)).toBeLessThan(2e-4)
    },
  )
})
