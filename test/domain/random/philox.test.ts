import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { philox4x32, philox4x32Into } from '../../../src/domain/random/philox.js'

const word = fc.nat({ max: 0xffffffff })

/** The generator again, over 64-bit BigInt products, straight from the paper's definition. */
const byBigInt = (counter: readonly number[], key: readonly number[]): number[] => {
  const mask = 0xffffffffn
  let c = counter.map(BigInt)
  let [k0 = 0n, k1 = 0n] = key.map(BigInt)
  for (let round = 0; round < 10; round++) {
    const [c0 = 0n, c1 = 0n, c2 = 0n, c3 = 0n] = c
    const a = 0xd2511f53n * c0
    const b = 0xcd9e8d57n * c2
    c = [(b >> 32n) ^ c1 ^ k0, b & mask, (a >> 32n) ^ c3 ^ k1, a & mask]
    k0 = (k0 + 0x9e3779b9n) & mask
    k1 = (k1 + 0xbb67ae85n) & mask
  }
  return c.map(Number)
}

describe('philox4x32', () => {
  const ones = 0xffffffff
  // Random123's kat_vectors, rows `philox4x32 10`.
  const published = [
    {
      counter: [0, 0, 0, 0],
      key: [0, 0],
      words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      counter: [ones, ones, ones, ones],
      key: [ones, ones],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const
  for (const { counter, key, words } of published)
    test(`gives the published words for counter ${counter.map(c => c.toString(16)).join(' ')}`, () => {
      expect([...philox4x32(counter, key)]).toEqual(words)
    })

  test.prop([fc.tuple(word, word, word, word), fc.tuple(word, word)])(
    'equals the definition over exact 64-bit products',
    (counter, key) => {
      expect([...philox4x32(counter, key)]).toEqual(byBigInt(counter, key))
    },
  )

  test.prop([fc.tuple(word, word, word, word), fc.tuple(word, word), fc.nat({ max: 8 })])(
    'writes four words where it is told and nothing else',
    (counter, key, at) => {
      const out = new Uint32Array(12).fill(7)
      philox4x32Into(out, counter, key, at)
      expect([...out]).toEqual([
        ...Array<number>(at).fill(7),
        ...philox4x32(counter, key),
        ...Array<number>(8 - at).fill(7),
      ])
    },
  )
})
