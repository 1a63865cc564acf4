import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fc, test as property } from '@fast-check/vitest'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { resultsOf, type Results } from '../../../src/domain/experiment/results.js'
import { accuracyFigure } from '../../../src/domain/report/accuracy.js'
import { answersOf } from '../../../src/domain/report/answer.js'
import { averages } from '../../../src/domain/report/averages.js'
import { layersFigure, shortLayer, sourcesFigure, type SourceError } from '../../../src/domain/report/budget.js'
import { binCount, binOf, columnsFigure } from '../../../src/domain/report/columns.js'
import { conductancesFigure } from '../../../src/domain/report/conductances.js'
import { convertersFigure } from '../../../src/domain/report/converters.js'
import { boundsOf, type Figure } from '../../../src/domain/report/figure.js'
import { differencesFigure, ladderFigure } from '../../../src/domain/report/ladder.js'
import { shellWord } from '../../../src/domain/report/page.js'
import { svgOf } from '../../../src/io/report/svg.js'
import { repository } from '../../shared.js'
import { analog, digital } from '../experiment/scored.js'
import { valuesIn } from './values.js'

const scores = (task: string) => [
  digital(0.9, { task, agreement: 1 }),
  ...analog('abs-max', [[0.7, 0.72], [0.8, 0.81]], { task, time_seconds: 0 }), // prettier-ignore
  ...analog('abs-max', [[0.5, 0.52], [0.6, 0.64]], { task, time_seconds: 31_536_000 }), // prettier-ignore
  ...analog('a "second" <method>', [[0.8, 0.8], [0.85, 0.86]], { task, time_seconds: 0 }), // prettier-ignore
  ...analog('a "second" <method>', [[0.6, 0.62], [0.7, 0.75]], { task, time_seconds: 31_536_000 }), // prettier-ignore
]
const one = resultsOf(scores('sst2'))
const two = resultsOf([...scores('sst2'), ...scores('rte')])
/** One chip, one read, one time. */
const bare = resultsOf([digital(0.9), ...analog('abs-max', [[0.7]]), ...analog('paper', [[NaN]])])
const errors: readonly SourceError[] = ['abs-max', 'paper'].flatMap((method, i) =>
  [0, 3600].flatMap(time_seconds => [
    { method, time_seconds, source: 'ranges' as const, error: 0.01 * i, predicted: 0.01 * i },
    { method, time_seconds, source: 'adc' as const, error: 0.2 + 0.1 * i, predicted: 0.21 },
    { method, time_seconds, source: 'drift' as const, error: 0.1, predicted: null },
    { method, time_seconds, source: 'all' as const, error: 0.4, predicted: null },
  ]),
)
const layers = ['encoder.layer.0.output.dense', 'classifier.dense'].flatMap(layer =>
  (['adc', 'all'] as const).map(source => ({ method: 'abs-max', layer, source, error: 0.25 })),
)
const cuts = { clipped_weights: 0.25, clipped_inputs: 0.001, saturated_outputs: null }
const pcm = { kind: 'preset', preset: 'pcm', gMaxMicroSiemens: 25 } as const
const noise = { programming: 1, drift: 1, read: 1 }

const ofScores = (results: Results): readonly (Figure | null)[] => [
  ladderFigure(results),
  accuracyFigure(results, 20),
  differencesFigure(results),
]
const all = [
  ...[one, two, bare].flatMap(ofScores),
  sourcesFigure(errors),
  layersFigure(layers, ['abs-max'], 3600),
  columnsFigure(
    [{ method: 'abs-max', bins: Array.from({ length: binCount }, (_, i) => i), whole: 20, mean: 0.7 }],
    [{ method: 'abs-max', time_seconds: 3600, alpha: 1.2 }],
  ),
  convertersFigure(
    [{ method: 'abs-max', tiles: 2, utilisation: 0.5, ...cuts }],
    [{ method: 'abs-max', layer: 'classifier.dense', ...cuts }],
  ),
  conductancesFigure({ device: pcm, noiseScales: noise, methods: ['abs-max'] }, [0, 3600, 31_536_000], 0),
  conductancesFigure({ device: pcm, noiseScales: noise, methods: ['abs-max'] }, [0], 1),
].filter(f => f !== null)

describe('the figures of a report', () => {
  test('are Vega-Lite by its own schema', () => {
    const file = join(repository, 'node_modules/vega-lite/build/vega-lite-schema.json')
    const ajv = new Ajv({ strict: false, validateFormats: false })
    const valid = ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object)
    for (const { name, spec } of all) expect([name, valid(spec), valid.errors?.[0]]).toEqual([name, true, undefined])
    expect(valid({ ...all[0]?.spec, columns: 'three' })).toBe(false)
  })

  test('are drawn without a warning, the same twice, with a text and marks for every row', async () => {
    for (const { name, spec, alt } of all) {
      const svg = await svgOf(name, spec, alt)
      expect(await svgOf(name, spec, alt)).toBe(svg)
      expect(svg).toMatch(/^<svg role="img" aria-label="[^"]{20,}"/)
      expect(svg).not.toMatch(/NaN|undefined"|Infinity/)
      expect(svg.match(/<(path|line|text|rect)\b/g)?.length).toBeGreaterThan(10)
    }
  })

  test('the drawing refuses what the compiler warns of', async () => {
    const wrong = {
      ...all[0]?.spec,
      data: { values: [{ a: 1 }] },
      concat: [{ mark: 'line', encoding: { nonsense: { field: 'a' } } }],
    }
    await expect(svgOf('wrong', wrong, '')).rejects.toThrow("a figure's specification")
  })

  test('hold the numbers of the summaries, not others', () => {
    const shown = valuesIn(accuracyFigure(two, 20).spec)
    for (const s of two.summary.filter(r => r.chips !== null))
      expect(shown).toContainEqual({
        ...{ method: s.method, time_seconds: s.time_seconds, mean: s.mean, low: s.low, high: s.high },
        ...{ read_low: s.read_low, read_high: s.read_high },
      })
    const means = valuesIn(ladderFigure(two)?.spec)
    for (const m of two.means.filter(r => r.time_seconds !== null)) {
      const recovered = two.recovery.find(
        r => r.task === null && r.method === m.method && r.time_seconds === m.time_seconds,
      )?.recovered
      const found = means.find(v => v.method === m.method && v.mean === m.mean)
      expect(found).toMatchObject({ low: m.low, high: m.high, recovered })
      if (m.method !== 'abs-max') expect(found?.label).toContain(`${(100 * (recovered ?? NaN)).toFixed(1)} %`)
    }
  })

  test('there is none of what there is nothing of', () => {
    const alone = resultsOf([digital(0.9), ...analog('abs-max', [[0.7]])])
    expect(differencesFigure(alone)).toBeNull()
    expect(ladderFigure(resultsOf([digital(0.9)]))).toBeNull()
    expect([sourcesFigure([]), layersFigure([], [], 0), columnsFigure([], []), convertersFigure([], [])]).toEqual([
      null,
      null,
      null,
      null,
    ])
  })
})

describe('what a report says first', () => {
  test('the best method, the share it wins back, the largest source alone', () => {
    const named = errors.map(e => ({ ...e, method: 'a "second" <method>', time_seconds: 31_536_000 }))
    const [accurate, back, rest] = answersOf(one, named)
    const best = one.summary.find(r => r.method.startsWith('a "') && r.time_seconds === 31_536_000)
    expect(accurate?.question).toContain('1 y')
    expect(accurate?.short).toContain(best?.mean?.toFixed(3))
    expect(back?.short).toBe('30.6 %')
    expect(rest?.short).toBe('ADC: 0.300')
  })

  test('what cannot be said is not', () => {
    expect(answersOf(resultsOf([]), [])).toEqual([])
    expect(answersOf(resultsOf([digital(0.9)]), []).map(a => a.short)).toEqual(['0.900'])
    expect(answersOf(resultsOf(analog('abs-max', [[0.7]])), []).map(a => a.short)).toEqual(['0.700', '-', '-'])
  })
})

describe('the arithmetic under a report', () => {
  property.prop([fc.array(fc.tuple(fc.nat(3), fc.integer({ min: -99, max: 99 }), fc.nat(9)), { minLength: 1 })])(
    'averages are those of all rows at once, whatever the windows',
    cells => {
      const rows = cells.map(([g, value, weight]) => ({ g, value, weight }))
      const of = { mean: ['value', 'weight'] } as const
      const whole = averages<(typeof rows)[number], 'g'>(['g'], of)
      whole.add(rows)
      const parts = averages<(typeof rows)[number], 'g'>(['g'], of)
      for (const row of rows) parts.add([row])
      expect(parts.all()).toEqual(whole.all())
      for (const { group, means, rows: n } of whole.all()) {
        const own = rows.filter(r => r.g === group.g)
        const weight = own.reduce((sum, r) => sum + r.weight, 0)
        expect(n).toBe(own.length)
        if (weight === 0) expect(means.mean).toBeNull()
        else expect(means.mean).toBeCloseTo(own.reduce((sum, r) => sum + r.weight * r.value, 0) / weight, 10)
      }
    },
  )

  test('a null that weighs anything makes its mean null', () => {
    const of = averages<{ g: string; v: number | null; w: number }, 'g'>(['g'], { mean: ['v', 'w'] })
    of.add([
      { g: 'a', v: null, w: 0 },
      { g: 'a', v: 2, w: 1 },
      { g: 'b', v: null, w: 1 },
      { g: 'b', v: 2, w: 1 },
    ])
    expect(of.all().map(a => a.means.mean)).toEqual([2, null])
  })

  property.prop([fc.integer({ min: 0, max: 40 })])('a ratio falls into the bin it lies in', k => {
    const bin = binOf(k / 40, 1)
    expect(bin).toBe(k === 40 ? binCount - 2 : Math.floor(k / 2))
    expect([binOf(1.01, 1), binOf(1, 0)]).toEqual([binCount - 1, null])
  })

  property.prop([fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.nat(500)), { minLength: 1 })])(
    'bounds hold every mean, and no interval makes them more than three times as wide',
    pairs => {
      const values = pairs.map(([m, h]) => ({ mean: m / 100, low: (m - h) / 100, high: (m + h) / 100 }))
      const [low, high] = boundsOf(values)
      const means = values.map(v => v.mean)
      const [least, most] = [Math.min(...means), Math.max(...means)]
      expect(low < least && most < high).toBe(true)
      expect(high - low).toBeLessThanOrEqual(3.31 * Math.max(most - least, 0.01))
    },
  )

  test('names of layers are short, and words are a shell’s', () => {
    expect(shortLayer('encoder.layer.11.attention.self.query')).toBe('11 query')
    expect(shortLayer('encoder.layer.0.output.dense')).toBe('0 output')
    expect(shortLayer('classifier.out_proj')).toBe('classifier.out_proj')
    expect([shellWord('a/b.json'), shellWord("it's a b")]).toEqual(['a/b.json', "'it'\\''s a b'"])
  })
})
