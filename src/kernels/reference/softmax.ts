/**
 * Softmax of scaled rows: z = x * scale; e = exp(z - max z); y = e / sum e, the sum in the order of lanes.ts.
 * Not modelled: masks (sequences are processed at their own length).
 */
import { exp } from './exponential.js'
import { foldMax, foldSum, lanes } from './lanes.js'

const { fround } = Math

/** @param y,x rows of `width` numbers, `stride` apart; may be the same. */
export const softmaxInto = (
  y: Float32Array,
  x: Float32Array,
  rows: number,
  width: number,
  stride: number,
  scale: number,
): void => {
  const s = fround(scale)
  const partial = new Float32Array(lanes)
  for (let row = 0; row < rows; row++) {
    const at = row * stride
    partial.fill(-Infinity)
    for (let i = 0; i < width; i++) {
      const z = fround((x[at + i] ?? 0) * s)
      if (z > (partial[i % lanes] ?? 0)) partial[i % lanes] = z
    }
    const max = foldMax(partial)
    partial.fill(0)
    for (let i = 0; i < width; i++) {
      const e = exp(fround(fround((x[at + i] ?? 0) * s) - max))
      y[at + i] = e
      partial[i % lanes] = fround((partial[i % lanes] ?? 0) + e)
    }
    const sum = foldSum(partial)
    for (let i = 0; i < width; i++) y[at + i] = fround((y[at + i] ?? 0) / sum)
  }
}
