import { fc, test } from '@fast-check/vitest'
import { isLeft, right } from 'fp-ts/lib/Either.js'
import { describe, expect } from 'vitest'
import {
  formatDuration,
  longestSeconds,
  parseDuration,
  seconds,
  spokenDuration,
} from '../../../src/domain/experiment/duration.js'

describe('durations', () => {
  test.each([
    ['0 s', 0],
    ['1 s', 1],
    ['90s', 90],
    ['1 min', 60],
    ['1 h', 3600],
    ['1 d', 86_400],
    ['1 y', 31_536_000],
    ['1.5 d', 129_600],
    ['1.1 d', 95_040],
    ['0.0000001 s', 1e-7],
    ['1e-7 s', 1e-7],
  ])('%s is %d s', (text, expected) => expect(parseDuration(text)).toEqual(right(expected)))

  test.each([
    '',
    '1',
    'h',
    '-1 s',
    '+1 s',
    '1 H',
    '1 hour',
    '1h30min',
    '.5 h',
    '1. h',
    '1,5 h',
    ' 1 h',
    '1  h',
    'NaN s',
    '1e3 s',
    '1000000 y',
  ])('%j is refused', text => expect(isLeft(parseDuration(text))).toBe(true))

  test.prop([fc.nat(1_000_000), fc.nat(3)])(
    'a decimal of hours is exactly its minutes and seconds',
    (thousandths, zeros) => {
      const hours = `${Math.floor(thousandths / 1000)}.${String(thousandths % 1000).padStart(3, '0')}${'0'.repeat(zeros)} h`
      expect(parseDuration(hours)).toEqual(right((thousandths * 36) / 10))
    },
  )

  test.prop([fc.double({ min: 0, max: longestSeconds, noNaN: true }).map(x => x + 0)])(
    'format, then parse, is the identity',
    x => {
      expect(parseDuration(formatDuration(seconds(x)))).toEqual(right(x))
    },
  )

  test.each([
    [0, '0 s'],
    [1e-7, '1e-7 s'],
    [59.5, '59.5 s'],
    [90, '90 s'],
    [5400, '90 min'],
    [3600, '1 h'],
    [129_600, '36 h'],
    [2_592_000, '30 d'],
    [63_072_000, '2 y'],
  ])('%d s is spoken %s', (x, expected) => {
    expect(spokenDuration(seconds(x))).toBe(expected)
  })

  test.prop([
    fc.oneof(
      fc.nat(100_000_000),
      fc.double({ min: 0, max: longestSeconds, noNaN: true }).map(x => x + 0),
    ),
  ])('spoken, then parsed, is the identity', x => {
    expect(parseDuration(spokenDuration(seconds(x)))).toEqual(right(x))
  })

  test.each([-1, NaN, Infinity, 2e12])('seconds(%d) throws', x => expect(() => seconds(x)).toThrow(RangeError))
})
