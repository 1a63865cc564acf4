/** Pages that stand for more than they are, byte by byte as Parquet's Encodings.md has them. */
import { describe, expect, test } from 'vitest'
import { checkPage, type Page, type PagesOf } from '../../src/io/parquetPage.js'
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

const first = (encoding: keyof typeof encodings, values: number, bytes: readonly number[], of = texts): void => {
  const levels = { repetition: 0, definition: 0 }
  const page: Page = {
    version: 1,
    encoding: encodings[encoding],
    values,
    nulls: 0,
    size: bytes.length,
    levels,
    compressed: true,
  }
  checkPage(page, of, Uint8Array.from(bytes))
}
const second = (
  encoding: keyof typeof encodings,
  values: number,
  levels: readonly number[],
  bytes: readonly number[],
  { nulls = 0, of = texts } = {},
): void => {
  const size = levels.length + bytes.length
  const lengths = { repetition: 0, definition: levels.length }
  const page: Page = {
    version: 2,
    encoding: encodings[encoding],
    values,
    nulls,
    size,
    levels: lengths,
    compressed: false,
  }
  checkPage(page, of, Uint8Array.from([...levels, ...bytes]))
}

describe('a page that is as it should be', () => {
  test('indices into a dictionary, in runs and packed', () => {
    first('dictionary', 20, [...sized(run(20, 1)), 3, ...packed(1, 1, 2, 3), ...run(12, 5)])
    second('dictionary', 20, run(20, 1), [3, ...packed(1, 1, 2, 3), ...run(12, 5)])
  })

  test('as many values as levels that are the largest, packed or not', () => {
    // Of 12, five are there: bits 0, 2, 4, 6 and 8.
    const levels = sized(packed(2, 0x55, 0x01))
    first('deltaBytes', 12, [...levels, ...steps(0, 0), ...steps(3, 1)])
    first('dictionary', 12, [...levels, 1, ...run(5, 1)])
    expect(() => first('dictionary', 12, [...levels, 1, ...run(4, 1)])).toThrow('less than its values take')
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

  test('truths, with the length of their runs', () => {
    const of: PagesOf = { ...required, type: 'BOOLEAN' }
    first('rle', 9, sized(run(9, 1)), of)
    second('rle', 9, [], sized(run(9, 1)), { of })
  })

  test('texts of which each begins as the one before', () => {
    // 5 bytes, then 2 of them and 3 more, eight times.
    const prefixes = [...varint(128), ...varint(4), ...varint(9), ...zigzag(0), ...zigzag(0), 2, 0, 0, 0]
    first('deltaBytes', 9, [...prefixes, 0b10_10_10_10, 0, 0, 0, 0, 0, 0, 0, ...steps(5, 0)], required)
  })
})

describe('a page that stands for more than a page can hold', () => {
  test.each([
    ['levels of version 1', () => first('plain', 20, sized(run(2 ** 29, 1)))],
    ['levels of version 2', () => second('plain', 20, run(2 ** 29, 1), [])],
    ['indices', () => first('dictionary', 20, [...sized(run(20, 1)), 3, ...run(2 ** 23, 5)])],
    ['indices of no bits', () => second('dictionary', 20, run(20, 1), [0, ...packed(2 ** 28)])],
    ['a number that 32 bits would show as small', () => second('plain', 20, run(2 ** 32 + 20, 1), [])],
  ])('%s', (_, check) => {
    expect(check).toThrow(Malformed)
    expect(check).toThrow(/^a run of \d+ values \(at most 4194304\)$/)
  })

  test('levels of lists', () => {
    const of: PagesOf = { ...texts, levels: { repetition: 1, definition: 2 } }
    expect(() => first('plain', 20, sized(run(2 ** 29, 1)), of)).toThrow('a run of')
    expect(() => second('plain', 20, run(2 ** 29, 1), [], { of })).toThrow('a run of')
  })

  test.each([
    [{ block: 128, parts: 0 }, 'blocks of 128 values in 0 parts'],
    [{ block: 0, parts: 4 }, 'blocks of 0 values in 4 parts'],
    [{ block: 100, parts: 4 }, 'blocks of 100 values in 4 parts'],
    [{ block: 2 ** 31, parts: 1 }, 'blocks of 2147483648 values (at most 4194304)'],
  ])('delta encodings: %j', (shape, message) => {
    // A part's widths follow; of too many, none is written.
    const bytes = steps(0, 1, { ...shape, parts: Math.min(shape.parts, 4) })
    for (const encoding of ['delta', 'deltaLengths', 'deltaBytes'] as const)
      expect(() => first(encoding, 9, bytes, required)).toThrow(message)
  })

  test('a text that begins with more of the one before than there is, or has fewer than no bytes', () => {
    expect(() => first('deltaBytes', 2, [...steps(2 ** 30, 0), ...steps(1, 0)], required)).toThrow(
      'a length of 1073741824',
    )
    expect(() => first('deltaBytes', 2, [...steps(7, 0), ...steps(1, 0)], required)).toThrow(
      'a text that begins with 7 bytes of one of 0',
    )
    expect(() => first('deltaBytes', 2, [...steps(0, 0), ...steps(1, -2)], required)).toThrow('a length of -1 bytes')
  })

  test('texts that each begin with all of the one before, and are a gigabyte together', () => {
    // Prefixes 0, 1000, 2000, ...; suffixes 1000: the sum grows as the square.
    const bytes = [...steps(0, 1000, { block: 4096, parts: 1 }), ...steps(1000, 0, { block: 4096, parts: 1 })]
    first('deltaBytes', 500, bytes, required)
    expect(() => first('deltaBytes', 4000, bytes, required)).toThrow(/^texts of \d+ bytes \(at most 268435456\)$/)
  })

  test('bytes that end before the values do', () => {
    expect(() => first('dictionary', 20, [...sized(run(20, 1)), 3, ...packed(2, 1, 2, 3)])).toThrow(
      'less than its values',
    )
    expect(() => second('dictionary', 20, run(20, 1), [])).toThrow('less than its values')
    expect(() => first('plain', 20, [200, 0, 0, 0, ...run(20, 1)])).toThrow('less than its values')
    expect(() => second('dictionary', 20, [], [1, ...run(20, 1)])).toThrow()
  })
})
