/**
 * The gradient of attention.ts, sequence by sequence and head by head; probabilities are computed again from q and k.
 * With P the probabilities, m their dropout masks and dO the gradient of the output: dV = (m P)^T dO, dP = m (dO V^T),
 * dS = P (dP - sum over a row of dP P) scale, dQ = dS K, dK = dS^T Q. All products follow product.ts, row sums lanes.ts.
 */
import { attentionMasks, type AttentionDropout } from './attention.js'
import { dropRowInto } from './dropout.js'
import { foldSum, lanes } from './lanes.js'
import { packInto, panelColumns, panelsLength, productInto, type Strides } from './product.js'
import { softmaxInto } from './softmax.js'

const { fround } = Math

/** Numbers of scratch for the longest sequence of a batch. */
export const attentionGradientScratchLength = (longest: number, headSize: number): number =>
  panelsLength(headSize, longest) +
  panelsLength(longest, headSize) +
  2 * longest * Math.ceil(longest / panelColumns) * panelColumns

export interface GradientHeads {
  readonly heads: number
  readonly headSize: number
  readonly scale: number
}

/** [tokens, heads * headSize] each. */
export interface AttentionOperands {
  readonly q: Float32Array
  readonly k: Float32Array
  readonly v: Float32Array
}

/** Of one row: ds = p (dp - sum dp p) scale, in the place of dp. */
const softmaxGradientInto = (dp: Float32Array, p: Float32Array, scale: number): void => {
  const sums = new Float32Array(lanes)
  for (let j = 0; j < p.length; j++)
    sums[j % lanes] = fround((sums[j % lanes] ?? 0) + fround((dp[j] ?? 0) * (p[j] ?? 0)))
  const level = foldSum(sums)
  for (let j = 0; j < p.length; j++) dp[j] = fround(fround((p[j] ?? 0) * fround((dp[j] ?? 0) - level)) * scale)
}

/** @param offsets starts of the sequences and the end of the last. @param scratch of attentionGradientScratchLength numbers. */
export const attentionGradientInto = (
  gradient: AttentionOperands,
  dy: Float32Array,
  { q, k, v }: AttentionOperands,
  offsets: Int32Array,
  { heads, headSize, scale }: GradientHeads,
  scratch: Float32Array,
  dropout: AttentionDropout | null,
): void => {
  const row = heads * headSize
  for (let s = 0; s + 1 < offsets.length; s++) {
    const from = offsets[s] ?? 0
    const length = (offsets[s + 1] ?? 0) - from
    const stride = Math.ceil(length / panelColumns) * panelColumns
    const across = scratch.subarray(0, panelsLength(headSize, length))
    const along = scratch.subarray(across.length, across.length + panelsLength(length, headSize))
    const p = scratch.subarray(across.length + along.length)
    const ds = p.subarray(length * stride)
    for (let h = 0; h < heads; h++) {
      const at = from * row + h * headSize
      /** y [length, length] = x of this head times w of this head, transposed. */
      const scores = (y: Float32Array, x: Float32Array, w: Float32Array): void => {
        packInto(across, w.subarray(at), headSize, length, { row, inner: 1 })
        const shape = { rows: length, inner: headSize, columns: length }
        productInto(y, x.subarray(at), across, null, shape, { row, inner: 1 }, stride)
      }
      /** y of this head = x, or x transposed, [length, length] times w of this head. */
      const mixture = (y: Float32Array, x: Float32Array, strides: Strides, w: Float32Array): void => {
        packInto(along, w.subarray(at), length, headSize, { row: 1, inner: row })
        const shape = { rows: length, inner: length, columns: headSize }
        productInto(y.subarray(at), x, along, null, shape, strides, row)
      }
      scores(p, q, k)
      softmaxInto(p, p, length, length, stride, scale)
      scores(ds, dy, v)
      const masks = attentionMasks(dropout, h)
      for (let i = 0; i < length; i++) {
        const pi = p.subarray(i * stride, i * stride + length)
        const di = ds.subarray(i * stride, i * stride + length)
        if (masks !== null) dropRowInto(di, di, i, dropout?.examples[s] ?? 0, masks)
        softmaxGradientInto(di, pi, fround(scale))
        if (masks !== null) dropRowInto(pi, pi, i, dropout?.examples[s] ?? 0, masks)
      }
      mixture(gradient.v, p, { row: 1, inner: stride }, dy)
      mixture(gradient.k, ds, { row: 1, inner: stride }, q)
      mixture(gradient.q, ds, { row: stride, inner: 1 }, k)
    }
  }
}
