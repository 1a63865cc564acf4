import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { philox4x32 } from '../../../src/domain/random/philox.js'
import { stream, streamNumber } from '../../../src/domain/random/stream.js'

const seed = fc.maxSafeNat()
const index = fc.nat({ max: 0xffffffff })
const address = fc.tuple(seed, fc.string(), index)

/** Pearson's statistic of counts against equal expectation; its mean is counts.length - 1. */
const chiSquare = (counts: readonly number[]): number => {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length
  return counts.reduce((sum, c) => sum + (c - expected) ** 2 / expected, 0)
}

const draws = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw)

describe('stream', () => {
  test.prop([address])('depends on its address alone', a => {
    expect(draws(20, stream(...a).bits)).toEqual(draws(20, stream(...a).bits))
  })

  test.prop([address, address])('differs from one address to another', (a, b) => {
    fc.pre(a[0] !== b[0] || streamNumber(a[1]) !== streamNumber(b[1]) || a[2] !== b[2])
    expect(draws(8, stream(...a).bits)).not.toEqual(draws(8, stream(...b).bits))
  })

  test('is Philox counting blocks, keyed by the seed', () => {
    const s = stream(2 ** 32 * 5 + 3, 9, 4)
    const expected = [0, 1].flatMap(block => [...philox4x32([block, 4, 9, 0x5354524d], [3, 5])])
    expect(draws(8, s.bits)).toEqual(expected)
  })

  test('hashes names as FNV-1a does', () => {
    expect(streamNumber('')).toBe(0x811c9dc5)
    expect(new Set(['a', 'b', 'ab', 'ba', 'Ā', '\u0000'].map(streamNumber)).size).toBe(6)
  })

  test.prop([address, fc.integer({ min: 1, max: 2 ** 32 })])('keeps integers below their bound', (a, n) => {
    const s = stream(...a)
    expect(draws(10, () => s.below(n)).every(x => Number.isInteger(x) && x >= 0 && x < n)).toBe(true)
  })

  test('draws integers without bias where a plain remainder would be biased by half', () => {
    // 2^32 mod n = 2^30: a plain remainder makes the first third twice as likely as each other third.
    const n = 3 * 2 ** 30
    const s = stream(1, 'bias')
    const counts = [0, 0, 0]
    for (let i = 0; i < 30_000; i++) {
      const third = Math.floor(s.below(n) / 2 ** 30)
      counts[third] = (counts[third] ?? 0) + 1
    }
    // 13.8: one in a thousand for 2 degrees of freedom; the biased draw gives about 3750.
    expect(chiSquare(counts)).toBeLessThan(13.8)
  })

  test('draws uniforms that fill [0, 1) evenly', () => {
    const s = stream(2, 'uniform')
    const counts = Array<number>(16).fill(0)
    for (let i = 0; i < 32_000; i++) {
      const u = s.uniform()
      expect(u >= 0 && u < 1).toBe(true)
      const bin = Math.floor(u * 16)
      counts[bin] = (counts[bin] ?? 0) + 1
    }
    // 37.7: one in a thousand for 15 degrees of freedom.
    expect(chiSquare(counts)).toBeLessThan(37.7)
  })

  test.prop([address, fc.array(fc.integer())])('shuffles into a permutation and leaves the argument', (a, items) => {
    const before = [...items]
    const shuffled = stream(...a).shuffle(items)
    expect(items).toEqual(before)
    expect([...shuffled].sort((x, y) => x - y)).toEqual([...items].sort((x, y) => x - y))
  })

  test('reaches every order of three equally often', () => {
    const s = stream(3, 'orders')
    const counts = new Map<string, number>()
    for (let i = 0; i < 12_000; i++) {
      const order = s.shuffle(['a', 'b', 'c']).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    // 20.5: one in a thousand for 5 degrees of freedom.
    expect(chiSquare([...counts.values()])).toBeLessThan(20.5)
  })

  test.prop([address, fc.array(fc.string(), { minLength: 1 })])('chooses among the items', (a, items) => {
    expect(items).toContain(stream(...a).choice(items))
  })

  test('refuses what it cannot address or bound', () => {
    expect(() => stream(-1, 'a')).toThrow(/"seed" expected an integer/)
    expect(() => stream(1.5, 'a')).toThrow(/"seed"/)
    expect(() => stream(1, 2 ** 32)).toThrow(/"stream number"/)
    expect(() => stream(1, 'a', -1)).toThrow(/"stream index"/)
    expect(() => stream(1, 'a').below(0)).toThrow(/"n" expected/)
    expect(() => stream(1, 'a').below(2 ** 32 + 1)).toThrow(/"n" expected/)
    expect(() => stream(1, 'a').choice([])).toThrow(/"items" expected/)
  })
})
