/**
 * A stream of random numbers at an address (seed, name, index): integers, uniforms, choices, shuffles.
 * The one object with a moving position in src/domain; it is for making things up (data, initial weights), never for
 * devices or noise, whose numbers are addressed one by one.
 */
import { philox4x32Into, type Counter, type Key } from './philox.js'

export interface Stream {
  /** The next 32 bits: an integer in [0, 2^32). */
  readonly bits: () => number
  /** Uniform integer in [0, n), exactly unbiased. @throws RangeError unless n is an integer in [1, 2^32]. */
  readonly below: (n: number) => number
  /** Uniform in [0, 1), a multiple of 2^-53. */
  readonly uniform: () => number
  /** One of the items, each as likely. @throws RangeError if there are none. */
  readonly choice: <T>(items: readonly T[]) => T
  /** The items in a uniformly random order (Fisher and Yates); the argument is left as it is. */
  readonly shuffle: <T>(items: readonly T[]) => T[]
}

/** FNV-1a (32 bits) over the name's UTF-16 code units: turns a stream's name into its number. */
export const streamNumber = (name: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  return hash >>> 0
}

/** @returns the words of a non-negative integer, least significant first. */
const words = (title: string, n: number): Key => {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`"${title}" expected an integer in [0, 2^53), got ${n}`)
  return [n % 2 ** 32, Math.floor(n / 2 ** 32)]
}

/** Where the words of a stream stand: counters that differ in word 0, from this one on, under one key. */
export interface StreamOrigin {
  readonly counter: Counter
  readonly key: Key
}

/** For those who draw a stream's words with a kernel. Arguments as of `stream`. @throws RangeError beyond their bounds */
export const streamOrigin = (seed: number, name: string | number, index = 0): StreamOrigin => {
  const key = words('seed', seed)
  const number = typeof name === 'string' ? streamNumber(name) : name
  for (const [title, n] of [
    ['stream number', number],
    ['stream index', index],
  ] as const)
    if (!Number.isInteger(n) || n < 0 || n >= 2 ** 32)
      throw new RangeError(`"${title}" expected an integer in [0, 2^32), got ${n}`)
  // The fourth word keeps this use of the generator apart from those that address devices and noise.
  return { counter: [0, index, number, 0x5354524d], key }
}

/**
 * The stream at (seed, name, index), from its beginning. Streams at different addresses do not overlap, up to a
 * collision of two names' 32-bit hashes. Period 2^34 words, after which `bits` throws.
 * @param seed integer in [0, 2^53)
 * @param name what the numbers are for, or a number in [0, 2^32)
 * @param index integer in [0, 2^32): example, tensor or the like
 */
export const stream = (seed: number, name: string | number, index = 0): Stream => {
  const { counter, key } = streamOrigin(seed, name, index)
  const [, word1, word2, word3] = counter
  const block = new Uint32Array(4)
  let blocks = 0
  let used = 4

  const bits = (): number => {
    if (used === 4) {
      if (blocks === 2 ** 32) throw new RangeError('stream exhausted after 2^34 words')
      philox4x32Into(block, [blocks, word1, word2, word3], key)
      blocks++
      used = 0
    }
    return block[used++] ?? 0
  }
  const below = (n: number): number => {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32)
      throw new RangeError(`"n" expected an integer in [1, 2^32], got ${n}`)
    // Words at or above the largest multiple of n would favour the small results: drawn again.
    const limit = 2 ** 32 - (2 ** 32 % n)
    let word = bits()
    while (word >= limit) word = bits()
    return word % n
  }
  const choice = <T>(items: readonly T[]): T => {
    if (items.length === 0) throw new RangeError('"items" expected at least one, got none')
    return items[below(items.length)] as T // in range: below(length) < length
  }
  const shuffle = <T>(items: readonly T[]): T[] => {
    const out = [...items]
    for (let i = out.length - 1; i > 0; i--) {
      const j = below(i + 1)
      const moved = out[i] as T // i < length
      out[i] = out[j] as T // j <= i
      out[j] = moved
    }
    return out
  }
  return {
    bits,
    below,
    uniform: () => ((bits() >>> 5) * 2 ** 26 + (bits() >>> 6)) * 2 ** -53,
    choice,
    shuffle,
  }
}
