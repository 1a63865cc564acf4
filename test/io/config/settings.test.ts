import { test } from '@fast-check/vitest'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect } from 'vitest'
import type { Json } from '../../../src/domain/experiment/config.js'
import type { Settings } from '../../../src/domain/experiment/sweep.js'
import { describe as inWords } from '../../../src/domain/problem.js'
import { configHash, experimentHash } from '../../../src/io/config/canonical.js'
import { decodeConfig } from '../../../src/io/config/config.js'
import { decodeSettings } from '../../../src/io/config/settings.js'

const base = {
  ...{ schema: 1, name: 'x', seed: 1 },
  tasks: [{ task: 'sst2', checkpoint: 'm', data: 'd' }],
  hardware: { adc: { bits: 8 }, device: 'pcm' },
  methods: [
    { name: 'digital', execution: 'digital' },
    { name: 'optimal', columnRange: { rule: 'optimal' }, inputRange: { rule: 'abs-max' } },
  ],
}
type Values = Readonly<Record<string, Json>>

const decoded = (sweep: Values | null, change: object = {}) => {
  const json = { ...base, ...change, ...(sweep === null ? {} : { sweep }) }
  const config = decodeConfig('c.json', '/exp', json)
  if (isLeft(config)) throw new Error(config.left.map(inWords).join('\n'))
  return { config: config.right, settings: decodeSettings('c.json', '/exp', json, config.right) }
}
const settingsOf = (sweep: Values, change: object = {}): Settings => {
  const { settings } = decoded(sweep, change)
  if (isLeft(settings)) throw new Error(settings.left.map(inWords).join('\n'))
  return settings.right
}
const messages = (sweep: Values, change: object = {}): readonly string[] => {
  const { settings } = decoded(sweep, change)
  return isLeft(settings) ? settings.left.map(inWords) : []
}
const hashOf = (sweep: Values, change: object = {}): string =>
  experimentHash(decoded(sweep, change).config, settingsOf(sweep, change))

describe('settings of a sweep', () => {
  test('each is the config that somebody would have written', () => {
    const sweep = {
      'hardware.adc.bits': [5, 'off'],
      'methods.1.hardware.tile': [{ rows: 64, columns: 32 }],
      'repeat.times': [['1 h'], ['1 d', '1 y']],
      'tasks.0.examples': [7],
      seed: [3],
    }
    const found = settingsOf(sweep).all
    const written = [5, 'off'].flatMap(bits =>
      [['1 h'], ['1 d', '1 y']].map(times => ({
        ...base,
        seed: 3,
        tasks: [{ ...base.tasks[0], examples: 7 }],
        hardware: { ...base.hardware, adc: { bits } },
        repeat: { times },
        methods: [base.methods[0], { ...base.methods[1], hardware: { tile: { rows: 64, columns: 32 } } }],
      })),
    )
    expect(found.map(s => s.config)).toEqual(written.map(json => decoded(null, json).config))
    // What a config leaves out follows the values of its setting.
    expect(found.map(s => s.config.methods[1])).toMatchObject(
      [[3600], [86_400, 31_536_000], [3600], [86_400, 31_536_000]].map(times => ({ objective: { times } })),
    )
    expect(found[2]?.cells).toEqual({
      'hardware.adc.bits': 'off',
      'methods.1.hardware.tile.columns': 32,
      'methods.1.hardware.tile.rows': 64,
      'repeat.times': '["1 h"]',
      'tasks.0.examples': 7,
      seed: 3,
    })
  })

  test('their columns have units and descriptions of the keys', () => {
    const { columns } = settingsOf({ 'hardware.wireResistanceOhm': [0, 0.35], 'hardware.outputNoise': [0.1, 0.2] })
    expect(columns.map(c => [c.name, c.type, c.unit])).toEqual([
      ['hardware.outputNoise', 'float64', 'unit of adc.bound'],
      ['hardware.wireResistanceOhm', 'float64', 'ohm'],
    ])
    expect(columns[1]?.description).toContain('Bit-line resistance between neighbouring cross-points [ohm]')
  })

  test('a config without a sweep is its one setting, with its hash', () => {
    const { config, settings } = decoded(null)
    if (isLeft(settings)) throw new Error('refused')
    expect(settings.right).toEqual({ columns: [], all: [{ index: 0, choices: [], config, cells: {} }] })
    expect(experimentHash(config, settings.right)).toBe(configHash(config))
  })

  test('the hash is of what is run and how it is called: neither of the order of keys nor of what is swept over', () => {
    const sweep = { 'hardware.adc.bits': [5, 6], 'hardware.outputNoise': [0, 0.1] }
    const once = hashOf(sweep)
    expect(hashOf({ 'hardware.outputNoise': [0, 0.1], 'hardware.adc.bits': [5, 6] })).toBe(once)
    expect(hashOf(sweep, { hardware: { adc: { bits: 12 }, device: 'pcm' } })).toBe(once)
    expect(hashOf(sweep, { repeat: { times: ['60 min'] } })).toBe(once)
    expect(hashOf({ ...sweep, 'hardware.adc.bits': [6, 5] })).not.toBe(once)
    expect(hashOf({ ...sweep, combine: 'zipped' })).not.toBe(once)
    expect(hashOf(sweep, { seed: 2 })).not.toBe(once)
    // The same base, encoded alike, but other settings: an objective's times that follow those of repeat, and do not.
    const times = { 'repeat.times': [['1 d'], ['1 y']] }
    const fixed = [base.methods[0], { ...base.methods[1], objective: { times: ['1 h'] } }]
    expect(hashOf(times, { methods: fixed })).not.toBe(hashOf(times))
  })
})

describe('what is refused', () => {
  const cases: readonly (readonly [string, Values, readonly string[]])[] = [
    [
      'a value, under its key and place, once',
      { 'hardware.adc.bits': [6, 13], 'hardware.outputNoise': [0, 0.1, -1] },
      [
        'c.json: sweep["hardware.outputNoise"].2: expected a number in [0, 100], found -1',
        'c.json: sweep["hardware.adc.bits"].1: expected an integer in [2, 12] or "off", found 13',
      ],
    ],
    [
      'a place within a value',
      { 'hardware.tile': [{ rows: 64, columns: 0 }, { row: 64 }] },
      [
        'c.json: sweep["hardware.tile"].0.columns: expected an integer in [1, 512], found 0',
        'c.json: sweep["hardware.tile"].1.row: expected one of the keys of a tile: rows, columns (did you mean "rows"?), found the unknown key "row"',
      ],
    ],
    [
      'a value for a rule that has no such key',
      { 'methods.1.inputRange.percentile': [99] },
      [
        'c.json: sweep["methods.1.inputRange.percentile"].0: expected one of the keys of the rule "abs-max": rule, found the unknown key "percentile"',
      ],
    ],
    [
      'what is wrong elsewhere by a value, with all of the setting',
      { 'methods.1.inputRange.rule': ['percentile'], seed: [7] },
      [
        'c.json: methods.1.inputRange.percentile: expected a number in (0, 100], found nothing, with methods.1.inputRange.rule percentile, seed 7 of the sweep',
      ],
    ],
    [
      'a key below what is no object',
      { 'hardware.device.gMaxMicroSiemens': [12] },
      [
        'c.json: sweep["hardware.device.gMaxMicroSiemens"].0: expected an object at hardware.device, to put it in, found "pcm"',
      ],
    ],
    [
      'an item that the config has not',
      { 'methods.2.name': ['third'] },
      [
        `c.json: sweep["methods.2.name"].0: expected at least 3 items at methods, to put it in, found ${JSON.stringify(base.methods).slice(0, 57)}...`,
      ],
    ],
    [
      'a setting twice, however it is written',
      { 'repeat.times': [['1 h'], ['2 h'], ['60 min']] },
      ['c.json: sweep: expected settings that differ, found repeat.times ["60 min"] a second time'],
    ],
    [
      'too many settings',
      { seed: Array.from({ length: 100 }, (_, i) => i), 'repeat.chips': Array.from({ length: 41 }, (_, i) => i + 1) },
      ['c.json: sweep: expected at most 4096 settings in all, found 4100'],
    ],
  ]
  test.each(cases)('%s', (_, sweep, expected) => expect(messages(sweep)).toEqual(expected))
})
