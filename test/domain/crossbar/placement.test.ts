/** Rows in the order of their strength, and what it does to the drop; pre-distorted targets. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { ladderVoltagesInto } from '../../../src/domain/crossbar/ladder.js'
import { rowOrder, rowStrengths } from '../../../src/domain/crossbar/placement.js'
import { preDistorted } from '../../../src/domain/crossbar/pre-distortion.js'
import { stream } from '../../../src/domain/random/stream.js'
import { standardNormal } from '../../../src/domain/statistics/normal.js'

const gMax = 25

/** Weights of a layer, [outputs, inputs], and mean squares of its inputs: some are far larger than the rest. */
const layer = (inputs: number, outputs: number, seed: number) => {
  const s = stream(seed, 'placement')
  return {
    weights: Float32Array.from({ length: inputs * outputs }, () => standardNormal(s)),
    squares: Float64Array.from({ length: inputs }, () => standardNormal(s) ** 4),
  }
}

describe('placement', () => {
  test.prop([fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { maxLength: 40 })])(
    'is every row once, weakest first, equals in their own order',
    strengths => {
      const order = [...rowOrder(Float64Array.from(strengths))]
      expect(order.toSorted((a, b) => a - b)).toEqual(strengths.map((_, i) => i))
      order.slice(1).forEach((row, k) => {
        const [before, now] = [strengths[order[k] ?? NaN] ?? NaN, strengths[row] ?? NaN]
        expect(before < now || (before === now && (order[k] ?? NaN) < row)).toBe(true)
      })
    },
  )

  test("strengths are of the tile's own rows and columns", () => {
    const tile = { rows: { first: 1, size: 2 }, columns: { first: 1, size: 2 } }
    const weights = Float32Array.from([9, 9, 9, 9, 1, 2, 9, 3, -4])
    expect([...rowStrengths(weights, 3, tile, [10, 100])]).toEqual([(1 + 9) * 10, (4 + 16) * 100])
  })

  test.prop([fc.integer({ min: 32, max: 200 }), fc.integer({ min: 1, max: 12 }), fc.nat(1e6)], { numRuns: 30 })(
    'lowers what is dropped of the currents that flow',
    (inputs, outputs, seed) => {
      const { weights, squares } = layer(inputs, outputs, seed)
      const tile = { rows: { first: 0, size: inputs }, columns: { first: 0, size: outputs } }
      const strengths = rowStrengths(weights, inputs, tile, squares)
      /** Mean square of the drop of each cross-point alone. */
      const dropped = (order: Uint32Array): number => {
        let sum = 0
        for (let j = 0; j < outputs; j++) {
          const w = weights.subarray(j * inputs, (j + 1) * inputs)
          for (const sign of [1, -1]) {
            const g = Array.from(w, v => Math.max(0, (sign * v * gMax) / 4))
            const u = new Float64Array(inputs)
            ladderVoltagesInto(u, g, 1, order)
            g.forEach((v, i) => (sum += (v * (1 - (u[i] ?? NaN))) ** 2 * (squares[i] ?? NaN)))
          }
        }
        return sum
      }
      const order = rowOrder(strengths)
      expect(dropped(order)).toBeLessThan(dropped(Uint32Array.from(order.keys())))
      expect(dropped(order)).toBeLessThan(0.5 * dropped(order.toReversed()))
    },
  )
})

describe('pre-distorted targets', () => {
  const shares = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 512 })
  test.prop([shares, fc.constantFrom(0.35, 2), fc.constantFrom(0, 0.0042), fc.boolean()], { numRuns: 40 })(
    'yield the weights, but for those that are capped, which lose what the line drops',
    (wanted, wireResistanceOhm, idle, reversed) => {
      const order = reversed ? Uint32Array.from(wanted.keys()).reverse() : null
      const targets = preDistorted(wanted, { gMaxMicroSiemens: gMax, wireResistanceOhm, idle, rowOrder: order })
      const along = (held: ArrayLike<number>): readonly Float64Array[] =>
        [1, -1].map(sign => {
          const line = Float64Array.from(wanted, (s, i) => gMax * (sign * s > 0 ? (held[i] ?? NaN) : idle))
          ladderVoltagesInto(line, line, wireResistanceOhm, order)
          return line
        })
      const [u, plain] = [along(targets), along(wanted.map(Math.abs))]
      const worst = 1 - Math.min(...u.flatMap(line => [...line]))
      wanted.forEach((s, i) => {
        const line = s > 0 ? 0 : 1
        const own = u[line]?.[i] ?? NaN
        const target = targets[i] ?? NaN
        expect(target).toBeGreaterThanOrEqual(Math.abs(s))
        if (target < 1) expect(Math.abs(target * own - Math.abs(s))).toBeLessThan(1e-9 + worst ** 5)
        // All targets are higher, so what is left of a capped one is less than before.
        else if (s !== 0) expect(own).toBeLessThanOrEqual((plain[line]?.[i] ?? NaN) + 1e-12)
      })
    },
  )
})
