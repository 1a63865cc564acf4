import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { differences, everyPair, type Difference } from '../../../src/domain/experiment/difference.js'
import { analog, digital } from './scored.js'

const only = (rows: Parameters<typeof differences>[0]): Difference => {
  const found = differences(rows)
  expect(found).toHaveLength(1)
  return found[0] as Difference // as: its length was looked at
}

const one = [[0.81], [0.78], [0.85], [0.8], [0.77]]
const other = [[0.83], [0.79], [0.88], [0.82], [0.77]]

describe('difference', () => {
  test('is the paired t-test over the chips, by hand', () => {
    const found = only([digital(0.9), ...analog('a', one), ...analog('b', other)])
    expect(found).toMatchObject({
      task: 'sst2',
      method: 'b',
      reference: 'a',
      time_seconds: 3600,
      metric: 'accuracy',
      chips: 5,
      reads: 1,
      undefined_pairs: 0,
    })
    // Differences 2, 1, 3, 2, 0 hundredths: mean 1.6, squares 5.2, error of the mean sqrt(5.2 / 4 / 5).
    const error = Math.sqrt(5.2 / 20)
    expect(found.mean).toBeCloseTo(0.016, 14)
    expect(found.t).toBeCloseTo(1.6 / error, 9)
    // The distribution of t with 4 degrees of freedom has a closed form.
    const sine = Math.sin(Math.atan(1.6 / error / 2))
    expect(found.p).toBeCloseTo(1 - 0.5 * sine * (3 - sine ** 2), 12)
    expect((found.high ?? NaN) - 0.016).toBeCloseTo((2.7764451051977934 * error) / 100, 12)
    expect(0.016 - (found.low ?? NaN)).toBeCloseTo((2.7764451051977934 * error) / 100, 12)
  })

  test('averages the reads of a chip first, read against read', () => {
    const found = only([
      ...analog('a', [
        [0.5, 0.7],
        [0.6, 0.6],
      ]),
      ...analog('b', [
        [0.6, 0.8],
        [0.8, 0.6],
      ]),
    ])
    expect(found).toMatchObject({ chips: 2, reads: 2, undefined_pairs: 0 })
    expect(found.mean).toBeCloseTo(0.1, 14)
  })

  const shift = fc.double({ min: -1, max: 1, noNaN: true })
  test.prop([fc.array(shift, { minLength: 5, maxLength: 5 })])('does not see what a chip does to both', shifts => {
    const moved = (chips: typeof one) => chips.map((reads, i) => reads.map(v => v + (shifts[i] ?? 0)))
    const found = only([...analog('a', moved(one)), ...analog('b', moved(other))])
    const plain = only([...analog('a', one), ...analog('b', other)])
    for (const key of ['mean', 'low', 'high', 'p'] as const) expect(found[key]).toBeCloseTo(plain[key] ?? NaN, 9)
  })

  test('turns its sign with the pair', () => {
    const forth = only([...analog('a', one), ...analog('b', other)])
    const back = only([...analog('b', other), ...analog('a', one)])
    expect(back.reference).toBe('b')
    expect(back.mean).toBeCloseTo(-(forth.mean ?? NaN), 14)
    expect(back.p).toBeCloseTo(forth.p ?? NaN, 14)
  })

  test('takes every method against the first, or every pair, at each time and metric', () => {
    const rows = ['a', 'b', 'c'].flatMap(method =>
      [0, 3600].flatMap(time_seconds => [
        ...analog(method, one, { time_seconds }),
        ...analog(method, one, { time_seconds, metric: 'f1' }),
      ]),
    )
    const named = (found: readonly Difference[]) => [...new Set(found.map(d => `${d.method} - ${d.reference}`))]
    expect(named(differences(rows))).toEqual(['b - a', 'c - a'])
    expect(differences(rows)).toHaveLength(8)
    expect(named(differences(rows, everyPair))).toEqual(['b - a', 'c - a', 'c - b'])
    expect(named(differences(rows, () => [['c', 'a']]))).toEqual(['a - c'])
    expect(differences(rows, () => [['c', 'elsewhere']])).toEqual([])
  })

  test('needs two analog methods of one task', () => {
    expect(differences([digital(0.9), ...analog('a', one)])).toEqual([])
    expect(differences([...analog('a', one), ...analog('b', one, { task: 'rte' })])).toEqual([])
  })

  test('counts pairs with an undefined or missing score, and leaves them out', () => {
    const found = only([...analog('a', [[0.5], [NaN], [0.7], [0.8]]), ...analog('b', [[0.6], [0.7], [0.9]])])
    expect(found).toMatchObject({ chips: 4, undefined_pairs: 2 })
    expect(found.mean).toBeCloseTo(0.15, 14)
    const none = only([...analog('a', [[NaN]]), ...analog('b', [[0.5]])])
    expect(none).toMatchObject({ undefined_pairs: 1, mean: null, low: null, high: null, t: null, p: null })
  })

  test('has no p with one chip, nor where rounding is all that tells the chips apart', () => {
    expect(only([...analog('a', [[0.5]]), ...analog('b', [[0.6]])])).toMatchObject({ low: null, t: null, p: null })
    // 0.3 - 0.2 is not quite 0.8 - 0.7.
    expect(only([...analog('a', [[0.2], [0.7]]), ...analog('b', [[0.3], [0.8]])])).toMatchObject({ t: null, p: null })
    expect(only([...analog('a', one), ...analog('b', one)])).toMatchObject({ mean: 0, t: null, p: null })
  })
})
