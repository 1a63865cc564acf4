/** Changes of bytes that files suffer or are made to suffer, a few at a time. */
import type { Random } from './random.js'

const odd = [0, 1, 0x7f, 0x80, 0xff, 0x22, 0x5b, 0x7b, 0x0a, 0x0d, 0x09, 0x2c, 0xef, 0xc0]

/** Integers at the edges of 1, 2, 4 and 8 bytes, little-endian. */
const edges = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
]

const integer = (random: Random): Uint8Array => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(random.pick(edges))
  return bytes.subarray(0, random.pick([1, 2, 4, 8]))
}

const splice = (bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array =>
  Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(Math.min(bytes.length, at + remove))])

const changes: readonly ((bytes: Uint8Array, random: Random) => Uint8Array)[] = [
  (bytes, random) => {
    const out = Uint8Array.from(bytes)
    const at = random.below(out.length)
    out[at] = (out[at] ?? 0) ^ (1 << random.below(8))
    return out
  },
  (bytes, random) => splice(bytes, random.below(bytes.length), 1, Uint8Array.of(random.pick(odd))),
  (bytes, random) => {
    const written = integer(random)
    return splice(bytes, random.below(bytes.length), written.length, written)
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => splice(bytes, random.below(bytes.length + 1), random.below(9), new Uint8Array(0)),
  (bytes, random) => splice(bytes, random.below(bytes.length + 1), 0, integer(random)),
  (bytes, random) => {
    const [from, size] = [random.below(bytes.length), 1 + random.below(64)]
    return splice(bytes, random.below(bytes.length), random.pick([0, size]), bytes.subarray(from, from + size))
  },
  // Near the beginning and the end, where lengths and magic numbers stand.
  (bytes, random) => {
    const near = random.below(Math.min(48, bytes.length))
    const written = integer(random)
    return splice(bytes, random.chance(0.5) ? near : bytes.length - 1 - near, written.length, written)
  },
]

/** One to four changes. */
export const spoiltBytes = (bytes: Uint8Array, random: Random): Uint8Array => {
  let out = bytes
  for (let n = 1 + random.below(4); n > 0; n--) if (out.length > 0) out = random.pick(changes)(out, random)
  return out
}
