/** Sequences gathered into ragged batches. How they are gathered never changes a result, only speed and memory. */
import type { Batch } from '../domain/encoder/algebra.js'

export interface Sequence {
  readonly ids: Int32Array
  /** Index of its example in the split. */
  readonly example: number
}

/** Tokens enough to keep a kernel busy; a batch also ends at its first sequence beyond this. */
export const batchTokens = 512

/** Lays sequences end to end. */
export const batchOf = (sequences: readonly Sequence[]): Batch => {
  const offsets = new Int32Array(sequences.length + 1)
  sequences.forEach((s, i) => {
    offsets[i + 1] = (offsets[i] ?? 0) + s.ids.length
  })
  const ids = new Int32Array(offsets[sequences.length] ?? 0)
  sequences.forEach((s, i) => ids.set(s.ids, offsets[i]))
  return { ids, offsets, examples: Int32Array.from(sequences, s => s.example) }
}

/**
 * Groups items in order, closing a group once it holds `limit` tokens; never holds more than one group.
 * If the source fails, what it gave before is handed on first.
 */
export const groups = async function* <A>(
  source: AsyncIterable<A>,
  tokens: (item: A) => number,
  limit: number = batchTokens,
): AsyncGenerator<readonly A[]> {
  let group: A[] = []
  let held = 0
  try {
    for await (const item of source) {
      group.push(item)
      held += tokens(item)
      if (held >= limit) {
        yield group
        group = []
        held = 0
      }
    }
  } catch (error) {
    if (group.length > 0) yield group
    throw error
  }
  if (group.length > 0) yield group
}
