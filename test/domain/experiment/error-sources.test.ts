import { describe, expect, test } from 'vitest'
import { changesWithTime, isPresent, withOnly } from '../../../src/domain/experiment/error-sources.js'
import { defaultHardware, type Hardware } from '../../../src/domain/experiment/hardware.js'
import { errorSources, type ErrorSource } from '../../../src/domain/tables/errors.js'

const full: Hardware = {
  ...defaultHardware,
  noiseScales: { programming: 0.5, drift: 0.6, read: 0.7 },
  adc: { bits: 6, bound: 9 },
  readNoise: 'per VMM',
  wireResistanceOhm: 0.35,
  driftCompensation: 'per-column',
}
const bare: Hardware = {
  ...full,
  dac: { bits: 'off' },
  adc: { bits: 'off', bound: 9 },
  outputNoise: 0,
  noiseScales: { programming: 0, drift: 0, read: 0 },
  wireResistanceOhm: 0,
}
const present = (h: Hardware): readonly ErrorSource[] => errorSources.filter(s => isPresent(h, s))

describe('sources of error', () => {
  test('a full chip has all, a bare one none but all together', () => {
    expect(present(full)).toEqual(errorSources)
    expect(present(bare)).toEqual(['ranges', 'all'])
  })

  const alone: readonly (readonly [ErrorSource, Partial<Hardware>])[] = [
    ['ranges', {}],
    ['programming', { noiseScales: { programming: 0.5, drift: 0, read: 0 } }],
    ['drift', { noiseScales: { programming: 0, drift: 0.6, read: 0 } }],
    ['read', { noiseScales: { programming: 0, drift: 0, read: 0.7 } }],
    ['dac', { dac: full.dac }],
    ['adc', { adc: full.adc }],
    ['output noise', { outputNoise: full.outputNoise }],
    ['ir drop', { wireResistanceOhm: 0.35 }],
  ]
  test.each(alone)('%s alone: it and nothing else, as strong as on the whole chip', (source, kept) => {
    const only = withOnly(full, source)
    expect(only).toEqual({ ...bare, ...kept })
    expect(present(only)).toEqual(source === 'ranges' ? ['ranges', 'all'] : ['ranges', source, 'all'])
    expect(present({ ...full, ...withOnly(bare, source) })).toEqual(['ranges', 'all'])
    // Switched off on the whole chip, it is absent there, and the others are not.
    const without = { ...full, ...('noiseScales' in kept ? { noiseScales: { ...full.noiseScales, [source]: 0 } } : {}) }
    if ('noiseScales' in kept) expect(present(without)).toEqual(errorSources.filter(s => s !== source))
  })

  test('all of them is the chip as it is', () => {
    expect(withOnly(full, 'all')).toBe(full)
    expect(alone.map(([source]) => source)).toEqual(errorSources.filter(s => s !== 'all'))
  })

  test('time matters to drift, to reads and to the whole, and through its compensation to readouts', () => {
    const changing = (h: Hardware): readonly ErrorSource[] => errorSources.filter(s => changesWithTime(h, s))
    expect(changing({ ...full, driftCompensation: 'none' })).toEqual(['drift', 'read', 'all'])
    expect(changing(full)).toEqual(['drift', 'read', 'adc', 'output noise', 'all'])
  })
})
