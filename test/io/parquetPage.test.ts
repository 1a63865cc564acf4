/** Pages that stand for more than they are, byte by byte as Parquet's Encodings.md has them. */
import { describe, expect, test } from 'vitest'
import { checkPage, type Page, type PagesOf } from '../../src/io/parquetPage.js'
import { checkSnappy } from '../../src/io/snappy.js'
import { Malformed } from '../../src/io/thrift.js'

const varint = (value: number): readonly number[] =>
  value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...varint(Math.floor(value / 0x80))]
const zigzag = (value: number): readonly number[] => varint(value < 0 ? -2 * value - 1 : 2 * value)
const run = (count: number, ...value: readonly number[]): readonly number[] => [...varint(2 * count), ...value]
const packed = (groups: number, ...bytes: readonly number[]): readonly number[] => [...varint(2 * groups + 1), ...bytes]
const sized = (bytes: readonly number[]): readonly number[] => [bytes.length, 0, 0, 0, ...bytes]
/** Delta-encoded integers, the differences of each part one above `least`, in no bits: all the same step. */
const steps = (first: number, step: number, { block = 128, parts = 4 } = {}): readonly number[] => [
  ...varint(block),
  ...varint(parts),
  ...varint(9),
  ...zigzag(first),
  ...zigzag(step),
  ...Array<number>(parts).fill(0),
]

const encodings = { plain: 0, rle: 3, delta: 5, deltaLengths: 6, deltaBytes: 7, dictionary: 8 } as const
const texts: PagesOf = { codec: 'UNCOMPRESSED', type: 'BYTE_ARRAY', levels: { repetition: 0, definition: 1 } }
const required: PagesOf = { ...texts, levels: { repetition: 0, definition: 0 } }
const integers: PagesOf = { ...required, type: 'INT32' }
/** Values of the dictionary before these pages. */
const dictionary = 8

const first = (encoding: keyof typeof encodings, values: number, bytes: readonly number[], of = texts): number => {
  const page: Page = { version: 1, encoding: encodings[encoding], values, size: bytes.length }
  return checkPage(page, of, Uint8Array.from(bytes), dictionary)
}
const second = (
  encoding: keyof typeof encodings,
  values: number,
  levels: readonly number[],
  bytes: readonly number[],
  { nulls = 0, rows = values, of = texts, repetition = [] as readonly number[] } = {},
): number => {
  const lengths = { repetition: repetition.length, definition: levels.length }
  const all = [...repetition, ...levels, ...bytes]
  const page: Page = {
    ...{ version: 2, encoding: encodings[encoding], values, nulls, rows },
    ...{ size: all.length, levels: lengths, compressed: false },
  }
  return checkPage(page, of, Uint8Array.from(all), dictionary)
}
const ofLength = (n: number): readonly number[] => [n, 0, 0, 0, ...Array<number>(n).fill(97)]

describe('a page that is as it should be', () => {
  test('indices into a dictionary, in runs and packed', () => {
    first('dictionary', 20, [...sized(run(20, 1)), 3, ...packed(1, 1, 2, 3), ...run(12, 5)])
    second('dictionary', 20, run(20, 1), [3, ...packed(1, 1, 2, 3), ...run(12, 5)])
  })

  test('as many values as levels that are the largest, packed or not', () => {
    // Of 12, five are there: bits 0, 2, 4, 6 and 8.
    const levels = sized(packed(2, 0x55, 0x01))
    first('deltaBytes', 12, [...levels, ...steps(0, 0), ...steps(3, 1), ...Array<number>(25).fill(97)])
    first('dictionary', 12, [...levels, 1, ...run(5, 1)])
    expect(() => first('dictionary', 12, [...levels, 1, ...run(4, 1)])).toThrow('fewer bytes than its values take')
    second('dictionary', 12, packed(2, 0x55, 0x01), [1, ...run(5, 1)], { nulls: 7 })
  })

  test('no bits where all are the first of the dictionary', () => {
    first('dictionary', 20, [0], required)
    second('dictionary', 20, run(20, 1), [0, ...run(20)])
  })

  test('nothing but nulls', () => {
    first('dictionary', 20, sized(run(20, 0)))
    second('dictionary', 20, run(20, 0), [], { nulls: 20 })
  })

  test('texts and numbers one after the other', () => {
    expect(first('plain', 2, [...sized(run(2, 1)), ...ofLength(3), ...ofLength(0)])).toBe(2)
    expect(first('plain', 2, Array<number>(8).fill(1), integers)).toBe(2)
    expect(second('plain', 2, run(2, 1), [...ofLength(1), ...ofLength(1)])).toBe(2)
  })

  test('lists: as many rows as values that begin one', () => {
    const of: PagesOf = { ...integers, levels: { repetition: 1, definition: 1 } }
    // Repetition 0 1 1 0 1 0 0 0; all are there.
    const repetition = packed(1, 0b0001_0110)
    const numbers = Array<number>(32).fill(0)
    expect(first('plain', 8, [...sized(repetition), ...sized(run(8, 1)), ...numbers], of)).toBe(5)
    expect(second('plain', 8, run(8, 1), numbers, { of, repetition, rows: 5 })).toBe(5)
    expect(() => second('plain', 8, run(8, 1), numbers, { of, repetition, rows: 8 })).toThrow(
      '8 rows where there are 5',
    )
  })

  test('texts of which each begins as the one before', () => {
    // 5 bytes each, after none of the one before, 2, 4, 6, 8, and 8 from then on.
    const suffixes = steps(5, 0)
    const prefixes = [...varint(128), ...varint(4), ...varint(9), ...zigzag(0), ...zigzag(0), 2, 0, 0, 0]
    first(
      'deltaBytes',
      9,
      [...prefixes, 0b10_10_10_10, 0, 0, 0, 0, 0, 0, 0, ...suffixes, ...Array<number>(45).fill(97)],
      required,
    )
  })
})

describe('a page that stands for more than a page can hold', () => {
  test.each([
    ['levels of version 1', () => first('plain', 20, sized(run(2 ** 29, 1)))],
    ['levels of version 2', () => second('plain', 20, run(2 ** 29, 1), [])],
    ['levels, one too many', () => second('plain', 20, run(21, 1), [])],
    ['indices', () => first('dictionary', 20, [...sized(run(20, 1)), 3, ...run(21, 5)])],
    ['indices of no bits', () => second('dictionary', 20, run(20, 1), [0, ...packed(2 ** 27)])],
  ])('%s', (_, check) => {
    expect(check).toThrow(Malformed)
    expect(check).toThrow(/^a run of \d+ values \(at most \d+\)$/)
  })

  test('runs of no values, but for a few', () => {
    const empty = (n: number): readonly number[] => Array.from({ length: n }, () => run(0, 1)).flat()
    second('dictionary', 20, [...empty(10), ...run(20, 1)], [1, ...run(20, 1)])
    expect(() => second('dictionary', 20, [...empty(20), ...run(20, 1)], [1, ...run(20, 1)])).toThrow(
      '17 runs of no values (at most 16)',
    )
  })

  test('an integer that is another in 32 bits', () => {
    expect(() => second('plain', 20, run(2 ** 32 + 20, 1), [])).toThrow('an integer of more than 32 bits')
    const wide = [...varint(128), ...varint(4), ...varint(9), 0x82, 0x80, 0x80, 0x80, 0x80, 0x10]
    expect(() => first('deltaLengths', 9, [...wide, ...zigzag(0), 0, 0, 0, 0], required)).toThrow('more than 32 bits')
  })

  test('levels of lists', () => {
    const of: PagesOf = { ...texts, levels: { repetition: 1, definition: 2 } }
    expect(() => first('plain', 20, sized(run(2 ** 29, 1)), of)).toThrow('a run of')
    expect(() => second('plain', 20, run(20, 3), [], { of, repetition: run(20, 0) })).toThrow(
      'a level of 3 (at most 2)',
    )
    expect(() => second('plain', 20, run(20, 1), [], { of: required })).toThrow('bytes of definition levels of no use')
  })

  test.each([
    [{ block: 128, parts: 0 }, 'blocks of 128 values in 0 parts'],
    [{ block: 0, parts: 4 }, 'blocks of 0 values in 4 parts'],
    [{ block: 100, parts: 4 }, 'blocks of 100 values in 4 parts'],
    [{ block: 2 ** 31, parts: 1 }, 'blocks of 2147483648 values (at most 1048576)'],
  ])('delta encodings: %j', (shape, message) => {
    const bytes = steps(0, 1, shape)
    expect(() => first('delta', 9, bytes, integers)).toThrow(message)
    for (const encoding of ['deltaLengths', 'deltaBytes'] as const)
      expect(() => first(encoding, 9, bytes, required)).toThrow(message)
  })

  test('a text that begins with more of the one before than there is, is too long, or has fewer than no bytes', () => {
    const prefixed = (from: number, step: number, suffix: number): void =>
      void first('deltaBytes', 2, [...steps(from, step), ...steps(1, suffix)], required)
    expect(() => prefixed(2 ** 30, 0, 0)).toThrow('a text of 1073741824 bytes (at most 16777216)')
    expect(() => prefixed(7, 0, 0)).toThrow('a text that begins with 7 bytes of one of 0')
    expect(() => prefixed(0, 0, -2)).toThrow('a text of -1 bytes')
  })

  test('texts that each begin with all of the one before, and are a gigabyte together', () => {
    // Prefixes 0, 1000, 2000, ...; suffixes 1000: the sum grows as the square.
    const bytes = [...steps(0, 1000, { block: 4096, parts: 1 }), ...steps(1000, 0, { block: 4096, parts: 1 })]
    const of = (n: number): number => first('deltaBytes', n, [...bytes, ...Array<number>(1000 * n).fill(97)], required)
    expect(of(400)).toBe(400)
    expect(() => of(600)).toThrow(/^texts of \d+ bytes \(at most 134217728\)$/)
  })

  test('bytes that end before the values do', () => {
    const short = 'a page of fewer bytes than its values take'
    expect(() => first('dictionary', 20, [...sized(run(20, 1)), 3, ...packed(2, 1, 2, 3)])).toThrow(short)
    expect(() => second('dictionary', 20, run(20, 1), [])).toThrow(short)
    expect(() => first('plain', 20, [200, 0, 0, 0, ...run(20, 1)])).toThrow(short)
    expect(() => first('plain', 2, ofLength(3), required)).toThrow(short)
    expect(() => first('plain', 3, Array<number>(11).fill(0), integers)).toThrow(short)
    expect(() => first('deltaLengths', 9, steps(1, 0), required)).toThrow(short)
    // Levels of version 2 end where the header says, whatever comes after.
    expect(() => second('dictionary', 20, [], [...run(20, 1), 1, ...run(20, 1)])).toThrow(short)
  })

  test('an index beyond the dictionary, or into none', () => {
    expect(() => first('dictionary', 20, [...sized(run(20, 1)), 4, ...run(20, dictionary)])).toThrow(
      'value 8 of a dictionary of 8',
    )
    expect(() => second('dictionary', 8, run(8, 1), [4, ...packed(1, 0, 0, 0, 0x90)])).toThrow(
      'value 9 of a dictionary',
    )
    expect(() => second('dictionary', 8, run(8, 1), [25, ...run(8, 0, 0, 0, 0)])).toThrow('indices of 25 bits')
    const page = { version: 1, encoding: 8, values: 1, size: 1 } as const
    for (const there of [null, 0])
      expect(() => checkPage(page, required, Uint8Array.of(0), there)).toThrow(/of a dictionary|into a dict/)
  })

  test('fewer nulls than the header says', () => {
    expect(() => second('dictionary', 12, packed(2, 0x55, 0x01), [1, ...run(5, 1)], { nulls: 6 })).toThrow(
      '6 nulls where the levels have 7',
    )
  })

  test('an encoding that is not of its type', () => {
    expect(() => first('rle', 9, sized(run(9, 1)), integers)).toThrow('encoding 3 of INT32')
    expect(() => first('deltaBytes', 9, steps(0, 0), integers)).toThrow('encoding 7 of INT32')
    expect(() => first('delta', 9, steps(0, 0), required)).toThrow('encoding 5 of BYTE_ARRAY')
  })
})

describe('a Snappy stream', () => {
  // 3 bytes as they are, then 7 from 3 back.
  const whole = [10, 2 << 2, 97, 98, 99, (3 << 2) | 1, 3]

  test('that is whole', () => {
    checkSnappy(Uint8Array.from(whole), 10)
    checkSnappy(Uint8Array.of(0), 0)
    // The same with lengths and offsets of four bytes.
    checkSnappy(Uint8Array.from([10, 63 << 2, 2, 0, 0, 0, 97, 98, 99, (6 << 2) | 3, 3, 0, 0, 0]), 10)
  })

  test.each([
    ['says another length', [11, ...whole.slice(1)], 'a Snappy stream of 11 bytes'],
    ['goes on', [...whole, 0, 97], 'a Snappy stream of more than its 10 bytes'],
    ['ends early', whole.slice(0, 5), 'a Snappy stream of 3 bytes where there should be 10'],
    ['is cut in a copy', whole.slice(0, 6), 'cut short'],
    ['has a literal of 2^32 - 5 bytes', [10, 63 << 2, 0xfa, 0xff, 0xff, 0xff, 97], 'a Snappy literal of 4294967291'],
    ['copies from before its start', [10, 0, 97, (3 << 2) | 1, 2], 'a Snappy copy from 2 bytes back at byte 1'],
    ['copies from 2^32 - 1 back', [10, 0, 97, 3, 0xff, 0xff, 0xff, 0xff], 'a Snappy copy from 4294967295'],
    ['copies from where it is', [10, 0, 97, (3 << 2) | 1, 0], 'a Snappy copy from 0 bytes back'],
    ['has a length of 35 bits', [0x8a, 0x80, 0x80, 0x80, 0x80, 0, ...whole.slice(1)], 'more than 32 bits'],
  ])('that %s', (_, bytes, message) => {
    expect(() => checkSnappy(Uint8Array.from(bytes), 10)).toThrow(message)
  })
})
