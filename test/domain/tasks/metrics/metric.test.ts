import { readFileSync } from 'node:fs'
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { metricNames, metrics, type MetricName } from '../../../../src/domain/tasks/metrics/metric.js'
import { ranks } from '../../../../src/domain/tasks/metrics/spearman.js'
import { shared } from '../../../shared.js'

type Pairs = readonly (readonly [label: number, prediction: number])[]

const score = (name: MetricName, pairs: Pairs): number => {
  const accumulator = metrics[name]()
  for (const [label, prediction] of pairs) accumulator.add(label, prediction)
  return accumulator.value()
}

interface Reference {
  readonly kind: 'classification' | 'regression'
  readonly labels: readonly number[]
  readonly predictions: readonly number[]
  readonly accuracy?: number
  readonly f1?: number
  readonly mcc?: number
  readonly pearson?: number
  readonly spearman?: number
}

const pairs = (max: number) => fc.array(fc.tuple(fc.nat({ max }), fc.nat({ max })), { minLength: 1, maxLength: 60 })
const value = fc.double({ min: -100, max: 100, noNaN: true, noDefaultInfinity: true })
/** Scores with and without ties. */
const scores = fc.oneof(
  fc.array(fc.tuple(value, value), { minLength: 2, maxLength: 60 }),
  fc.array(fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 5 })), { minLength: 2, maxLength: 60 }),
)
const rotated = (all: Pairs, by: number): Pairs => [...all.slice(by % all.length), ...all.slice(0, by % all.length)]
const varies = (values: readonly number[]): boolean => values.some(v => Math.abs(v - (values[0] ?? 0)) > 1e-3)
const bothVary = (all: Pairs): boolean => varies(all.map(p => p[0])) && varies(all.map(p => p[1]))

/** Correlation by its definition, in two passes. */
const correlation = (all: Pairs): number => {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const [mx, my] = [mean(all.map(p => p[0])), mean(all.map(p => p[1]))]
  let [xy, xx, yy] = [0, 0, 0]
  for (const [x, y] of all) {
    xy += (x - mx) * (y - my)
    xx += (x - mx) ** 2
    yy += (y - my) ** 2
  }
  return xy / Math.sqrt(xx * yy)
}

describe('metrics', () => {
  test('equal scikit-learn and scipy to 1e-12 on all 24 reference cases', () => {
    const cases = JSON.parse(readFileSync(shared('data', 'reference', 'metrics.json'), 'utf8')) as readonly Reference[] // own data
    let compared = 0
    for (const { labels, predictions, ...expected } of cases) {
      const all = labels.map((label, i) => [label, predictions[i] ?? NaN] as const)
      for (const name of metricNames) {
        const reference = name === 'matthews' ? expected.mcc : expected[name]
        if (reference === undefined) continue
        expect(Math.abs(score(name, all) - reference), `${name} of ${JSON.stringify(expected)}`).toBeLessThanOrEqual(
          1e-12,
        )
        compared += 1
      }
    }
    expect([cases.length, compared]).toEqual([24, 60])
  })

  test.each(metricNames)('%s of no examples is NaN', name => {
    expect(score(name, [])).toBeNaN()
  })

  test('what is undefined is 0', () => {
    expect(score('f1', [[0, 0]])).toBe(0)
    expect(score('matthews', [[1, 0], [1, 1]])).toBe(0) // prettier-ignore
    expect(score('matthews', [[0, 1], [1, 1]])).toBe(0) // prettier-ignore
    for (const name of ['pearson', 'spearman'] as const) {
      expect(score(name, [[0.1, 0.3], [0.1, 0.2], [0.1, 0.7]])).toBe(0) // prettier-ignore
      expect(score(name, [[0.3, 0.1], [0.2, 0.1], [0.7, 0.1]])).toBe(0) // prettier-ignore
      expect(score(name, [[1, 2]])).toBe(0)
    }
  })

  test('a prediction that is no class is a mistake, and never earns credit', () => {
    const withNaN: Pairs = [[1, 1], [0, 0], [1, NaN], [0, NaN]] // prettier-ignore
    expect(score('accuracy', withNaN)).toBe(0.5)
    expect(score('f1', withNaN)).toBe(2 / 3)
    // As a third class: c = 2, s = 4, t = (2, 2), p = (1, 1, 2).
    expect(score('matthews', withNaN)).toBeCloseTo((2 * 4 - 4) / Math.sqrt((16 - 6) * (16 - 8)), 14)
  })

  test('a score that is not a number makes correlations NaN', () => {
    for (const name of ['pearson', 'spearman'] as const)
      expect(score(name, [[1, 1], [2, NaN], [3, 3]])).toBeNaN() // prettier-ignore
    expect(score('pearson', [[1, 1], [2, Infinity], [3, 3]])).toBeNaN() // prettier-ignore
    expect(score('pearson', [[1, NaN], [1, NaN]])).toBeNaN() // prettier-ignore
  })

  test('pearson survives a mean that is large against the spread', () => {
    const all = Array.from({ length: 50 }, (_, i) => [i % 7, 1e9 + ((i * 5) % 11)] as const)
    expect(score('pearson', all)).toBeCloseTo(correlation(all.map(([x, y]) => [x, y - 1e9])), 10)
  })

  test('value may be asked in between and does not disturb', () => {
    for (const name of metricNames) {
      const accumulator = metrics[name]()
      const all: Pairs = [[1, 1], [0, 1], [1, 0], [0, 0], [1, 1]] // prettier-ignore
      for (const [label, prediction] of all) {
        accumulator.add(label, prediction)
        accumulator.value()
      }
      expect(accumulator.value()).toBe(score(name, all))
    }
  })
})

describe('classification metrics', () => {
  const names = ['accuracy', 'f1', 'matthews'] as const
  test.prop([pairs(2), fc.nat()])('do not depend on the order of examples', (all, by) => {
    for (const name of names) expect(score(name, rotated(all, by))).toBe(score(name, all))
  })
  test.prop([pairs(3)])('stay in their bounds', all => {
    expect(score('accuracy', all)).toBeGreaterThanOrEqual(0)
    expect(score('accuracy', all)).toBeLessThanOrEqual(1)
    expect(score('f1', all)).toBeGreaterThanOrEqual(0)
    expect(score('f1', all)).toBeLessThanOrEqual(1)
    expect(Math.abs(score('matthews', all))).toBeLessThanOrEqual(1 + 1e-15)
  })
  test.prop([pairs(1)])('accuracy is 1 - share of mistakes', all => {
    const mistakes = all.filter(([label, prediction]) => label !== prediction).length
    expect(score('accuracy', all)).toBeCloseTo(1 - mistakes / all.length, 14)
  })
  test.prop([pairs(1)])('f1 is the harmonic mean of precision and recall', all => {
    const hits = all.filter(([l, p]) => l === 1 && p === 1).length
    const precision = hits / all.filter(([, p]) => p === 1).length
    const recall = hits / all.filter(([l]) => l === 1).length
    fc.pre(hits > 0)
    expect(score('f1', all)).toBeCloseTo(2 / (1 / precision + 1 / recall), 13)
  })
  test.prop([pairs(1)])('binary matthews is the correlation of the class indices', all => {
    fc.pre(bothVary(all))
    expect(score('matthews', all)).toBeCloseTo(correlation(all), 12)
  })
  test.prop([pairs(3), fc.constantFrom([1, 2, 3, 0], [3, 2, 1, 0], [1, 0, 3, 2])])(
    'matthews does not depend on how classes are numbered',
    (all, renamed) => {
      const other = all.map(([l, p]) => [renamed[l] ?? NaN, renamed[p] ?? NaN] as const)
      expect(score('matthews', other)).toBeCloseTo(score('matthews', all), 14)
    },
  )
  test.prop([fc.array(fc.nat({ max: 3 }), { minLength: 2 })])('a perfect prediction scores 1', labels => {
    fc.pre(varies(labels) && labels.includes(1))
    const all = labels.map(l => [l, l] as const)
    for (const name of names) expect(score(name, all)).toBe(1)
  })
})

describe('correlations', () => {
  const names = ['pearson', 'spearman'] as const
  test.prop([scores, fc.nat()])('do not depend on the order of examples', (all, by) => {
    fc.pre(bothVary(all))
    for (const name of names) expect(score(name, rotated(all, by))).toBeCloseTo(score(name, all), 10)
  })
  test.prop([scores])('stay in [-1, 1]', all => {
    for (const name of names) expect(Math.abs(score(name, all))).toBeLessThanOrEqual(1)
  })
  test.prop([scores])('pearson is its two-pass definition', all => {
    fc.pre(bothVary(all))
    expect(score('pearson', all)).toBeCloseTo(correlation(all), 10)
  })
  test.prop([scores])('spearman is pearson of the ranks', all => {
    fc.pre(bothVary(all))
    const [x, y] = [ranks(all.map(p => p[0])), ranks(all.map(p => p[1]))]
    expect(score('spearman', all)).toBeCloseTo(correlation(x.map((rank, i) => [rank, y[i] ?? NaN])), 10)
  })
  test.prop([scores])('spearman only sees the order', all => {
    const distinct = [...new Set(all.map(([, y]) => y + 0))].sort((a, b) => a - b)
    const bent = all.map(([x, y]) => [x, Math.exp(distinct.indexOf(y + 0) / 8)] as const)
    expect(score('spearman', bent)).toBe(score('spearman', all))
  })
  test.prop([scores, fc.double({ min: 0.01, max: 100, noNaN: true }), value])(
    'pearson does not see scale and shift, and turns sign with the prediction',
    (all, scale, shift) => {
      fc.pre(bothVary(all))
      expect(score('pearson', all.map(([x, y]) => [x, scale * y + shift]))).toBeCloseTo(score('pearson', all), 6) // prettier-ignore
      expect(score('pearson', all.map(([x, y]) => [x, -y]))).toBeCloseTo(-score('pearson', all), 12) // prettier-ignore
    },
  )
})

describe('ranks', () => {
  test.prop([fc.array(fc.oneof(value, fc.nat({ max: 4 })))])('are the mean position among sorted values', values => {
    const mean = (v: number) => {
      const below = values.filter(other => other < v).length
      const equal = values.filter(other => other === v).length
      return below + (equal + 1) / 2
    }
    expect(ranks(values)).toEqual(values.map(mean))
  })
})
