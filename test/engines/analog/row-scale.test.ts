/** Rows that are scaled: the tile is, bit by bit, one of scaled weights that takes inputs over the factors. */
import { describe, expect, test } from 'vitest'
import type { HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import { stream } from '../../../src/domain/random/stream.js'
import { layerOnChip, matrix, type Placed } from './layer.js'

const [inputs, outputs] = [30, 6]
const s = stream(5, 'row scale')
const plain = matrix(inputs, outputs, () => 2 * s.uniform() - 1)
const rowScales = Float32Array.from({ length: inputs }, (_, i) => 2 ** (((i * 7) % 9) / 2 - 2))
const scaled = matrix(inputs, outputs, (j, i) => (plain.weights[j * inputs + i] ?? NaN) * (rowScales[i] ?? NaN))
const rows = 3
const x = Float32Array.from({ length: rows * inputs }, () => 3 * s.uniform() - 1.5)
const over = (all: Float32Array): Float32Array => all.map((v, at) => v / (rowScales[at % inputs] ?? NaN))

const chip: HardwareOverride = {
  ...{ adc: { bits: 8, bound: 6 }, dac: { bits: 8 }, outputNoise: 0.04 },
  noiseScales: { programming: 1, drift: 1, read: 1 },
}
/** After a day, on chip 2. @param change of the hardware. @param placed as both are */
const both = (change: HardwareOverride, placed: Placed = {}): readonly [Float32Array, Float32Array] => {
  const given = layerOnChip({ ...chip, ...change }, plain, { ...placed, rowScales })
  const direct = layerOnChip({ ...chip, ...change }, scaled, {
    ...placed,
    ...(placed.vectors ? { vectors: { ...placed.vectors, x: over(placed.vectors.x) } } : {}),
  })
  for (const layer of [given, direct]) layer.read({ chip: 2, read: 0, timeSeconds: 86_400 })
  const examples = [0, 1, 2]
  return [given.multiply(x, examples), direct.multiply(over(x), examples)]
}

describe('scaled rows', () => {
  test.each(['none', 'global', 'per-column', 'least-squares'] as const)('are the scaled tile, with %s', drift => {
    const [given, direct] = both({ driftCompensation: drift })
    expect(given).toEqual(direct)
    expect(given.some(v => v !== 0)).toBe(true)
  })

  test.each([
    ['on several tiles', { tile: { rows: 10, columns: 4 } }, {}],
    ['with an ideal DAC', { dac: { bits: 'off' } }, {}],
    ['with read noise per VMM', { readNoise: 'per VMM' }, {}],
    ['behind wires', { wireResistanceOhm: 50 }, { preDistorted: true }],
    ['with copies', {}, { copies: Uint16Array.of(1, 1, 4), rowCopies: Uint16Array.of(2, 2, 7) }],
  ] as const satisfies readonly (readonly [string, HardwareOverride, Placed])[])('%s too', (_, change, placed) => {
    const [given, direct] = both(change, placed)
    expect(given).toEqual(direct)
  })

  test.each(['affine', 'moments'] as const)('with %s, but for the rounding of the exact outputs', driftCompensation => {
    const vectors = {
      count: 64,
      x: Float32Array.from({ length: 64 * inputs }, () => 3 * s.uniform() - 1.5),
      h: new Float32Array(64 * outputs).fill(1),
    }
    const [given, direct] = both({ driftCompensation }, { vectors })
    given.forEach((v, k) => expect(Math.abs(v - (direct[k] ?? NaN))).toBeLessThan(1e-5))
  })

  test('change nothing but rounding where nothing is wrong with the chip', () => {
    const off = { programming: 0, drift: 0, read: 0 }
    const ideal: HardwareOverride = { dac: { bits: 'off' }, adc: { bits: 'off', bound: 6 }, outputNoise: 0 }
    const layer = layerOnChip({ ...ideal, noiseScales: off, driftCompensation: 'none' }, plain, { rowScales })
    layer.read({ chip: 0, read: 0, timeSeconds: 0 })
    const found = layer.multiply(x, [0, 1, 2])
    found.forEach((v, at) => {
      const [r, j] = [Math.floor(at / outputs), at % outputs]
      const row = Array.from({ length: inputs }, (_, i) => i)
      const exact = row.reduce((sum, i) => sum + (plain.weights[j * inputs + i] ?? NaN) * (x[r * inputs + i] ?? NaN), 0)
      expect(v).toBeCloseTo(exact, 4)
    })
  })
})
