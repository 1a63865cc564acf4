import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { meansOverTasks, recoveries } from '../../../src/domain/experiment/recovery.js'
import { summaries } from '../../../src/domain/experiment/summary.js'
import { analog, digital } from './scored.js'

const sharesOf = (rows: Parameters<typeof recoveries>[0]) =>
  recoveries(rows).map(r => [r.task, r.method, r.recovered === null ? null : Math.round(1e6 * r.recovered) / 1e6])

describe('recovery', () => {
  test('is where a score lies between the first analog method and digital, by hand', () => {
    const rows = [
      digital(0.9),
      ...analog('a', [[0.6], [0.8]]),
      ...analog('b', [[0.8], [0.85]]),
      ...analog('c', [[0.5]]),
    ]
    expect(recoveries(rows)).toHaveLength(3)
    // A loss of 0.9 - 0.7; b gains 0.125, c loses 0.2 more.
    expect(sharesOf(rows)).toEqual([
      ['sst2', 'a', 0],
      ['sst2', 'b', 0.625],
      ['sst2', 'c', -1],
    ])
    expect(recoveries(rows)[1]).toMatchObject({ reference: 'a', time_seconds: 3600 })
    expect(recoveries(rows)[1]?.loss).toBeCloseTo(0.2, 14)
  })

  test('on the mean over tasks is that of the means, not the mean of the shares', () => {
    const of = (task: string, whole: number, a: number, b: number) => [
      digital(whole, { task }),
      ...analog('a', [[a]], { task }),
      ...analog('b', [[b]], { task }),
    ]
    const rows = [...of('cola', 0.9, 0.5, 0.9), ...of('rte', 0.7, 0.6, 0.6)]
    expect(sharesOf(rows)).toEqual([
      ['cola', 'a', 0],
      ['cola', 'b', 1],
      ['rte', 'a', 0],
      ['rte', 'b', 0],
      [null, 'a', 0],
      // (0.75 - 0.55) / (0.8 - 0.55)
      [null, 'b', 0.8],
    ])
  })

  test('counts the metrics of a task as one, and each time by its own reference', () => {
    const rows = [
      ...['accuracy', 'f1'].map((metric, i) => digital(0.9 - 0.1 * i, { metric })),
      ...[0, 3600].flatMap(time_seconds =>
        ['accuracy', 'f1'].flatMap((metric, i) => [
          ...analog('a', [[0.5]], { metric, time_seconds }),
          ...analog('b', [[time_seconds === 0 ? 0.8 : 0.6 - 0.1 * i]], { metric, time_seconds }),
        ]),
      ),
    ]
    // Digital 0.85; b 0.8, then 0.55.
    expect(recoveries(rows).map(r => [r.method, r.time_seconds, r.recovered?.toFixed(4)])).toEqual([
      ['a', 0, '0.0000'],
      ['b', 0, (0.3 / 0.35).toFixed(4)],
      ['a', 3600, '0.0000'],
      ['b', 3600, (0.05 / 0.35).toFixed(4)],
    ])
  })

  test('takes an undefined score for 0, so that failing gains nothing', () => {
    const of = (task: string, a: number) => [
      digital(0.9, { task }),
      ...analog('a', [[a], [0.5]], { task }),
      ...analog('b', [[0.9], [0.9]], { task }),
    ]
    const rows = [...of('cola', NaN), ...of('rte', 0.5)]
    expect(recoveries(rows).find(r => r.task === 'cola')?.loss).toBeCloseTo(0.65, 14)
    const [whole, a, b] = meansOverTasks(rows)
    expect(whole).toMatchObject({ method: 'digital', time_seconds: null, tasks: 2, low: null })
    // Chips: (0 + 0.5) / 2 and 0.5.
    expect(a).toMatchObject({ method: 'a', undefined_values: 1, mean: 0.375 })
    expect(b).toMatchObject({ method: 'b', undefined_values: 0 })
    expect(b?.mean).toBeCloseTo(0.9, 14)
  })

  test('has no share without a loss, without digital or with it alone', () => {
    expect(sharesOf([digital(0.5), ...analog('a', [[0.5]]), ...analog('b', [[0.9]])])).toEqual([
      ['sst2', 'a', null],
      ['sst2', 'b', null],
    ])
    expect(recoveries([digital(0.5), ...analog('a', [[0.6]])]).map(r => r.recovered)).toEqual([null])
    expect(recoveries(analog('a', [[0.5]]))).toEqual([])
    expect(recoveries([digital(0.5)])).toEqual([])
    expect(recoveries([])).toEqual([])
  })

  test('a method that one task lacks has no mean over tasks', () => {
    const rows = [...analog('a', [[0.5]]), ...analog('b', [[0.5]]), ...analog('a', [[0.7]], { task: 'rte' })]
    expect(meansOverTasks(rows).map(m => [m.method, m.mean])).toEqual([['a', 0.6]])
    expect(meansOverTasks(analog('a', [[0.5]]))).toEqual([])
  })

  const value = fc.double({ min: -1, max: 1, noNaN: true })
  const chips = fc.array(fc.array(value, { minLength: 2, maxLength: 2 }), { minLength: 3, maxLength: 3 })
  test.prop([chips])('the mean over tasks that are alike is the summary of one, interval included', values => {
    const rows = ['cola', 'rte', 'sst2'].flatMap(task => analog('a', values, { task }))
    const [mean] = meansOverTasks(rows)
    const [one] = summaries(analog('a', values))
    for (const key of ['mean', 'low', 'high'] as const) expect(mean?.[key]).toBeCloseTo(one?.[key] ?? NaN, 12)
  })
})
