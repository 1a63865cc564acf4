/**
 * Self-attention of ragged sequences: softmax(q k^T * scale) v, head by head, within each sequence (Vaswani et al. 2017).
 * Both products follow product.ts, the softmax softmax.ts. Not modelled: masks of the future, cross-attention.
 */
import { dropRowInto, type Masks } from './dropout.js'
import { packInto, panelColumns, panelsLength, productInto } from './product.js'
import { softmaxInto } from './softmax.js'

/** Rows of queries treated at once; no result depends on it. */
export const queryBlock = 32

/** Numbers of scratch for the longest sequence of a batch. */
export const attentionScratchLength = (longest: number, headSize: number): number =>
  panelsLength(headSize, longest) + panelsLength(longest, headSize) + queryBlock * (longest + panelColumns)

export interface Heads {
  readonly heads: number
  readonly headSize: number
  /** Usually 1 / sqrt(headSize), rounded to binary32. */
  readonly scale: number
  /** Step between rows of q, k and v; of y it is heads * headSize. */
  readonly row: number
}

/** Dropout of the probabilities: token is the query's, column the key's. */
export interface AttentionDropout {
  /** Of head 0; the head's number is the lower half of word 2. */
  readonly masks: Masks
  /** Of each sequence. */
  readonly examples: Uint32Array
}

/** The masks of a head; null where nothing is dropped. */
export const attentionMasks = (dropout: AttentionDropout | null, head: number): Masks | null =>
  dropout === null || dropout.masks.threshold === 0
    ? null
    : { ...dropout.masks, word2: (dropout.masks.word2 | head) >>> 0 }

/** @param y,q,k,v [tokens, heads * headSize]. @param offsets starts of the sequences and the end of the last. @param scratch of attentionScratchLength numbers. */
export const attentionInto = (
  y: Float32Array,
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  offsets: Int32Array,
  shape: Heads,
  scratch: Float32Array,
  dropout: AttentionDropout | null = null,
): void => {
  const { heads, headSize, scale, row } = shape
  const yRow = heads * headSize
  for (let s = 0; s + 1 < offsets.length; s++) {
    const from = offsets[s] ?? 0
    const length = (offsets[s + 1] ?? 0) - from
    const keys = scratch.subarray(0, panelsLength(headSize, length))
    const values = scratch.subarray(keys.length, keys.length + panelsLength(length, headSize))
    const scores = scratch.subarray(keys.length + values.length)
    const stride = Math.ceil(length / panelColumns) * panelColumns
    for (let h = 0; h < heads; h++) {
      const masks = attentionMasks(dropout, h)
      const at = from * row + h * headSize
      packInto(keys, k.subarray(at), headSize, length, { row, inner: 1 })
      packInto(values, v.subarray(at), length, headSize, { row: 1, inner: row })
      for (let i = 0; i < length; i += queryBlock) {
        const rows = Math.min(queryBlock, length - i)
        productInto(
          scores,
          q.subarray(at + i * row),
          keys,
          null,
          { rows, inner: headSize, columns: length },
          { row, inner: 1 },
          stride,
        )
        softmaxInto(scores, scores, rows, length, stride, scale)
        if (masks !== null)
          for (let r = 0; r < rows; r++) {
            const probabilities = scores.subarray(r * stride, r * stride + length)
            dropRowInto(probabilities, probabilities, i + r, dropout?.examples[s] ?? 0, masks)
          }
        const out = y.subarray((from + i) * yRow + h * headSize)
        productInto(
          out,
          scores,
          values,
          null,
          { rows, inner: length, columns: headSize },
          { row: stride, inner: 1 },
          yRow,
        )
      }
    }
  }
}
