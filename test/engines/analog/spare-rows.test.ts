/** Copies of rows on idle ones: a wider range at the same step, and devices that are averaged; against plain sums. */
import { describe, expect, test } from 'vitest'
import { roundHalfEven } from '../../../src/domain/crossbar/converter.js'
import { ladderVoltagesInto } from '../../../src/domain/crossbar/ladder.js'
import type { HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import { stream } from '../../../src/domain/random/stream.js'
import { rowOrder } from '../../../src/domain/crossbar/placement.js'
import { lineOrder } from '../../../src/domain/ranges/filled.js'
import { placesOf } from '../../../src/domain/ranges/spare.js'
import { layerOnChip, matrix, repeated, type Placed } from './layer.js'

const [inputs, outputs] = [30, 6]
const s = stream(3, 'spare rows')
const weights = matrix(inputs, outputs, () => 2 * s.uniform() - 1)
/** Row 2 stands on three rows, rows 7 and 29 on two. */
const rowCopies = Uint16Array.of(2, 2, 7, 29)
const places = placesOf(inputs, rowCopies)
/** Up to four ranges. */
const x = Float32Array.from({ length: inputs }, (_, i) => (2 * s.uniform() - 1) * (i % 5 === 2 ? 4 : 1.2))

const off = { programming: 0, drift: 0, read: 0 }
const exact: HardwareOverride = {
  ...{ adc: { bits: 'off', bound: 12 }, outputNoise: 0 },
  ...{ noiseScales: off, driftCompensation: 'none', readNoise: 'per read' },
}
const pass = (chip = 0, timeSeconds = 0) => ({ chip, read: 0, timeSeconds })
const weightOf = (j: number, i: number): number => weights.weights[j * inputs + i] ?? NaN
const columns = Array.from({ length: outputs }, (_, j) => j)
const rows = Array.from({ length: inputs }, (_, i) => i)

/** What the DAC gives for input i on so many rows. */
const converted = (i: number, maxCode = 127): number => {
  const most = (places[i] ?? NaN) * maxCode
  return Math.max(-most, Math.min(most, roundHalfEven((x[i] ?? NaN) * maxCode))) / maxCode
}
const multiplied = (change: HardwareOverride, placed: Placed = { rowCopies }): Float32Array => {
  const layer = layerOnChip({ ...exact, ...change }, weights, placed)
  layer.read(pass())
  return layer.multiply(x, [0])
}

describe('copies of rows', () => {
  test.each([4, 8, 12] as const)('take as many ranges as there are rows, at the same step: %s bits', bits => {
    const found = multiplied({ dac: { bits } })
    const maxCode = 2 ** (bits - 1) - 1
    for (const j of columns) {
      const sum = rows.reduce((all, i) => all + weightOf(j, i) * converted(i, maxCode), 0)
      expect(Math.abs((found[j] ?? NaN) - sum)).toBeLessThan(2e-3)
    }
    // Without them, inputs beyond the range are cut.
    const [plain] = multiplied({ dac: { bits } }, {})
    expect(Math.abs((plain ?? NaN) - (found[0] ?? NaN))).toBeGreaterThan(0.1)
  })

  test('change nothing of what an ideal DAC gives', () => {
    const [plain, copied] = [{}, { rowCopies }].map(placed => multiplied({ dac: { bits: 'off' } }, placed))
    plain?.forEach((v, j) => expect(copied?.[j]).toBeCloseTo(v, 5))
  })

  test('lie on the bit lines, after the rows or in the order they are placed in', () => {
    const ohm = 200
    const strengths = Float64Array.from(rows, i => Math.abs(Math.sin(7.3 * i)))
    for (const order of [null, rowOrder(strengths)]) {
      const lines = lineOrder(order, rowCopies)
      const found = multiplied(
        { dac: { bits: 12 }, wireResistanceOhm: ohm },
        { rowCopies, ...(lines === null ? {} : { rowOrder: lines }) },
      )
      const owners = [...rows, ...rowCopies]
      for (const j of columns) {
        const largest = Math.max(...rows.map(i => Math.abs(weightOf(j, i))))
        const [plus, minus] = [1, -1].map(sign => {
          const g = Float64Array.from(owners, i => (25 * Math.max(0, sign * weightOf(j, i))) / largest)
          const u = new Float64Array(owners.length)
          ladderVoltagesInto(u, g, ohm, lines)
          return u.map((v, k) => v * (g[k] ?? NaN))
        })
        const sum = owners.reduce((all, i, k) => {
          const yields = ((plus?.[k] ?? NaN) - (minus?.[k] ?? NaN)) / 25
          return all + (yields * largest * converted(i, 2047)) / (places[i] ?? NaN)
        }, 0)
        expect(Math.abs((found[j] ?? NaN) - sum)).toBeLessThan(5e-3)
      }
    }
  })

  test.each([
    ['per read', { programming: 1, drift: 0, read: 1 }],
    ['per VMM', { programming: 0, drift: 0, read: 1 }],
    ['per VMM', { programming: 1, drift: 1, read: 1 }],
  ] as const)('average devices of their own, read noise %s, %o', (readNoise, noiseScales) => {
    /** One input at a time: the deviation of the outputs over chips, in units of the input. */
    const spread = (row: number, placed: Placed, dac: HardwareOverride['dac']): number => {
      const one = Float64Array.from({ length: inputs }, (_, i) => (i === row ? 0.9 : 0))
      const layer = layerOnChip({ ...exact, dac: dac ?? { bits: 8 }, readNoise, noiseScales }, weights, placed)
      const chips = 300
      const found = Array.from({ length: chips }, (_, chip) => {
        layer.read(pass(chip, 3600))
        return layer.multiply(Float32Array.from(one), [chip])
      })
      const variances = columns.map(j => {
        const mean = found.reduce((sum, y) => sum + (y[j] ?? NaN), 0) / chips
        return found.reduce((sum, y) => sum + ((y[j] ?? NaN) - mean) ** 2, 0) / chips
      })
      return Math.sqrt(variances.reduce((a, b) => a + b, 0))
    }
    for (const dac of [{ bits: 8 }, { bits: 'off' }] as const)
      for (const row of [2, 7]) {
        const ratio = spread(row, { rowCopies }, dac) / spread(row, {}, dac)
        expect(Math.abs(ratio * Math.sqrt(places[row] ?? NaN) - 1)).toBeLessThan(0.1)
      }
  })

  test('have addresses of their own, on every tile', () => {
    const { tiles } = layerOnChip({ ...exact, tile: { rows: 10, columns: 4 } }, weights, {
      rowCopies: Uint16Array.of(1, 1, 4),
    })
    const addresses = tiles.flatMap(({ rowCopies: { firstRow, count } }) =>
      Array.from({ length: count }, (_, k) => firstRow + k),
    )
    expect(tiles.length).toBe(6)
    expect(new Set(addresses).size).toBe(18)
    expect(Math.min(...addresses)).toBeGreaterThanOrEqual(inputs)
  })

  test('leave the draws of every other row as they were', () => {
    const noisy = { noiseScales: { programming: 1, drift: 1, read: 1 }, dac: { bits: 'off' } } as const
    const own = Float32Array.from(x, (v, i) => (places[i] === 1 ? v : 0))
    const [plain, copied] = [{}, { rowCopies }].map(placed => {
      const layer = layerOnChip({ ...exact, ...noisy }, weights, placed)
      layer.read(pass(0, 3600))
      return layer.multiply(own, [0])
    })
    expect(copied).toEqual(plain)
  })

  test.each(['global', 'per-column', 'least-squares', 'affine', 'moments'] as const)(
    'stand beside copies of columns, and are compensated by %s',
    driftCompensation => {
      const vectors = {
        count: 64,
        x: Float32Array.from({ length: 64 * inputs }, () => 2 * s.uniform() - 1),
        h: new Float32Array(64 * outputs).fill(1),
      }
      const fits = driftCompensation === 'affine' || driftCompensation === 'moments'
      const drift = { noiseScales: { programming: 0, drift: 1, read: 0 }, driftCompensation, dac: { bits: 8 } } as const
      const layer = layerOnChip({ ...exact, ...drift }, weights, {
        ...{ rowCopies, copies: Uint16Array.of(1, 4) },
        vectors: fits ? vectors : null,
      })
      layer.read(pass(0, 86_400))
      const y = layer.multiply(repeated(x, 2), [0, 1])
      for (const j of columns) {
        const sum = rows.reduce((all, i) => all + weightOf(j, i) * converted(i), 0)
        expect(Math.abs((y[j] ?? NaN) - sum)).toBeLessThan(0.6)
        expect(y[outputs + j]).toBe(y[j])
      }
    },
  )
})
