/** What a unit depends on: whatever changes its numbers, and nothing else, so that finished units serve again. */
import { describe, expect, test } from 'vitest'
import type { Config, TaskSource } from '../../../src/domain/experiment/config.js'
import { seconds } from '../../../src/domain/experiment/duration.js'
import { defaultHardware } from '../../../src/domain/experiment/hardware.js'
import { irDropRules, type AnalogMethod, type DigitalMethod } from '../../../src/domain/experiment/method.js'
import { plan, sharded, type TaskInputs } from '../../../src/domain/experiment/plan.js'

const digital: DigitalMethod = { name: 'd', execution: 'digital', engine: 'ohmflow' }
const chip: AnalogMethod = {
  ...{ name: 'a', execution: 'analog', spare: 'none', rowScale: 'none', irDrop: 'none', hardware: {} },
  columnRange: { rule: 'abs-max' },
  inputRange: { rule: 'abs-max' },
  objective: { weights: 'logits', times: [seconds(3600)] },
}
const path = { written: 'p', resolved: '/p' }
const task = (name: 'cola' | 'stsb'): TaskSource => ({
  ...{ task: name, checkpoint: path, data: path, tokenizer: null, examples: 10, split: 'dev' },
})
const config: Config = {
  ...{ schema: 1, name: 'x', seed: 1, sweep: null, train: null, hardware: defaultHardware },
  tasks: [task('cola'), task('stsb')],
  repeat: { chips: 2, reads: 2, times: [seconds(0), seconds(3600)] },
  calibration: { split: 'train', examples: 4, vectors: 16 },
  methods: [digital, chip],
}
const hashes = (k: string): TaskInputs => ({
  checkpoint: `c${k}`,
  tokenizer: `t${k}`,
  data: `d${k}`,
  calibration: `k${k}`,
})
const inputs = [hashes('0'), hashes('1')]

const keys = (change: Partial<Config> = {}, given: readonly TaskInputs[] = inputs) => {
  const { scores, methods } = plan({ ...config, ...change }, given, null)
  const of = (kind: string): readonly string[] =>
    [...scores, ...methods].filter(u => u.kind === kind).map(u => JSON.stringify(u.dependsOn))
  const [digitally, onChips] = [false, true].map(c =>
    scores.filter(u => (u.repetition !== null) === c).map(u => JSON.stringify(u.dependsOn)),
  )
  return { digital: digitally ?? [], chips: onChips ?? [], ranges: of('ranges'), errors: of('errors') }
}
const base = keys()
type Kind = keyof typeof base

const withChip = (change: Partial<AnalogMethod>): Partial<Config> => ({ methods: [digital, { ...chip, ...change }] })

describe('the plan', () => {
  test('is tasks, methods, chips, reads and times, each once, then what is found out about each method', () => {
    const { scores, methods } = plan(config, inputs, null)
    expect(scores.map(u => [u.task.task, u.method.name, u.repetition])).toEqual(
      ['cola', 'stsb'].flatMap(t => [
        [t, 'd', null],
        ...[0, 1].flatMap(c => [0, 1].flatMap(r => [0, 3600].map(s => [t, 'a', { chip: c, read: r, timeSeconds: s }]))),
      ]),
    )
    expect(methods.map(u => [u.task.task, u.method.name, u.kind])).toEqual(
      ['cola', 'stsb'].flatMap(t => ['ranges', 'errors'].map(k => [t, 'a', k])),
    )
    expect([...scores, ...methods].map(u => u.index)).toEqual([...Array(22).keys()])
    for (const list of Object.values(base)) expect(new Set(list).size).toBe(list.length)
    const shares = [0, 1, 2].map(index => sharded([...scores, ...methods], { index, of: 3 }))
    expect(
      shares
        .flat()
        .map(u => u.index)
        .sort((a, b) => a - b),
    ).toEqual([...Array(22).keys()])
    expect(Math.max(...shares.map(s => s.length)) - Math.min(...shares.map(s => s.length))).toBeLessThan(2)
  })

  const harmless: readonly (readonly [string, Partial<Config>])[] = [
    ["the experiment's name", { name: 'y' }],
    ["a method's name", withChip({ name: 'b' })],
    ['an objective that nothing minimises', withChip({ objective: { weights: 'none', times: [seconds(0)] } })],
    ['a compensation of wires that are not there', withChip({ irDrop: 'both' })],
    ['a setting of the hardware spelt out', withChip({ hardware: { outputNoise: defaultHardware.outputNoise } })],
  ]
  test.each(harmless)('%s changes no unit', (_, change) => {
    expect(keys(change)).toEqual(base)
  })

  test('more chips, reads and times keep the units there are; errors are of all times together', () => {
    const more = keys({ repeat: { chips: 3, reads: 4, times: [seconds(86_400), seconds(0), seconds(3600)] } })
    expect(more.chips).toHaveLength(2 * 36)
    for (const unit of base.chips) expect(more.chips).toContain(unit)
    expect([more.digital, more.ranges]).toEqual([base.digital, base.ranges])
    expect(more.errors.some(unit => base.errors.includes(unit))).toBe(false)
    // Neither chips nor reads are in them.
    expect(keys({ repeat: { ...config.repeat, chips: 9, reads: 9 } }).errors).toEqual(base.errors)
  })

  const everything: readonly Kind[] = ['digital', 'chips', 'ranges', 'errors']
  const analog: readonly Kind[] = ['chips', 'ranges', 'errors']
  const other = (change: Partial<TaskInputs>): readonly TaskInputs[] => inputs.map(own => ({ ...own, ...change }))
  type Effect = readonly [name: string, kinds: readonly Kind[], change: Partial<Config>, given: readonly TaskInputs[]]
  const effective: readonly Effect[] = [
    ['another seed', ['chips', 'errors'], { seed: 2 }, inputs],
    ['other hardware', analog, { hardware: { ...defaultHardware, outputNoise: 0.05 } }, inputs],
    ["a method's own hardware", analog, withChip({ hardware: { adc: { bits: 7 } } }), inputs],
    [
      'another rule',
      analog,
      withChip({ inputRange: { rule: 'percentile', percentile: 99, of: 'magnitude', start: 'abs-max' } }),
      inputs,
    ],
    ['scaled rows', analog, withChip({ rowScale: 'optimal' }), inputs],
    ['more calibration', analog, { calibration: { split: 'train', examples: 5, vectors: 16 } }, inputs],
    ['other examples', ['digital', 'chips'], { tasks: config.tasks.map(t => ({ ...t, examples: 11 })) }, inputs],
    [
      'another split',
      ['digital', 'chips'],
      { tasks: config.tasks.map(t => ({ ...t, split: 'test' as const })) },
      inputs,
    ],
    ['another checkpoint', everything, {}, other({ checkpoint: 'x' })],
    ['another tokeniser', everything, {}, other({ tokenizer: 'x' })],
    ['other data', ['digital', 'chips'], {}, other({ data: 'x' })],
    ['other calibration data', analog, {}, other({ calibration: 'x' })],
  ]
  test.each(effective)('%s: other units of %s, and the same of the rest', (_, kinds, change, given) => {
    const found = keys(change, given)
    for (const kind of everything)
      if (kinds.includes(kind)) expect([kind, found[kind].some(u => base[kind].includes(u))]).toEqual([kind, false])
      else expect([kind, found[kind]]).toEqual([kind, base[kind]])
  })

  test('an objective counts where something minimises it', () => {
    const at = (change: Partial<AnalogMethod>, time: number) =>
      keys(withChip({ ...change, objective: { weights: 'logits', times: [seconds(time)] } })).chips
    for (const change of [
      { columnRange: { rule: 'optimal', start: 'abs-max' } },
      { columnRange: { rule: 'optimal', start: { rule: 'weight-standard-deviations', standardDeviations: 3 } } },
      { inputRange: { rule: 'optimal', start: 'abs-max' } },
      { spare: 'columns' },
    ] as const)
      expect(at(change, 0)).not.toEqual(at(change, 3600))
  })

  test('every compensation of the IR drop has units of its own, whatever the objective', () => {
    const hardware = { wireResistanceOhm: 0.35 }
    const objective = { weights: 'none', times: [seconds(0)] } as const
    const found = irDropRules.map(irDrop => keys(withChip({ irDrop, hardware })))
    for (const kind of analog) expect(new Set(found.flatMap(k => k[kind])).size).toBe(4 * base[kind].length)
    expect(irDropRules.map(irDrop => keys(withChip({ irDrop, hardware, objective })))).toEqual(found)
  })

  test('a file of ranges counts by what is in it, for the methods that take ranges from it', () => {
    const of = (written: string, hash: string, kind: 'columnRange' | 'inputRange') => {
      const file = { written, resolved: `/${written}` }
      const saved: AnalogMethod = { ...chip, name: 's', [kind]: { rule: 'fixed', value: null, file } }
      const { scores, methods } = plan(
        { ...config, methods: [digital, chip, saved] },
        inputs,
        null,
        new Map([[file.resolved, hash]]),
      )
      const units = [...scores, ...methods]
      return ['d', 'a', 's'].map(m => units.flatMap(u => (u.method.name === m ? [JSON.stringify(u.dependsOn)] : [])))
    }
    for (const kind of ['columnRange', 'inputRange'] as const) {
      const [digitally, plain, saved] = of('r.json', 'f00', kind)
      expect(saved).toHaveLength(2 * (8 + 2))
      for (const unit of saved ?? []) expect(unit).toContain('"file":"f00"')
      expect(of('elsewhere/r.json', 'f00', kind)).toEqual([digitally, plain, saved])
      const [, same, other] = of('r.json', 'ba2', kind)
      expect(same).toEqual(plain)
      for (const unit of other ?? []) expect(saved).not.toContain(unit)
    }
    const file = { written: 'r.json', resolved: '/r.json' }
    expect(() => keys(withChip({ columnRange: { rule: 'fixed', value: null, file } }))).toThrow(
      '"files" expected the hash of r.json, got none',
    )
  })

  test('needs the hashes of every task', () => {
    expect(() => plan(config, [hashes('0')], null)).toThrow('"inputs" expected 2 entries, got 1')
  })
})
