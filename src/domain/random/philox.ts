/**
 * Philox4x32-10, the counter-based generator of J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 * The defining reference for every kernel. Not modelled: other widths and round counts, and any state: what a number
 * is for is its counter (streams: stream.ts).
 */

/** Multipliers of the two lanes (Salmon et al., section 4.3). */
const M0 = 0xd2511f53
const M1 = 0xcd9e8d57
/** Weyl increments of the key: the golden ratio and sqrt(3) - 1, in units of 2^-32. */
const W0 = 0x9e3779b9
const W1 = 0xbb67ae85
const ROUNDS = 10

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit integers, by 16-bit halves; as a signed integer. */
const multiplyHigh = (a: number, b: number): number => {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const lowHigh = Math.imul(aLow, bHigh)
  // At most (2^16 - 1)^2 + (2^16 - 1) < 2^32 each, so neither sum carries out of 32 bits.
  const middle = (Math.imul(aHigh, bLow) >>> 0) + (Math.imul(aLow, bLow) >>> 16)
  const carried = (lowHigh >>> 0) + (middle & 0xffff)
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (carried >>> 16)) | 0
}

/** 128 bits, least significant word first. */
export type Counter = readonly [number, number, number, number]
/** 64 bits, least significant word first. */
export type Key = readonly [number, number]

/**
 * Four independent uniform 32-bit words, written to out[at .. at + 3]. Words of counter and key are taken modulo 2^32.
 * The same (counter, key) always gives the same words; no two counters share their words under one key.
 * @param out at least `at` + 4 long
 */
export const philox4x32Into = (out: Uint32Array, counter: Counter, key: Key, at = 0): void => {
  let c0 = counter[0] | 0
  let c1 = counter[1] | 0
  let c2 = counter[2] | 0
  let c3 = counter[3] | 0
  let k0 = key[0] | 0
  let k1 = key[1] | 0
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(M0, c0)
    const low0 = Math.imul(M0, c0)
    const high1 = multiplyHigh(M1, c2)
    const low1 = Math.imul(M1, c2)
    c0 = high1 ^ c1 ^ k0
    c1 = low1
    c2 = high0 ^ c3 ^ k1
    c3 = low0
    k0 = (k0 + W0) | 0
    k1 = (k1 + W1) | 0
  }
  out[at] = c0
  out[at + 1] = c1
  out[at + 2] = c2
  out[at + 3] = c3
}

/** The four words of (counter, key), as a fresh array. */
export const philox4x32 = (counter: Counter, key: Key): Uint32Array => {
  const out = new Uint32Array(4)
  philox4x32Into(out, counter, key)
  return out
}
