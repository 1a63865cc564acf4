import { describe, expect, test } from 'vitest'
import { thisVersion, unavailable, type Available } from '../../../src/domain/experiment/available.js'
import type { Config } from '../../../src/domain/experiment/config.js'
import { seconds } from '../../../src/domain/experiment/duration.js'
import { defaultHardware, type HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import { irDropRules, type AnalogMethod, type DigitalMethod } from '../../../src/domain/experiment/method.js'
import { describe as message } from '../../../src/domain/problem.js'
import { ownTable, presetChoices } from '../devices/choices.js'

const digital: DigitalMethod = { name: 'd', execution: 'digital', engine: 'ohmflow' }
const analog: AnalogMethod = {
  name: 'a',
  execution: 'analog',
  columnRange: { rule: 'abs-max' },
  inputRange: { rule: 'abs-max' },
  objective: { weights: 'logits', times: [seconds(0)] },
  spare: 'none',
  rowScale: 'none',
  irDrop: 'none',
  hardware: {},
}
const config: Config = {
  schema: 1,
  name: 'x',
  seed: 0,
  tasks: [],
  hardware: defaultHardware,
  repeat: { chips: 1, reads: 1, times: [seconds(0)] },
  calibration: { split: 'train', examples: 1, vectors: 4 },
  methods: [digital],
  sweep: null,
  train: null,
}
/** A version with less: no more than the plain chip. */
const less: Available = {
  ...thisVersion,
  devices: ['pcm'],
  readNoises: ['per read'],
  driftCompensations: ['none', 'global'],
  columnRules: ['abs-max'],
  inputRules: ['abs-max'],
  spares: ['none'],
  irDropRules: ['none'],
  wireResistance: false,
}

const refusal = (change: Partial<Config>, built?: Available): string | null => {
  const found = unavailable('c.json', { ...config, ...change }, built)
  return found === null ? null : message(found)
}
const withMethod = (change: Partial<AnalogMethod>): Partial<Config> => ({
  methods: [digital, { ...analog, ...change }],
})

describe('what is available', () => {
  test('digital methods on any hardware', () => {
    expect(refusal({})).toBeNull()
    expect(refusal({ hardware: { ...defaultHardware, wireResistanceOhm: 1 } })).toBeNull()
  })

  test('what this version lacks is named', () => {
    expect(refusal({ methods: [{ ...digital, engine: 'tensorflow' }] }, { ...thisVersion, engines: ['ohmflow'] })).toBe(
      'c.json: methods.0.engine: expected "ohmflow", found "tensorflow" (method "d"), which is not available in this version',
    )
    expect(refusal({ methods: [{ ...digital, engine: 'tensorflow' }] })).toBeNull()
    expect(refusal({ sweep: { combine: 'crossed', axes: [] } }, { ...thisVersion, sweep: false })).toBe(
      'c.json: sweep: expected it left out, found a sweep, which is not available in this version',
    )
    expect(
      refusal(withMethod({ hardware: { driftCompensation: 'affine' } }), {
        ...thisVersion,
        driftCompensations: ['none', 'global'],
      }),
    ).toBe(
      'c.json: methods.1.hardware.driftCompensation: expected "none" or "global", found "affine", which is not available in this version',
    )
    expect(refusal(withMethod({ inputRange: { rule: 'dynamic' } }))).toBeNull()
    const both = { inputRange: { rule: 'dynamic' }, columnRange: { rule: 'optimal', start: 'abs-max' } } as const
    expect(refusal(withMethod(both))).toContain('methods.1.inputRange.rule')
    expect(refusal(withMethod({ inputRange: { rule: 'dynamic' }, spare: 'columns' }))).toContain('methods.1.inputRange')
    expect(refusal(withMethod({ spare: 'columns and rows' }))).toBeNull()
    const older = { ...thisVersion, spares: ['none', 'columns'] } as const
    expect(refusal(withMethod({ spare: 'columns and rows' }), older)).toContain('methods.1.spare')
    const saved = { rule: 'fixed', value: null, file: { written: 'r.json', resolved: '/r.json' } } as const
    expect(refusal(withMethod({ columnRange: saved, inputRange: saved }))).toBeNull()
    expect(refusal(withMethod({ columnRange: saved }), { ...thisVersion, rangeFiles: false })).toBe(
      'c.json: methods.1.columnRange.file: expected it left out, and "value" instead, found "r.json", which is not available in this version',
    )
    expect(refusal(withMethod({ columnRange: { ...saved, value: 1, file: null } }))).toBeNull()
    expect(
      refusal(
        withMethod({
          columnRange: { rule: 'optimal', start: 'abs-max' },
          inputRange: { rule: 'optimal', start: 'learned' },
        }),
      ),
    ).toBeNull()
    expect(refusal(withMethod({}), { ...thisVersion, executions: ['digital'] })).toBe(
      'c.json: methods.1.execution: expected "digital", found "analog" (method "a"), which is not available in this version',
    )
  })

  test('a chip is, with every device, both read noises and wires', () => {
    for (const irDrop of irDropRules) expect(refusal(withMethod({ irDrop }))).toBeNull()
    const changes: readonly HardwareOverride[] = [
      ...presetChoices.map(device => ({ device })),
      { device: ownTable },
      { readNoise: 'per VMM' },
      { wireResistanceOhm: 0.35 },
      { driftCompensation: 'none' },
      { driftCompensation: 'per-column' },
      { driftCompensation: 'least-squares' },
    ]
    for (const hardware of changes) expect(refusal(withMethod({ hardware }))).toBeNull()
  })

  test('parts are switched on one by one; what a method changes is shown where it is written', () => {
    expect(refusal(withMethod({}), less)).toBeNull()
    const places: readonly (readonly [Partial<Config>, string])[] = [
      [
        withMethod({ columnRange: { rule: 'learned' } }),
        'methods.1.columnRange.rule: expected "abs-max", found "learned"',
      ],
      [
        withMethod({ inputRange: { rule: 'dynamic' } }),
        'methods.1.inputRange.rule: expected "abs-max", found "dynamic"',
      ],
      [withMethod({ spare: 'columns' }), 'methods.1.spare: expected "none", found "columns"'],
      [withMethod({ irDrop: 'place' }), 'methods.1.irDrop: expected "none", found "place"'],
      [
        withMethod({ hardware: { driftCompensation: 'affine' } }),
        'methods.1.hardware.driftCompensation: expected "none" or "global", found "affine"',
      ],
      [
        { ...withMethod({}), hardware: { ...defaultHardware, readNoise: 'per VMM' } },
        'hardware.readNoise: expected "per read", found "per VMM"',
      ],
      [
        { ...withMethod({}), hardware: { ...defaultHardware, wireResistanceOhm: 0.35 } },
        'hardware.wireResistanceOhm: expected 0, found 0.35',
      ],
      [
        withMethod({ hardware: { device: { kind: 'preset', preset: 'hermes-1', gMaxMicroSiemens: 10 } } }),
        'methods.1.hardware.device: expected "pcm", found "hermes-1"',
      ],
    ]
    for (const [change, expected] of places) {
      expect(refusal(change, less)).toBe(`c.json: ${expected}, which is not available in this version`)
    }
  })
})
