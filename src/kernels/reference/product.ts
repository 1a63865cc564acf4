/**
 * Matrix product in binary32 in one fixed order. The right matrix is packed once into panels of 16 columns,
 * panel [ceil(columns / 16)][inner][16], zeros beyond the last column. Not modelled: fused multiply-add.
 */
const { fround } = Math

/** Columns of a panel. */
export const panelColumns = 16
/** Terms of one block sum. */
export const innerBlock = 256

/** Numbers in the panels of an [inner, columns] matrix. */
export const panelsLength = (inner: number, columns: number): number =>
  Math.ceil(columns / panelColumns) * panelColumns * inner

/** Steps in numbers between neighbours of a matrix that is not stored row by row without gaps. */
export interface Strides {
  readonly row: number
  readonly inner: number
}

export interface ProductShape {
  readonly rows: number
  /** Terms of each sum. */
  readonly inner: number
  readonly columns: number
}

/** Packs w, element (column j, inner k) at j * strides.row + k * strides.inner: {inner, 1} is W [columns, inner]. */
export const packInto = (
  panels: Float32Array,
  w: Float32Array,
  inner: number,
  columns: number,
  strides: Strides,
): void => {
  const count = Math.ceil(columns / panelColumns)
  for (let p = 0; p < count; p++) {
    const first = p * panelColumns
    const to = first * inner
    for (let k = 0; k < inner; k++)
      for (let j = 0; j < panelColumns; j++)
        panels[to + k * panelColumns + j] =
          first + j < columns ? (w[(first + j) * strides.row + k * strides.inner] ?? 0) : 0
  }
}

/**
 * y[i, j] = sum_k x[i, k] w[j, k] (+ bias[j]). k runs in blocks of 256: inside a block one sum from +0, k ascending,
 * product and sum each rounded; the block sums are added in order; the bias last. No terms: +0 (+ bias).
 * @param x element (i, k) at i * xStrides.row + k * xStrides.inner. @param bias [columns] or null. @param yRow step between rows of y.
 */
export const productInto = (
  y: Float32Array,
  x: Float32Array,
  panels: Float32Array,
  bias: Float32Array | null,
  { rows, inner, columns }: ProductShape,
  xStrides: Strides,
  yRow: number,
): void => {
  const sx = xStrides.inner
  for (let from = 0; from === 0 || from < inner; from += innerBlock) {
    const to = Math.min(inner, from + innerBlock)
    const last = to === inner
    for (let j = 0; j < columns; j += 4) {
      const panel = (j - (j % panelColumns)) * inner + (j % panelColumns)
      const b0 = last && bias !== null ? (bias[j] ?? 0) : 0
      const b1 = last && bias !== null ? (bias[j + 1] ?? 0) : 0
      const b2 = last && bias !== null ? (bias[j + 2] ?? 0) : 0
      const b3 = last && bias !== null ? (bias[j + 3] ?? 0) : 0
      const biased = last && bias !== null
      for (let i = 0; i < rows; i++) {
        let s0 = 0
        let s1 = 0
        let s2 = 0
        let s3 = 0
        let at = i * xStrides.row + from * sx
        for (let w = panel + from * panelColumns, end = panel + to * panelColumns; w < end; w += panelColumns) {
          const v = x[at] ?? 0
          at += sx
          s0 = fround(s0 + fround(v * (panels[w] ?? 0)))
          s1 = fround(s1 + fround(v * (panels[w + 1] ?? 0)))
          s2 = fround(s2 + fround(v * (panels[w + 2] ?? 0)))
          s3 = fround(s3 + fround(v * (panels[w + 3] ?? 0)))
        }
        const o = i * yRow + j
        if (from > 0) {
          s0 = fround((y[o] ?? 0) + s0)
          s1 = fround((y[o + 1] ?? 0) + s1)
          s2 = fround((y[o + 2] ?? 0) + s2)
          s3 = fround((y[o + 3] ?? 0) + s3)
        }
        if (biased) {
          s0 = fround(s0 + b0)
          s1 = fround(s1 + b1)
          s2 = fround(s2 + b2)
          s3 = fround(s3 + b3)
        }
        y[o] = s0
        if (j + 1 < columns) y[o + 1] = s1
        if (j + 2 < columns) y[o + 2] = s2
        if (j + 3 < columns) y[o + 3] = s3
      }
    }
  }
}
