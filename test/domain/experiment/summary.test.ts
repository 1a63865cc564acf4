import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { summaries, type Summary } from '../../../src/domain/experiment/summary.js'
import { analog, digital } from './scored.js'

const only = (rows: Parameters<typeof summaries>[0]): Summary => {
  const found = summaries(rows)
  expect(found).toHaveLength(1)
  return found[0] as Summary // as: its length was looked at
}

const score = fc.double({ min: 0, max: 1, noNaN: true })
const grid = fc
  .tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 2, max: 4 }))
  .chain(([chips, reads]) =>
    fc.array(fc.array(score, { minLength: reads, maxLength: reads }), { minLength: chips, maxLength: chips }),
  )

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

describe('summary', () => {
  test('of three chips, two reads each, by hand', () => {
    // Chip means 0.7, 0.8, 0.9. Mean square within 3 * 2 * 0.01^2 / 3 = 0.0002; between 2 * 0.02 / 2 = 0.02.
    const found = only(
      analog('abs-max', [
        [0.69, 0.71],
        [0.79, 0.81],
        [0.89, 0.91],
      ]),
    )
    expect(found).toMatchObject({
      task: 'sst2',
      method: 'abs-max',
      time_seconds: 3600,
      metric: 'accuracy',
      chips: 3,
      reads: 2,
      undefined_values: 0,
      agreement: null,
      drop: null,
    })
    expect(found.mean).toBeCloseTo(0.8, 14)
    // t(0.975, 2) = 4.302653; the chip means' deviation is 0.1.
    expect((found.high ?? NaN) - 0.8).toBeCloseTo((4.302652729749462 * 0.1) / Math.sqrt(3), 12)
    expect(0.8 - (found.low ?? NaN)).toBeCloseTo((4.302652729749462 * 0.1) / Math.sqrt(3), 12)
    // t(0.975, 3) = 3.182446; six reads.
    expect((found.read_high ?? NaN) - 0.8).toBeCloseTo(3.1824463052837078 * Math.sqrt(0.0002 / 6), 12)
    expect(0.8 - (found.read_low ?? NaN)).toBeCloseTo(3.1824463052837078 * Math.sqrt(0.0002 / 6), 12)
    expect(found.between_reads).toBeCloseTo(Math.sqrt(0.0002), 14)
    expect(found.between_chips).toBeCloseTo(Math.sqrt((0.02 - 0.0002) / 2), 14)
  })

  test.prop([grid])('splits the sum of squares as the analysis of variance does', chips => {
    const found = only(analog('a', chips))
    const reads = chips[0]?.length ?? NaN
    const all = chips.flat()
    const total = all.reduce((sum, v) => sum + (v - mean(all)) ** 2, 0)
    const within = (found.between_reads ?? NaN) ** 2
    const between = Math.max(0, within + reads * (found.between_chips ?? NaN) ** 2)
    const explained = within * (all.length - chips.length) + between * (chips.length - 1)
    // A clipped component can only explain more than there is.
    if (found.between_chips === 0) expect(explained).toBeGreaterThanOrEqual(total - 1e-12)
    else expect(explained).toBeCloseTo(total, 12)
    expect(found.mean).toBeCloseTo(mean(all), 12)
  })

  test.prop([grid])('does not depend on the order of chips and reads', chips => {
    const turned = only(
      analog(
        'a',
        [...chips].reverse().map(reads => [...reads].reverse()),
      ),
    )
    const plain = only(analog('a', chips))
    for (const key of ['mean', 'low', 'high', 'read_low', 'read_high', 'between_reads'] as const)
      expect(turned[key]).toBeCloseTo(plain[key] ?? NaN, 12)
  })

  test('has no component between reads with one read, and no interval over chips with one chip', () => {
    expect(only(analog('a', [[0.7], [0.8], [0.9]]))).toMatchObject({
      chips: 3,
      reads: 1,
      between_chips: null,
      between_reads: null,
      read_low: null,
      read_high: null,
    })
    const chip = only(analog('a', [[0.7, 0.8, 0.9]]))
    expect(chip).toMatchObject({ chips: 1, reads: 3, low: null, high: null, between_chips: null })
    expect(chip.between_reads).toBeCloseTo(0.1, 14)
    expect((chip.read_high ?? NaN) - 0.8).toBeCloseTo((4.302652729749462 * 0.1) / Math.sqrt(3), 12)
  })

  test('of a digital method is its value, without interval; drops are measured from the first', () => {
    const rows = [
      digital(0.9, { agreement: 1 }),
      digital(0.88, { method: 'other engine', agreement: 0.98 }),
      ...analog('a', [[0.7], [0.8]], { agreement: 0.75 }),
      ...analog('a', [[0.6], [0.7]], { time_seconds: 86_400, agreement: 0.5 }),
    ]
    const found = summaries(rows)
    expect(found[0]).toEqual({
      task: 'sst2',
      method: 'digital',
      time_seconds: null,
      metric: 'accuracy',
      chips: null,
      reads: null,
      undefined_values: 0,
      mean: 0.9,
      low: null,
      high: null,
      read_low: null,
      read_high: null,
      between_chips: null,
      between_reads: null,
      agreement: 1,
      drop: null,
    })
    expect(found.map(s => s.time_seconds)).toEqual([null, null, 3600, 86_400])
    expect(found.map(s => s.agreement)).toEqual([1, 0.98, 0.75, 0.5])
    for (const [i, drop] of [0.02, 0.15, 0.25].entries()) expect(found[i + 1]?.drop).toBeCloseTo(drop, 14)
  })

  test('keeps tasks and metrics apart', () => {
    const rows = [
      digital(0.9),
      digital(0.5, { task: 'mrpc', metric: 'f1' }),
      ...analog('a', [[0.8]]),
      ...analog('a', [[0.3]], { task: 'mrpc', metric: 'f1' }),
      ...analog('a', [[0.2]], { task: 'rte' }),
    ]
    expect(summaries(rows).map(s => [s.task, s.metric, s.mean, s.drop === null ? null : s.drop.toFixed(3)])).toEqual([
      ['sst2', 'accuracy', 0.9, null],
      ['mrpc', 'f1', 0.5, null],
      ['sst2', 'accuracy', 0.8, '0.100'],
      ['mrpc', 'f1', 0.3, '0.200'],
      ['rte', 'accuracy', 0.2, null],
    ])
  })

  test('counts undefined scores, and takes statistics of the others', () => {
    const some = only(
      analog('a', [
        [0.7, NaN],
        [NaN, NaN],
        [0.9, 0.9],
      ]),
    )
    expect(some).toMatchObject({ chips: 3, reads: 2, undefined_values: 3 })
    expect(some.mean).toBeCloseTo(0.8, 14)
    expect((some.high ?? NaN) - 0.8).toBeCloseTo(12.706204736174694 * 0.1, 12)
    expect(only(analog('a', [[NaN], [NaN]]))).toMatchObject({ undefined_values: 2, mean: null, low: null, drop: null })
    expect(summaries([digital(NaN), ...analog('a', [[0.5]])]).map(s => [s.mean, s.undefined_values, s.drop])).toEqual([
      [null, 1, null],
      [0.5, 0, null],
    ])
  })

  test('of nothing is nothing', () => {
    expect(summaries([])).toEqual([])
  })
})
