/**
 * The gradient of a linear layer's weight, dW = dY^T X, over ragged sequences: a sequence's terms are added up on their
 * own, so how sequences are grouped into calls never changes a sum. Not modelled: fused multiply-add.
 */
import { innerBlock, panelColumns } from './product.js'

const { fround } = Math

export interface GradientShape {
  /** Outputs of the layer. */
  readonly rows: number
  /** Inputs of the layer. */
  readonly columns: number
  readonly dyRow: number
  readonly yRow: number
  /** Adds every block sum to y; else the first is written. */
  readonly onward: boolean
}

/** Blocks of at most 256 tokens, none across the border of two sequences, in order. */
export const tokenBlocks = function* (offsets: Int32Array): Generator<readonly [from: number, to: number]> {
  for (let s = 0; s + 1 < offsets.length; s++) {
    const end = offsets[s + 1] ?? 0
    for (let from = offsets[s] ?? 0; from < end; from += innerBlock) yield [from, Math.min(end, from + innerBlock)]
  }
}

/**
 * y[i, j] (+)= sum over blocks of (sum over the block's tokens t of dy[t, i] x[t, j]): inside a block one sum from +0,
 * t ascending, product and sum each rounded. Without tokens: +0, or y as it is if `onward`.
 * @param panels x packed with its columns as columns and all its tokens as inner terms
 */
export const weightGradientInto = (
  y: Float32Array,
  dy: Float32Array,
  panels: Float32Array,
  offsets: Int32Array,
  { rows, columns, dyRow, yRow, onward }: GradientShape,
): void => {
  const tokens = offsets.at(-1) ?? 0
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      const panel = (j - (j % panelColumns)) * tokens + (j % panelColumns)
      const at = i * yRow + j
      let added = onward
      if (!onward) y[at] = 0
      for (const [from, to] of tokenBlocks(offsets)) {
        let sum = 0
        for (let t = from; t < to; t++)
          sum = fround(sum + fround((dy[t * dyRow + i] ?? 0) * (panels[panel + t * panelColumns] ?? 0)))
        y[at] = added ? fround((y[at] ?? 0) + sum) : sum
        added = true
      }
    }
}
