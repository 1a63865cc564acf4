/**
 * Inverted dropout (Srivastava et al. 2014): a number is dropped, or kept and scaled up so that the mean stays. Whether
 * it is dropped depends on what it is for alone (domain/random/addresses.ts), so no order of work changes a mask, and
 * the gradient is the same operation with the same mask. Not modelled: dropping whole heads, tokens or layers.
 */
import { philox4x32Into, type Key } from '../../domain/random/philox.js'

const { fround } = Math
const words = new Uint32Array(4)

/** Which masks. */
export interface Masks {
  readonly key: Key
  /** Words 2 and 3 of the counter. */
  readonly word2: number
  readonly word3: number
  /** A Philox word below it drops its number: 2^32 times the probability. */
  readonly threshold: number
  /** What kept numbers are multiplied by. */
  readonly scale: number
}

/** y[j] = x[j] scale where number j of this token and example is kept, else +0; y may be x. */
export const dropRowInto = (y: Float32Array, x: Float32Array, token: number, example: number, masks: Masks): void => {
  const scale = fround(masks.scale)
  const { key, word2, word3 } = masks
  for (let from = 0; from < x.length; from += 64)
    for (let lane = 0; lane < 16; lane++) {
      philox4x32Into(words, [token * 65536 + from / 4 + lane, example, word2, word3], key)
      words.forEach((word, i) => {
        const j = from + 16 * i + lane
        if (j < x.length) y[j] = word >= masks.threshold ? fround((x[j] ?? 0) * scale) : 0
      })
    }
}

/** The same for rows of `width` numbers, each with its token and its example. */
export const dropoutInto = (
  y: Float32Array,
  x: Float32Array,
  width: number,
  tokens: Uint32Array,
  examples: Uint32Array,
  masks: Masks,
): void =>
  tokens.forEach((token, r) => {
    const [from, to] = [r * width, (r + 1) * width]
    dropRowInto(y.subarray(from, to), x.subarray(from, to), token, examples[r] ?? 0, masks)
  })
