/**
 * Standard normals from Philox words by Box and Muller, in binary32; a counter gives four. The largest magnitude is
 * sqrt(64 ln 2) = 6.66, beyond which lies 3e-11 of a normal. Not modelled: a finer tail.
 */
import { philox4x32Into, type Counter, type Key } from '../../domain/random/philox.js'
import { log } from './logarithm.js'
import { turn } from './turn.js'

const { fround, sqrt } = Math
const words = new Uint32Array(4)

/**
 * u = (v + 1/2) / 2^31, v the upper 31 bits of the first word; turn t = the second word as a signed integer / 2^32;
 * [sqrt(-2 ln u) cos(2 pi t), sqrt(-2 ln u) sin(2 pi t)].
 */
export const boxMuller = (radial: number, angular: number): readonly [number, number] => {
  const u = fround(fround(fround(radial >>> 1) + 0.5) * 2 ** -31)
  const radius = fround(sqrt(fround(-2 * log(u))))
  const [sine, cosine] = turn(fround(fround(angular | 0) * 2 ** -32))
  return [fround(radius * cosine), fround(radius * sine)]
}

/** The four normals of a counter: of words 0 and 1, then of words 2 and 3. */
export const normals = (counter: Counter, key: Key): readonly [number, number, number, number] => {
  philox4x32Into(words, counter, key)
  const [a = 0, b = 0, c = 0, d = 0] = words
  return [...boxMuller(a, b), ...boxMuller(c, d)]
}

/** Numbers that 16 consecutive counters give: number i is normal (i >> 4) & 3 of counter (i >> 6) * 16 + (i & 15). */
export const normalGroup = 64

/** y [length] from counters that differ in word 0, modulo 2^32, from `counter` on. */
export const normalsInto = (y: Float32Array, counter: Counter, key: Key): void => {
  const [c0, c1, c2, c3] = counter
  for (let from = 0; from < y.length; from += normalGroup)
    for (let lane = 0; lane < 16; lane++)
      normals([(c0 + from / 4 + lane) % 2 ** 32, c1, c2, c3], key).forEach((z, i) => {
        const at = from + 16 * i + lane
        if (at < y.length) y[at] = z
      })
}
