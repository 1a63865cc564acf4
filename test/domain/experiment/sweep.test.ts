import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { Json, Sweep } from '../../../src/domain/experiment/config.js'
import { choicesAt, choicesText, settingsIn, sweepColumns } from '../../../src/domain/experiment/sweep.js'

const sweep = (axes: Readonly<Record<string, readonly Json[]>>, combine: Sweep['combine'] = 'crossed'): Sweep => ({
  combine,
  axes: Object.entries(axes).map(([key, values]) => ({ key, values })),
})
const about = (key: string) => ({ unit: key === 'wire' ? 'ohm' : '', description: `what ${key} is` })
const settingsOf = (of: Sweep) => Array.from({ length: settingsIn(of) }, (_, i) => choicesAt(of, i))
const table = (of: Sweep) => {
  const { columns, cellsOf } = sweepColumns(of, about)
  return { columns, rows: settingsOf(of).map(cellsOf) }
}

describe('settings', () => {
  test.prop([fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })])(
    'crossed: every value with every other once, the last axis fastest',
    sizes => {
      const axes = Object.fromEntries(sizes.map((n, i) => [`k${i}`, Array.from({ length: n }, (_, v) => v)]))
      const places = settingsOf(sweep(axes)).map(choices => choices.map(c => c.place))
      for (const choices of settingsOf(sweep(axes))) expect(choices.map(c => c.key)).toEqual(Object.keys(axes))
      // Counting up in mixed bases.
      const inOrder = [...places].sort((a, b) => {
        const at = a.findIndex((p, i) => p !== b[i])
        return (a[at] ?? 0) - (b[at] ?? 0)
      })
      expect(places).toEqual(inOrder)
      expect(new Set(places.map(String)).size).toBe(sizes.reduce((product, n) => product * n, 1))
    },
  )

  test('zipped: the first of each, then the second', () => {
    const all = settingsOf(sweep({ a: [1, 2, 3], b: ['x', 'y', 'z'] }, 'zipped'))
    expect(all.map(choicesText)).toEqual(['a 1, b x', 'a 2, b y', 'a 3, b z'])
  })
})

describe('columns', () => {
  test('are as their values: integers, numbers, words; a mixture and a list are text', () => {
    const { columns, rows } = table(
      sweep(
        { bits: [6, 8], mixed: [8, 'off'], seed: [1, 2 ** 40], times: [['1 h'], ['1 d', '1 y']], wire: [0, 0.35] },
        'zipped',
      ),
    )
    expect(columns.map(c => [c.name, c.type, c.unit, c.nullable])).toEqual([
      ['bits', 'int32', '1', false],
      ['mixed', 'utf8', '', false],
      ['seed', 'float64', '1', false],
      ['times', 'utf8', '', false],
      ['wire', 'float64', 'ohm', false],
    ])
    expect(columns[4]?.description).toBe('varied by the sweep: what wire is')
    expect(rows).toEqual([
      { bits: 6, mixed: '8', seed: 1, times: '["1 h"]', wire: 0 },
      { bits: 8, mixed: 'off', seed: 2 ** 40, times: '["1 d","1 y"]', wire: 0.35 },
    ])
  })

  test('objects have one for each key in them, null where a value has not that key', () => {
    const { columns, rows } = table(
      sweep({
        range: [{ rule: 'abs-max' }, { rule: 'percentile', percentile: 99.5 }, { rule: 'fixed', of: { value: 2 } }],
      }),
    )
    expect(columns.map(c => [c.name, c.type, c.nullable])).toEqual([
      ['range.of.value', 'int32', true],
      ['range.percentile', 'float64', true],
      ['range.rule', 'utf8', false],
    ])
    expect(rows).toEqual([
      { 'range.of.value': null, 'range.percentile': null, 'range.rule': 'abs-max' },
      { 'range.of.value': null, 'range.percentile': 99.5, 'range.rule': 'percentile' },
      { 'range.of.value': 2, 'range.percentile': null, 'range.rule': 'fixed' },
    ])
  })
})
