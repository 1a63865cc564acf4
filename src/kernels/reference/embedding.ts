/**
 * Rows of tables picked by number. Not modelled: a check of the numbers, which is the caller's.
 */
const { fround } = Math

export interface Tables {
  /** [vocabulary, width] */
  readonly words: Float32Array
  /** [positions, width] */
  readonly positions: Float32Array
  /** [width]: the one token type of RoBERTa. */
  readonly type: Float32Array
}

/** y[t] = (words[ids[t]] + type) + positions[places[t]], the order of Hugging Face's RobertaEmbeddings. */
export const embedInto = (y: Float32Array, ids: Int32Array, places: Int32Array, tables: Tables): void => {
  const { words, positions, type } = tables
  const width = type.length
  for (let t = 0; t < ids.length; t++) {
    const w = (ids[t] ?? 0) * width
    const p = (places[t] ?? 0) * width
    for (let i = 0; i < width; i++)
      y[t * width + i] = fround(fround((words[w + i] ?? 0) + (type[i] ?? 0)) + (positions[p + i] ?? 0))
  }
}

/** y[i] = x[index[i]], rows of `width` numbers. */
export const gatherInto = (y: Float32Array, x: Float32Array, index: Int32Array, width: number): void => {
  for (let i = 0; i < index.length; i++) {
    const at = (index[i] ?? 0) * width
    y.set(x.subarray(at, at + width), i * width)
  }
}

/**
 * table[index[i]] += x[i], rows of `width` numbers, one after the other; the gradient of a table looked up.
 * @param skip a number whose rows are left out: padding has no gradient. -1: none.
 */
export const scatterAddInto = (
  table: Float32Array,
  x: Float32Array,
  index: Int32Array,
  width: number,
  skip: number,
): void =>
  index.forEach((row, i) => {
    if (row === skip) return
    for (let j = 0; j < width; j++)
      table[row * width + j] = fround((table[row * width + j] ?? 0) + (x[i * width + j] ?? 0))
  })
