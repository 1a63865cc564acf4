/**
 * Sums of columns over ragged sequences, the gradient of a bias: blocks of tokens as in weight-gradient.ts, for the same
 * reason. Not modelled: compensated summation.
 */
import { tokenBlocks } from './weight-gradient.js'

const { fround } = Math

/** y[j] (+)= sum over blocks of (sum over the block's rows of x[t, j], from +0, ascending). @param x rows of y.length */
export const columnSumsInto = (y: Float32Array, x: Float32Array, offsets: Int32Array, onward: boolean): void => {
  const columns = y.length
  for (let j = 0; j < columns; j++) {
    let added = onward
    if (!onward) y[j] = 0
    for (const [from, to] of tokenBlocks(offsets)) {
      let sum = 0
      for (let t = from; t < to; t++) sum = fround(sum + (x[t * columns + j] ?? 0))
      y[j] = added ? fround((y[j] ?? 0) + sum) : sum
      added = true
    }
  }
}
