/** A range of its own for every input vector. */
import { expect, test } from 'vitest'
import type { HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import { stream } from '../../../src/domain/random/stream.js'
import { layerOnChip, matrix } from './layer.js'

const [inputs, outputs, rows] = [20, 5, 7]
const s = stream(4, 'dynamic')
const weights = matrix(inputs, outputs, () => 2 * s.uniform() - 1)
const noiseless: HardwareOverride = {
  ...{ dac: { bits: 4 }, adc: { bits: 'off', bound: 12 }, outputNoise: 0, driftCompensation: 'none' },
  ...{ readNoise: 'per read', noiseScales: { programming: 0, drift: 0, read: 0 } },
}
const examples = Array.from({ length: rows }, (_, k) => k)
/** Each row ten times the one before; the last of zeros. */
const x = Float32Array.from({ length: rows * inputs }, (_, at) => {
  const row = Math.floor(at / inputs)
  return row === rows - 1 ? 0 : 10 ** (row - 2) * (2 * s.uniform() - 1)
})

const largest = (row: Float32Array): number => row.reduce((most, v) => Math.max(most, Math.abs(v)), 0)

test('is its largest magnitude, as if the tile had been made for it', () => {
  const dynamic = layerOnChip(noiseless, weights, { dynamic: true })
  dynamic.read({ chip: 0, read: 0, timeSeconds: 0 })
  const found = dynamic.multiply(x, examples)
  for (const k of examples) {
    const row = x.subarray(k * inputs, (k + 1) * inputs)
    const own = found.subarray(k * outputs, (k + 1) * outputs)
    if (k === rows - 1) {
      expect([...own].every(v => v === 0)).toBe(true)
      continue
    }
    const fixed = layerOnChip(noiseless, weights, { inputRange: largest(row) })
    fixed.read({ chip: 0, read: 0, timeSeconds: 0 })
    fixed.multiply(row, [k]).forEach((v, j) => expect((own[j] ?? NaN) / largest(row)).toBeCloseTo(v / largest(row), 4))
  }
})

test('lets readout noise grow with the vector', () => {
  const noisy = layerOnChip({ ...noiseless, outputNoise: 0.3 }, weights, { dynamic: true })
  const quiet = layerOnChip(noiseless, weights, { dynamic: true })
  for (const layer of [noisy, quiet]) layer.read({ chip: 0, read: 0, timeSeconds: 0 })
  const [a, b] = [noisy.multiply(x, examples), quiet.multiply(x, examples)]
  const error = (k: number): number =>
    Math.sqrt(
      a.subarray(k * outputs, (k + 1) * outputs).reduce((sum, v, j) => sum + (v - (b[k * outputs + j] ?? NaN)) ** 2, 0),
    )
  for (const k of [0, 1, 2, 3]) {
    const ratio = error(k) / largest(x.subarray(k * inputs, (k + 1) * inputs))
    expect(ratio).toBeGreaterThan(0.1)
    expect(ratio).toBeLessThan(2)
  }
})
