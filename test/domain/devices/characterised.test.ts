import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { characterisedDevice, deviceModel, tabulated } from '../../../src/domain/devices/characterised.js'
import { presetNames, presets } from '../../../src/domain/devices/constants.js'
import { presetGMaxMicroSiemens } from '../../../src/domain/experiment/device.js'
import { allOn, ownTable, presetChoice } from './choices.js'
import { literalValues, momentReference, referenceRows } from './guards.js'

describe('presets', () => {
  test.each(presetNames)('%s follows the published formulas', name => {
    expect(literalValues(presets, name)).toEqual([])
  })

  test.each(presetNames)('%s has the reference moments', name => {
    expect(momentReference(presets, name)).toEqual([])
  })

  test('the reference is there in full', () => {
    expect(referenceRows()).toHaveLength(192)
  })

  test('say unit, source and valid range of every law', () => {
    for (const name of presetNames) {
      const c = presets[name]
      expect(c.name).toBe(name)
      expect(c.source).not.toBe('')
      expect([c.gMax.unit, c.referenceTime.unit, c.readTime.unit, c.programmingDeviation.unit]).toEqual(['µS', 's', 's', 'µS']) // prettier-ignore
      for (const fit of [c.programmingDeviation, c.driftMean, c.driftDeviation, c.readNoise]) {
        expect(fit.valid).toEqual([0, 1])
        expect(fit.pieces.at(-1)?.below).toBe(Infinity)
      }
      expect(presetGMaxMicroSiemens[name]).toBe(c.gMax.value)
    }
  })
})

const xi = fc.double({ min: -8, max: 8, noNaN: true })
const ratio = fc.double({ min: 0, max: 1, noNaN: true })
const scale = fc.double({ min: 0, max: 10, noNaN: true })
const preset = fc.constantFrom(...presetNames)

describe('scales', () => {
  test.prop([preset, ratio, scale, xi, xi])('multiply each source alone', (name, r, factor, a, b) => {
    const choice = presetChoice(name)
    const target = r * choice.gMaxMicroSiemens
    const plain = deviceModel(choice, allOn)
    const scaled = deviceModel(choice, { programming: factor, drift: 2 * factor, read: 3 * factor })
    expect(scaled.programmingDeviation(target)).toBeCloseTo(factor * plain.programmingDeviation(target), 12)
    expect(scaled.program(target, a, b).driftExponent).toBeCloseTo(2 * factor * plain.program(target, a, b).driftExponent, 12) // prettier-ignore
    expect(scaled.readDeviation(target, 60)).toBeCloseTo(3 * factor * plain.readDeviation(target, 60), 12)
  })

  test.prop([preset, ratio, fc.double({ min: 0.01, max: 1, noNaN: true }), xi, xi, xi])(
    'of conductance: a smaller g_max is the same device in other units',
    (name, r, share, a, b, c) => {
      const choice = presetChoice(name)
      const large = deviceModel(choice, allOn)
      const small = deviceModel({ ...choice, gMaxMicroSiemens: choice.gMaxMicroSiemens * share }, allOn)
      const one = large.read(large.program(r * large.gMaxMicroSiemens, a, b), 3600, c) / large.gMaxMicroSiemens
      const other = small.read(small.program(r * small.gMaxMicroSiemens, a, b), 3600, c) / small.gMaxMicroSiemens
      // Where the fit jumps, rounding of r decides which side holds.
      fc.pre([0.0945, 0.1591, 0.16, 0.3039, 0.3055].every(jump => Math.abs(r - jump) > 1e-9))
      expect(other).toBeCloseTo(one, 9)
    },
  )

  test('that are negative are refused', () => {
    for (const source of ['programming', 'drift', 'read'])
      expect(() => deviceModel(presetChoice('pcm'), { ...allOn, [source]: -1 })).toThrow(
        new RegExp(`"${source}.*" expected a finite number >= 0, got -1`),
      )
  })
})

describe('extrapolation is refused', () => {
  test.each(presetNames)('%s: a g_max beyond the characterised one', name => {
    const choice = presetChoice(name)
    expect(() => deviceModel({ ...choice, gMaxMicroSiemens: choice.gMaxMicroSiemens * 1.001 }, allOn)).toThrow(
      new RegExp(
        `"gMaxMicroSiemens" expected at most ${choice.gMaxMicroSiemens}, up to which ${name} was characterised`,
      ),
    )
    expect(() => deviceModel({ ...choice, gMaxMicroSiemens: 0 }, allOn)).toThrow(/"gMaxMicroSiemens" expected a finite/)
  })

  test('a number of another kind', () => {
    const wrong = '25' as unknown as number // what plain JavaScript may pass
    expect(() => characterisedDevice(presets.pcm, wrong, allOn)).toThrow(TypeError)
  })

  test('a time before programming', () => {
    const model = deviceModel(presetChoice('pcm'), allOn)
    expect(() => model.moments(1, -1)).toThrow('"seconds since programming" expected a finite number >= 0, got -1')
  })

  test.each(['programmingDeviation', 'driftMean', 'driftDeviation', 'readNoise'] as const)(
    'a %s table with gaps',
    key => {
      const knots = ownTable[key]
      expect(() => tabulated({ ...ownTable, [key]: knots.slice(0, -1) })).toThrow(
        /expected knots from 0 to at least 12 µS/,
      )
      expect(() => tabulated({ ...ownTable, [key]: [] })).toThrow(/expected knots from 0/)
      expect(() => tabulated({ ...ownTable, [key]: knots.slice(1) })).toThrow(/expected 0 at knot 0/)
      expect(() => tabulated({ ...ownTable, [key]: [...knots, [12, 0]] })).toThrow(
        /expected a conductance > 12 at knot/,
      )
      expect(() => tabulated({ ...ownTable, [key]: [...knots, [13, NaN]] })).toThrow(RangeError)
    },
  )
})

describe('a table device', () => {
  test('runs straight between its knots, and holds its last value beyond', () => {
    const model = deviceModel(ownTable, allOn)
    expect(model.programmingDeviation(1.5)).toBeCloseTo(0.35, 14)
    expect(model.programmingDeviation(12)).toBeCloseTo(0.4, 14)
    expect(model.driftMean(9)).toBeCloseTo(0.035, 14)
    const spread = Math.sqrt(Math.log((30 + 1e-6) / 2e-6))
    expect(model.readDeviation(0.5, 0)).toBeCloseTo(0.065 * spread, 13)
    expect(model.readDeviation(20, 0)).toBeCloseTo(0.01 * spread, 13)
  })

  // By quadrature in mpmath: ratio, seconds, mean, variance.
  test.each([
    [0, 86400, 0.020726998025320917, 0.0014355829815652156],
    [0.1, 0, 1.2000022738305281, 0.1138448231827835],
    [0.1, 86400, 0.6550392989827988, 0.10161273688615908],
    [0.4, 3600, 3.641204576074134, 0.70691431166255232],
    [1, 31536000, 9.1533682547550104, 1.8403389228590888],
  ])('has exact moments at %s after %s s', (r, seconds, mean, variance) => {
    const found = deviceModel(ownTable, allOn).moments(r * 12, seconds)
    expect(Math.abs(found.mean / mean - 1)).toBeLessThan(1e-11)
    expect(Math.abs(found.variance / variance - 1)).toBeLessThan(1e-11)
  })
})
