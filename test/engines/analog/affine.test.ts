/** Compensation with an offset: fitted on the chip, or from the moments of its devices. */
import { describe, expect, test } from 'vitest'
import type { DriftCompensation, HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import { stream } from '../../../src/domain/random/stream.js'
import type { CalibrationVectors } from '../../../src/engines/analog/parameters.js'
import { layerOnChip, matrix } from './layer.js'

const [inputs, outputs, count] = [40, 6, 120]
const s = stream(9, 'affine')
const weights = matrix(inputs, outputs, () => 2 * s.uniform() - 1)
/** Inputs with a large mean, which makes errors of devices offsets. */
const inputsOf = (rows: number): Float32Array =>
  Float32Array.from({ length: rows * inputs }, (_, at) => 0.5 + 0.3 * ((at % inputs) % 3) + 0.2 * (2 * s.uniform() - 1))
const vectors: CalibrationVectors = {
  count,
  x: inputsOf(count),
  h: Float32Array.from({ length: count * outputs }, () => 0.2 + s.uniform()),
}
const fresh = inputsOf(count)
const examples = Array.from({ length: count }, (_, k) => k)
const exactOf = (x: Float32Array): Float32Array =>
  Float32Array.from({ length: count * outputs }, (_, at) => {
    const [k, j] = [Math.floor(at / outputs), at % outputs]
    let y = 0
    for (let i = 0; i < inputs; i++) y += (x[k * inputs + i] ?? NaN) * (weights.weights[j * inputs + i] ?? NaN)
    return y
  })

const tiles = { rows: 16, columns: 4 }
const chip: HardwareOverride = { tile: tiles, outputNoise: 0, readNoise: 'per read' }
const pass = (number: number) => ({ chip: number, read: 1, timeSeconds: 86_400 })
const placed = { inputRange: 1.5, fullScale: 1 }

const on = (driftCompensation: DriftCompensation, number = 0, change: HardwareOverride = {}) => {
  const fits = driftCompensation === 'affine' || driftCompensation === 'moments'
  const layer = layerOnChip({ ...chip, ...change, driftCompensation }, weights, {
    ...placed,
    vectors: fits ? vectors : null,
  })
  layer.read(pass(number))
  return layer
}
const errorOf = (y: Float32Array, exact: Float32Array): number =>
  Math.sqrt(y.reduce((sum, v, i) => sum + (v - (exact[i] ?? NaN)) ** 2, 0) / exact.reduce((sum, v) => sum + v * v, 0))

describe('affine compensation', () => {
  test('leaves no weighted error in any column that an offset would take away', () => {
    const [affine, global] = [on('affine'), on('global')].map(l => l.multiply(vectors.x, examples))
    const exact = exactOf(vectors.x)
    /** Of a column: the weighted mean of its errors. */
    const left = (y: Float32Array | undefined, j: number): number => {
      let [rest, scale] = [0, 0]
      for (let k = 0; k < count; k++) {
        const h = vectors.h[k * outputs + j] ?? NaN
        rest += h * ((y?.[k * outputs + j] ?? NaN) - (exact[k * outputs + j] ?? NaN))
        scale += h
      }
      return Math.abs(rest / scale)
    }
    // Each tile is fitted to its own share, and so well known that hardly anything is held back.
    const total = (y: Float32Array | undefined): number =>
      Array.from({ length: outputs }, (_, j) => left(y, j)).reduce((a, b) => a + b, 0)
    expect(total(affine)).toBeLessThan(0.01 * total(global))
  })

  test('errs less on other inputs of the kind than a factor alone, on every chip', () => {
    const exact = exactOf(fresh)
    for (const number of [0, 1, 2, 3]) {
      const [affine, global] = [on('affine', number), on('global', number)].map(l =>
        errorOf(l.multiply(fresh, examples), exact),
      )
      expect(affine).toBeLessThan(0.5 * (global ?? NaN))
    }
  })

  test('is fitted anew at every read, and without the noise of the reads that follow', () => {
    const layer = on('affine', 0, { outputNoise: 0.04 })
    const first = layer.alphas().map(a => [...a])
    layer.read({ ...pass(0), read: 2 })
    expect(layer.alphas().map(a => [...a])).not.toEqual(first)
    layer.read(pass(0))
    expect(layer.alphas().map(a => [...a])).toEqual(first)
  })
})

describe('compensation from moments', () => {
  test('has the factors that affine compensation has on the mean over chips', () => {
    // Devices that hardly differ: else what every chip knows of its own is more than what all have in common.
    const precise = { outputNoise: 0.04, noiseScales: { programming: 0.02, drift: 0.2, read: 0.02 } }
    const mean = new Float64Array(3 * outputs)
    const chips = 60
    for (let number = 0; number < chips; number++)
      on('affine', number, precise)
        .alphas()
        .flatMap(a => [...a])
        .forEach((a, j) => (mean[j] = (mean[j] ?? NaN) + a / chips))
    const expected = on('moments', 0, precise)
      .alphas()
      .flatMap(a => [...a])
    expect(expected).toHaveLength(mean.length)
    const ratio = expected.reduce((sum, a, j) => sum + a / (mean[j] ?? NaN), 0) / mean.length
    expect(Math.abs(ratio - 1)).toBeLessThan(0.05)
  })

  test('is the same for every chip: nothing is measured', () => {
    const [a, b] = [on('moments', 0), on('moments', 1)].map(l => l.alphas().map(x => [...x]))
    expect(a).toEqual(b)
  })

  test('errs less than no compensation where devices have drifted', () => {
    const exact = exactOf(fresh)
    const [moments, none] = [on('moments'), on('none')].map(l => errorOf(l.multiply(fresh, examples), exact))
    expect(moments).toBeLessThan(0.5 * (none ?? NaN))
  })
})
