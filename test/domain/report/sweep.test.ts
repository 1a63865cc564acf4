import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fc, test as property } from '@fast-check/vitest'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { resultsOfSettings } from '../../../src/domain/experiment/setting-results.js'
import {
  isOrdered,
  mainAxis,
  rowLabel,
  shortNames,
  spacingOf,
  sweepAxes,
  type SweepAxis,
} from '../../../src/domain/report/axes.js'
import { heatFigure } from '../../../src/domain/report/heat.js'
import { sweepFigure, tasksFigure } from '../../../src/domain/report/sweep.js'
import { settingGrids, type SweepResults } from '../../../src/domain/report/sweep-results.js'
import { sweepAnswers } from '../../../src/domain/report/sweep-answer.js'
import { inSetting, variedOf } from '../../../src/domain/report/varied.js'
import type { ScoreRow } from '../../../src/domain/tables/scores.js'
import type { Column, Row } from '../../../src/domain/tables/table.js'
import { svgOf } from '../../../src/io/report/svg.js'
import { repository } from '../../shared.js'
import { analog, digital } from '../experiment/scored.js'
import { valuesIn } from './values.js'

const column = (name: string, type: Column['type'] = 'float64'): Column => ({
  ...{ name, type, nullable: false, unit: '1', description: `about ${name}` },
})
const bits = column('hardware.adc.bits', 'int32')
const noise = column('hardware.outputNoise')
const rule = column('methods.1.inputRange.rule', 'utf8')
const percentile = { ...column('methods.1.inputRange.percentile'), nullable: true }

const crossed = (a: readonly Row[], b: readonly Row[]): readonly Row[] => a.flatMap(x => b.map(y => ({ ...x, ...y })))
const ofBits = [4, 6, 8].map(v => ({ [bits.name]: v }))
const ofNoise = [0, 0.04].map(v => ({ [noise.name]: v }))
const ofRule = [
  { [rule.name]: 'abs-max', [percentile.name]: null },
  { [rule.name]: 'percentile', [percentile.name]: 99 },
  { [rule.name]: 'percentile', [percentile.name]: 99.5 },
]

/** The better the more bits, the worse the more noise; intervals over two chips. */
const scored = (settings: readonly Row[], tasks: readonly string[], chips = 2): readonly ScoreRow[] =>
  settings.flatMap((row, i) =>
    tasks.flatMap(task =>
      [
        digital(0.9, { task }),
        ...[0, 3600].flatMap(time_seconds =>
          ['abs-max', 'paper'].flatMap((method, j) => {
            const value = 0.5 + 0.01 * i + 0.1 * j - 0.05 * Number(time_seconds > 0)
            const own = Array.from({ length: chips }, (_, c) => [value + 0.02 * c])
            return analog(method, own, { task, time_seconds })
          }),
        ),
      ].map(score => ({ ...row, ...score })),
    ),
  )

const sweepOf = (columns: readonly Column[], rows: readonly ScoreRow[]): SweepResults => ({
  columns,
  settings: resultsOfSettings(rows, columns),
})
const plain = sweepOf([bits, noise], scored(crossed(ofBits, ofNoise), ['sst2']))
const tasks = sweepOf([bits, noise], scored(crossed(ofBits, ofNoise), ['sst2', 'rte'], 1))
const words = sweepOf([percentile, rule], scored(ofRule, ['sst2']))
const bare = sweepOf([bits], ofBits.map((row, i) => ({ ...row, ...digital(0.8 + 0.01 * i) }))) // prettier-ignore
/** A setting without a chip among others, and one where nothing is defined. */
const mixed = sweepOf(
  [bits, noise],
  scored(crossed(ofBits, ofNoise), ['sst2'])
    .filter(r => (r as ScoreRow & Row)[bits.name] !== 4 || r.chip === null)
    .map(r => ((r as ScoreRow & Row)[bits.name] === 8 && r.chip !== null ? { ...r, value: NaN } : r)),
)
const sweeps = { plain, tasks, words, bare, mixed }

const names = (axes: readonly SweepAxis[]): readonly (readonly string[])[] => axes.map(a => a.columns.map(c => c.name))

describe('the axes of a sweep', () => {
  test('keys that are crossed are axes of their own, keys that go together one', () => {
    expect(names(sweepAxes([bits, noise], crossed(ofBits, ofNoise)))).toEqual([[bits.name], [noise.name]])
    const zipped = ofBits.map((row, i) => ({ ...row, [noise.name]: i }))
    expect(names(sweepAxes([bits, noise], zipped))).toEqual([[bits.name, noise.name]])
    const both = crossed(ofBits, ofRule)
    expect(names(sweepAxes([bits, percentile, rule], both))).toEqual([[bits.name], [percentile.name, rule.name]])
    // A key of one value is tied to nothing.
    const one = crossed(ofBits, [{ [noise.name]: 0 }])
    expect(sweepAxes([bits, noise], one).map(a => a.values.length)).toEqual([3, 1])
  })

  test('settings that are not every value with every other are one axis', () => {
    const some = crossed(ofBits, ofNoise).slice(1)
    const [axis, ...others] = sweepAxes([bits, noise], some)
    expect([axis?.columns.length, axis?.values, others]).toEqual([2, some, []])
  })

  property.prop([fc.integer({ min: 2, max: 4 }), fc.integer({ min: 2, max: 4 }), fc.integer({ min: 2, max: 4 })])(
    'the product of the axes is the settings',
    (a, b, c) => {
      const of = (name: string, n: number) => Array.from({ length: n }, (_, i) => ({ [name]: i }))
      const settings = crossed(crossed(of('a', a), of('b', b)), of('c', c))
      const axes = sweepAxes(['a', 'b', 'c'].map(n => column(n)), settings) // prettier-ignore
      expect(axes.map(axis => axis.values.length)).toEqual([a, b, c])
    },
  )

  test('scores are drawn over the numbers of most values, in proportion where they have room', () => {
    const axes = (columns: readonly Column[], settings: readonly Row[]) => sweepAxes(columns, settings)
    expect(mainAxis(axes([bits, noise], crossed(ofBits, ofNoise)))?.columns).toEqual([bits])
    // Three words, but two numbers.
    expect(mainAxis(axes([noise, percentile, rule], crossed(ofNoise, ofRule)))?.columns).toEqual([noise])
    expect(mainAxis(axes([bits, noise], crossed(ofBits.slice(0, 1), ofNoise)))?.columns).toEqual([noise])
    const over = (values: readonly (number | string)[], type: Column['type'] = 'float64') =>
      spacingOf({ columns: [column('a', type)], values: values.map(a => ({ a })) })
    expect(over([4, 6, 8])).toBe('linear')
    expect(over([0.001, 0.01, 0.1, 1])).toBe('log')
    expect(over([0, 0.001, 0.01, 1])).toBe('even')
    expect(over(['5', 'off'], 'utf8')).toBe('even')
    expect(isOrdered({ columns: [column('a', 'utf8')], values: [] })).toBe(false)
  })

  test('names are as short as tells them apart', () => {
    const other = column('hardware.dac.bits', 'int32')
    const deep = [column('methods.1.inputRange.rule', 'utf8'), column('methods.2.inputRange.rule', 'utf8')]
    const short = shortNames([bits, other, noise, ...deep])
    expect([...short.values()]).toEqual([
      'adc.bits',
      'dac.bits',
      'outputNoise',
      '1.inputRange.rule',
      '2.inputRange.rule',
    ])
    const label = rowLabel(short)
    expect(label([bits, noise], { [bits.name]: 4, [noise.name]: 0 })).toBe('adc.bits 4, outputNoise 0')
    expect(rowLabel(shortNames([rule, percentile]))([rule, percentile], ofRule[0] ?? {})).toBe(
      'inputRange.rule abs-max',
    )
    expect(rowLabel(shortNames([percentile, rule]))([percentile, rule], ofRule[1] ?? {})).toBe(
      'inputRange.percentile 99, rule percentile',
    )
    expect(rowLabel(shortNames([percentile]))([percentile], ofRule[0] ?? {})).toBe('no inputRange.percentile')
  })
})

describe('the figures of a sweep', () => {
  const figures = Object.values(sweeps).flatMap(sweep => [sweepFigure(sweep), heatFigure(sweep), tasksFigure(sweep)])
  const all = figures.filter(f => f !== null)
  const first = all[0]
  const told = first === undefined ? [] : [inSetting('adc.bits 4', first)]

  test('are Vega-Lite by its own schema, and drawn without a warning, the same twice', async () => {
    const file = join(repository, 'node_modules/vega-lite/build/vega-lite-schema.json')
    const ajv = new Ajv({ strict: false, validateFormats: false })
    const valid = ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object)
    expect(all.length).toBe(5 + (5 - 1) + 1)
    for (const { name, spec, alt } of [...all, ...told]) {
      expect([name, valid(spec), valid.errors?.[0]]).toEqual([name, true, undefined])
      const svg = await svgOf(name, spec, alt)
      expect(await svgOf(name, spec, alt)).toBe(svg)
      expect(svg).toMatch(/^<svg role="img" aria-label="[^"]{20,}"/)
      expect(svg).not.toMatch(/NaN|undefined"|Infinity/)
    }
    expect(told[0]?.alt).toMatch(/^With adc.bits 4: Scores: sst2 accuracy over/)
  })

  test('hold each setting’s numbers at the last time, every method over the axis, a panel for each other value', () => {
    const figure = sweepFigure(plain)
    const shown = valuesIn(figure.spec)
    for (const { cells, results } of plain.settings)
      for (const { method, time_seconds, mean, low, high } of results.summary.filter(s => s.time_seconds === 3600))
        expect(shown).toContainEqual({ x: cells[bits.name], method, time_seconds, mean, low, high })
    expect(shown.filter(v => v.time_seconds === 3600)).toHaveLength(6 * 2)
    expect(shown.some(v => v.time_seconds === 0)).toBe(false)
    const panels = figure.spec.concat as readonly { title: string }[]
    expect(panels.map(p => p.title)).toEqual(['outputNoise 0', 'outputNoise 0.04'])
    expect(figure.alt).toContain('outputNoise 0.04: digital 0.900; abs-max 4: 0.470')
  })

  test('of several tasks the mean, and each in panels of its own', () => {
    expect(sweepFigure(tasks).title).toBe('Scores: mean of 2 tasks over adc.bits after 1 h')
    const figure = tasksFigure(tasks)
    expect((figure?.spec.concat as readonly { title: string }[]).map(p => p.title)).toEqual([
      'sst2: accuracy, outputNoise 0',
      'sst2: accuracy, outputNoise 0.04',
      'rte: accuracy, outputNoise 0',
      'rte: accuracy, outputNoise 0.04',
    ])
    expect(tasksFigure(plain)).toBeNull()
  })

  test('the map has what every method wins back in every setting', () => {
    const shown = valuesIn(heatFigure(plain)?.spec)
    const [one] = plain.settings
    const won = one?.results.recovery.find(r => r.method === 'paper' && r.time_seconds === 3600)?.recovered
    expect(shown).toContainEqual({
      setting: 'adc.bits 4, outputNoise 0',
      method: 'paper',
      value: won,
      text: `${(100 * (won ?? NaN)).toFixed(1)} %`,
    })
    // Scores of two methods, shares of one.
    expect(shown).toHaveLength(6 * 3)
    expect(heatFigure(bare)).toBeNull()
  })

  test('the numbers are of all settings at every time', () => {
    const grids = settingGrids(plain)
    expect(grids.map(g => g.caption.split(' (')[0])).toEqual([
      'Scores of every setting after 0 s',
      'Scores of every setting after 1 h',
    ])
    expect(grids[1]?.rows[0]?.slice(0, 4)).toEqual(['-', '-', 'digital', '0.9000'])
    expect(grids[1]?.rows).toHaveLength(1 + 6 * 2)
    expect(settingGrids(bare)[0]?.rows.map(r => r[0])).toEqual(['4', '6', '8'])
  })

  test('many panels and rows are cut and it says so, the numbers are not', () => {
    const many = Array.from({ length: 30 }, (_, i) => ({ [noise.name]: 0.001 * (i + 1) }))
    const wide = sweepOf([bits, noise, rule], scored(crossed(crossed(ofBits.slice(0, 2), many), [{ [rule.name]: 'a' }, { [rule.name]: 'b' }]), ['sst2'])) // prettier-ignore
    const four = sweepOf([bits, noise], scored(crossed(Array.from({ length: 40 }, (_, i) => ({ [bits.name]: i })), many), ['sst2'], 1)) // prettier-ignore
    expect(heatFigure(wide)?.caption).toContain('The first 48 of 120 settings')
    expect((sweepFigure(four).spec.concat as readonly unknown[]).length).toBe(12)
    expect(sweepFigure(four).caption).toContain('the first 12 settings of the other keys')
    expect(settingGrids(wide)[0]?.rows).toHaveLength(1 + 120 * 2)
  })
})

describe('what the report of a sweep says first', () => {
  test('from the worst setting to the best, by each one’s best method; then what is varied', () => {
    const [shown] = plain.settings
    if (shown === undefined) throw new Error('no setting')
    const errors = [{ method: 'paper', time_seconds: 3600, source: 'adc' as const, error: 0.3, predicted: null }]
    const [accurate, back, rest] = sweepAnswers(plain, shown, errors)
    expect(accurate).toMatchObject({ question: 'How accurate after 1 h?', short: '0.560 to 0.610' })
    expect(accurate?.long).toContain('Most: paper 0.610 ±')
    expect(back?.short).toBe('22.7 %')
    expect(back?.long).toContain(
      'largest, with adc.bits 4, outputNoise 0, by paper. Over all settings, each by its best method: 22.7 % to 25.6 %',
    )
    expect(rest).toMatchObject({ short: 'ADC: 0.300' })
    expect(rest?.long).toMatch(
      /^With adc.bits 4, outputNoise 0: relative error of a layer’s output, the mean over layers, by the largest source/,
    )
    expect(sweepAnswers(bare, shown, []).map(a => [a.question, a.short])).toEqual([['How accurate?', '0.800 to 0.820']])
    const varied = variedOf([bits, noise], crossed(ofBits, ofNoise))
    expect(varied.said).toBe('A sweep of 6 settings, every value with every other.')
    expect(varied.keys.rows).toEqual([
      [bits.name, '4, 6, 8', `about ${bits.name}`],
      [noise.name, '0, 0.04', `about ${noise.name}`],
    ])
  })
})
