/** Copies of columns on idle ones: what averaging them does, to noise and to nothing else. */
import { describe, expect, test } from 'vitest'
import type { HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import { stream } from '../../../src/domain/random/stream.js'
import { layerOnChip, matrix, repeated, type Placed } from './layer.js'

const [inputs, outputs] = [30, 6]
const s = stream(2, 'spare')
const weights = matrix(inputs, outputs, () => 2 * s.uniform() - 1)
const x = Float32Array.from({ length: inputs }, () => 2 * s.uniform() - 1)
/** Column 1 stands on four columns, column 4 on two. */
const copies = Uint16Array.of(1, 1, 1, 4)
const averaged = [1, 4, 1, 1, 2, 1]

const off = { programming: 0, drift: 0, read: 0 }
const exact: HardwareOverride = {
  ...{ dac: { bits: 'off' }, adc: { bits: 'off', bound: 12 }, outputNoise: 0 },
  ...{ noiseScales: off, driftCompensation: 'none', readNoise: 'per read' },
}
const pass = (chip = 0, timeSeconds = 0) => ({ chip, read: 0, timeSeconds })

/** Of [rows, outputs]: the standard deviation of every column. */
const deviations = (rows: readonly ArrayLike<number>[]): readonly number[] =>
  Array.from({ length: outputs }, (_, j) => {
    const values = rows.map(row => row[j] ?? NaN)
    const mean = values.reduce((a, b) => a + b, 0) / values.length
    return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1))
  })
const ratios = (a: readonly number[], b: readonly number[]): readonly number[] => a.map((v, j) => v / (b[j] ?? NaN))

const rows = 1600
const once = (change: HardwareOverride, placed: Placed): readonly Float32Array[] => {
  const layer = layerOnChip({ ...exact, ...change }, weights, placed)
  layer.read(pass())
  const examples = Array.from({ length: rows }, (_, k) => k)
  const y = layer.multiply(repeated(x, rows), examples)
  return examples.map(k => y.subarray(k * outputs, (k + 1) * outputs))
}

describe('copies of columns', () => {
  test('give what their column gives where nothing is noisy', () => {
    const plain = layerOnChip(exact, weights)
    const copied = layerOnChip(exact, weights, { copies })
    for (const layer of [plain, copied]) layer.read(pass())
    const [a, b] = [plain.multiply(x, [0]), copied.multiply(x, [0])]
    a.forEach((v, j) => expect(b[j]).toBeCloseTo(v, 5))
  })

  test('average noise at the readout, and leave the other columns as they were', () => {
    const [plain, copied] = [once({ outputNoise: 0.5 }, {}), once({ outputNoise: 0.5 }, { copies })]
    ratios(deviations(copied), deviations(plain)).forEach((ratio, j) => {
      const k = averaged[j] ?? NaN
      if (k === 1) expect(ratio).toBe(1)
      else expect(Math.abs(ratio * Math.sqrt(k) - 1)).toBeLessThan(0.1)
    })
    for (const j of [0, 2, 3, 5]) expect(copied.map(row => row[j])).toEqual(plain.map(row => row[j]))
  })

  test.each([
    ['per read', { programming: 1, drift: 0, read: 1 }],
    ['per VMM', { programming: 1, drift: 1, read: 1 }],
  ] as const)('average devices of their own, read noise %s', (readNoise, noiseScales) => {
    const chips = 400
    const spread = (placed: Placed): readonly number[] => {
      const layer = layerOnChip({ ...exact, readNoise, noiseScales }, weights, placed)
      return deviations(
        Array.from({ length: chips }, (_, chip) => {
          layer.read(pass(chip, 3600))
          return layer.multiply(x, [chip])
        }),
      )
    }
    ratios(spread({ copies }), spread({})).forEach((ratio, j) => {
      const k = averaged[j] ?? NaN
      if (k === 1) expect(ratio).toBe(1)
      else expect(Math.abs(ratio * Math.sqrt(k) - 1)).toBeLessThan(0.16)
    })
  })

  test.each(['global', 'per-column', 'least-squares'] as const)('are compensated by %s as their columns are', kind => {
    const drift = { noiseScales: { programming: 0, drift: 1, read: 0 }, driftCompensation: kind } as const
    const [plain, copied] = [{}, { copies }].map(placed => {
      const layer = layerOnChip({ ...exact, ...drift }, weights, placed)
      layer.read(pass(0, 86_400))
      return { alphas: layer.alphas().flatMap(a => [...a]), y: layer.multiply(x, [0]) }
    })
    // One measurement of the whole tile changes with what is on it; the others are the columns' own.
    plain?.alphas.forEach((a, j) => {
      if (kind === 'global') expect(Math.abs((copied?.alphas[j] ?? NaN) / a - 1)).toBeLessThan(0.02)
      // Of a column with copies, less noise is held back.
      else if (kind === 'least-squares' && copies.includes(j)) expect(copied?.alphas[j]).toBeGreaterThan(a)
      else expect(copied?.alphas[j]).toBe(a)
    })
    plain?.y.forEach((v, j) => expect(Math.abs((copied?.y[j] ?? NaN) - v)).toBeLessThan(0.4))
  })
})
