/** Noise at a layer's columns against the exact moments of its devices: reads frozen for a pass, fresh for every vector, and before the ADC. */
import { describe, expect, test } from 'vitest'
import { decode, encode, converter } from '../../../src/domain/crossbar/converter.js'
import { pairMoments } from '../../../src/domain/crossbar/differential-pair.js'
import type { HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import { stream } from '../../../src/domain/random/stream.js'
import { normalDistribution } from '../../../src/domain/statistics/normal.js'
import { expectNoSurprise, type Comparison } from '../../statistical.js'
import { silent } from './miniature.js'
import { layerOnChip, matrix, repeated } from './layer.js'

const [inputs, outputs] = [24, 16]
const s = stream(5, 'noise')
/** Weights so far from 0 that no read is cut off there: what both kinds of read noise have in common. */
const weights = matrix(inputs, outputs, () => (s.uniform() < 0.5 ? -1 : 1) * (0.2 + 0.8 * s.uniform()))
const x = Float32Array.from({ length: inputs }, () => 2 * s.uniform() - 1)
const timeSeconds = 3600

const reading: HardwareOverride = { noiseScales: { ...silent, read: 1 }, adc: { bits: 'off' } }
const layerWith = (change: HardwareOverride) => layerOnChip({ ...reading, ...change }, weights, { fullScale: 1 })
type Layer = ReturnType<typeof layerWith>

/** Mean and variance of every column for x as the DAC has it. */
const exact = ({ model, hardware }: Layer) => {
  const dac = hardware.dac.bits === 'off' ? null : converter(hardware.dac.bits, 1)
  const driven = Array.from(x, v => (dac === null ? v : decode(dac, encode(dac, v))))
  return Array.from({ length: outputs }, (_, j) => {
    const all = driven.map((v, i) => {
      const m = pairMoments(weights.weights[j * inputs + i] ?? NaN, model.gMaxMicroSiemens, g =>
        model.moments(g, timeSeconds),
      )
      return { mean: v * m.mean, variance: v * v * m.variance }
    })
    const sum = (f: (m: { mean: number; variance: number }) => number): number => all.reduce((a, m) => a + f(m), 0)
    return { mean: sum(m => m.mean), variance: sum(m => m.variance) + hardware.outputNoise ** 2 }
  })
}

const twoSided = (z: number): number => 2 * normalDistribution(-Math.abs(z))

/** Each column's mean, and the variance of all columns together, which a constant that is 5 % off would not survive. */
const compared = (name: string, layer: Layer, samples: Float32Array): readonly Comparison[] => {
  const expected = exact(layer)
  const n = samples.length / outputs
  let squares = 0
  const means = expected.map(({ mean, variance }, j) => {
    let sum = 0
    for (let k = 0; k < n; k++) {
      const d = (samples[k * outputs + j] ?? NaN) - mean
      sum += d
      squares += (d * d) / variance
    }
    return { name: `${name}: mean of column ${j}`, probability: twoSided(sum / Math.sqrt(n * variance)) }
  })
  // The mean of N squares of standard normals has the deviation sqrt(2 / N).
  const total = n * outputs
  return [...means, { name: `${name}: variance`, probability: twoSided((squares / total - 1) / Math.sqrt(2 / total)) }]
}

const many = 3000
const examples = Array.from({ length: many }, (_, k) => k)

const perRead = (layer: Layer): Float32Array => {
  const out = new Float32Array(many * outputs)
  for (const read of examples) {
    layer.read({ chip: 0, read, timeSeconds })
    out.set(layer.multiply(x, [0]), read * outputs)
  }
  return out
}
const perVector = (layer: Layer): Float32Array => {
  layer.read({ chip: 0, read: 0, timeSeconds })
  return layer.multiply(
    repeated(x, many),
    examples,
    examples.map(k => k % 7),
  )
}

test('read noise per read and per VMM, and output noise, have the exact mean and variance at every column', () => {
  const frozen = layerWith({ readNoise: 'per read' })
  const fresh = layerWith({ readNoise: 'per VMM' })
  const undriven = layerWith({ readNoise: 'per VMM', dac: { bits: 'off' } })
  const output = layerWith({ noiseScales: silent, outputNoise: 0.04 })
  const both = layerWith({ readNoise: 'per VMM', outputNoise: 0.1 })
  expectNoSurprise('noise at the columns', [
    ...compared('per read', frozen, perRead(frozen)),
    ...compared('per VMM', fresh, perVector(fresh)),
    ...compared('per VMM, ideal DAC', undriven, perVector(undriven)),
    ...compared('output', output, perVector(output)),
    ...compared('output and per VMM', both, perVector(both)),
  ])
})

describe('of two input vectors that are equal', () => {
  const pair = (change: HardwareOverride, at: readonly [number, number], tokens: readonly [number, number]) => {
    const layer = layerWith(change)
    layer.read({ chip: 0, read: 0, timeSeconds })
    const y = layer.multiply(repeated(x, 2), at, tokens)
    return [[...y.subarray(0, outputs)], [...y.subarray(outputs)]] as const
  }
  const different = (a: readonly number[], b: readonly number[]): number => a.filter((v, j) => v !== b[j]).length

  test('read noise per read is the same, per VMM another in every column, for each token and each example', () => {
    const [a, b] = pair({ readNoise: 'per read' }, [1, 2], [0, 1])
    expect(b).toEqual(a)
    for (const [of, tokens] of [
      [
        [1, 1],
        [0, 1],
      ],
      [
        [1, 2],
        [0, 0],
      ],
    ] as const) {
      const [c, d] = pair({ readNoise: 'per VMM' }, of, tokens)
      expect(different(c, d)).toBe(outputs)
    }
    const [e, f] = pair({ readNoise: 'per VMM' }, [1, 1], [3, 3])
    expect(e).toEqual(f)
  })

  test('a read keeps its noise, and another read has its own, per VMM too', () => {
    const layer = layerWith({ readNoise: 'per VMM' })
    const of = (read: number): readonly number[] => {
      layer.read({ chip: 0, read, timeSeconds })
      return [...layer.multiply(x, [4])]
    }
    const first = of(0)
    expect(different(first, of(1))).toBe(outputs)
    expect(of(0)).toEqual(first)
  })
})
