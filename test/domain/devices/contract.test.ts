import { describe, expect, test } from 'vitest'
import { deviceModel } from '../../../src/domain/devices/characterised.js'
import { deviceContract } from '../../../src/domain/devices/contract.js'
import type { DeviceFamily } from '../../../src/domain/devices/model.js'
import { least, registry } from '../../statistical.js'
import { ownTable, presetChoices } from './choices.js'

/** The contract compares 16 values with sampling; the four devices' are in the registry. */
const falseAlarm = (least * registry['device contract']) / 4

for (const choice of [...presetChoices, ownTable])
  for (const p of deviceContract(scales => deviceModel(choice, scales), { falseAlarm })) test(p.name, p.check)

/** Models that break one promise each, and the property that must notice. */
const [pcm] = presetChoices
const sound: DeviceFamily = scales => deviceModel(pcm, scales)
const spoiled: readonly (readonly [string, RegExp, DeviceFamily])[] = [
  [
    'negative conductance',
    /no less than nothing/,
    scales => ({ ...sound(scales), read: (d, _s, xi) => d.programmedMicroSiemens * (1 + 0.2 * xi) }),
  ],
  [
    'an offset that no scale removes',
    /exact with every source of noise off/,
    scales => ({ ...sound(scales), moments: (g, s) => ({ ...sound(scales).moments(g, s), mean: g + 0.01 }) }),
  ],
  [
    'a drift draw that no scale removes',
    /forgets the draw/,
    scales => ({
      ...sound(scales),
      program: (g, a, b) => ({ ...sound(scales).program(g, a, b), driftExponent: Math.abs(0.05 + 0.01 * b) }),
    }),
  ],
  [
    'an offset of the read',
    /with a draw of 0/,
    scales => ({ ...sound(scales), read: (d, s, xi) => sound(scales).read(d, s, xi + 0.01 * scales.read) }),
  ],
  [
    'conductance that rises',
    /drifts downwards only/,
    scales => ({ ...sound(scales), drift: (d, s) => d.programmedMicroSiemens * (1 + 1e-9 * s) }),
  ],
  [
    'a mean that rises',
    /drift never raises/,
    scales => ({ ...sound(scales), moments: (g, s) => ({ mean: g * (1 + 1e-6 * s), variance: 1 }) }),
  ],
  [
    'a mean that falls with the target',
    /grows with the target/,
    scales => ({ ...sound(scales), moments: g => ({ mean: 25 - g, variance: 1 }) }),
  ],
  [
    'a negative variance',
    /no negative variance/,
    scales => ({ ...sound(scales), moments: g => ({ mean: g, variance: -1e-9 }) }),
  ],
  [
    'memory of what was asked before',
    /keeps its identity/,
    scales => {
      let reads = 0
      const model = sound(scales)
      return {
        ...model,
        read: (d, s, xi) => {
          reads += 1
          return model.read(d, s, xi)
        },
        program: (g, a, b) => ({ ...model.program(g, a, b), driftExponent: reads > 0 ? 0.06 : 0.05 }),
      }
    },
  ],
  [
    'reads that depend on their order',
    /in any order/,
    scales => {
      let last = 0
      const model = sound(scales)
      return {
        ...model,
        read: (d, s, xi) => {
          const value = model.read(d, s, xi) + 1e-6 * last
          last = xi
          return value
        },
      }
    },
  ],
  [
    'a variance 20 % off',
    /that sampling shows/,
    scales => ({
      ...sound(scales),
      moments: (g, s) => {
        const exact = sound(scales).moments(g, s)
        return { ...exact, variance: exact.variance * 1.2 }
      },
    }),
  ],
  [
    'extrapolation',
    /refuses a target outside/,
    scales => ({ ...sound(scales), moments: () => ({ mean: 0, variance: 0 }) }),
  ],
]

describe('the device contract', () => {
  test.each(spoiled)('notices %s', (_what, property, family) => {
    const guard = deviceContract(family).find(p => property.test(p.name))
    expect(guard).toBeDefined()
    expect(() => guard?.check()).toThrow()
  })

  test('leaves no property without a model that breaks it', () => {
    for (const p of deviceContract(sound))
      expect(spoiled.filter(([, property]) => property.test(p.name))).toHaveLength(1)
  })
})
