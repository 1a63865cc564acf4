/** A batch cut into groups of whole sequences, for threads to take. Results do not depend on how. */
import type { Batch } from '../../domain/encoder/algebra.js'

export interface Grouping {
  /** Groups a batch is cut into at least, if it has as many sequences: as many as there are threads. */
  readonly groups: number
  /** Tokens of a group at most, unless one sequence has more: bounds memory. */
  readonly groupTokens: number
}

/** Sequences of a batch, from `first` to before `end`. */
export interface Group {
  readonly first: number
  readonly end: number
}

/** Runs of sequences, about as many tokens in each. */
export const groupsOf = (offsets: Int32Array, { groups, groupTokens }: Grouping): readonly Group[] => {
  const sequences = offsets.length - 1
  const tokens = offsets[sequences] ?? 0
  const wanted = Math.max(1, groups, Math.ceil(tokens / groupTokens))
  const share = Math.min(groupTokens, tokens / wanted)
  const cut: Group[] = []
  for (let first = 0; first < sequences;) {
    const start = offsets[first] ?? 0
    let end = first + 1
    // A sequence belongs to the group in whose share its middle lies.
    while (end < sequences) {
      const [from, to] = [offsets[end] ?? 0, offsets[end + 1] ?? 0]
      if (to - start > groupTokens || (from + to) / 2 - start >= share) break
      end++
    }
    cut.push({ first, end })
    first = end
  }
  return cut
}

/** A group as a batch of its own. */
export const part = ({ ids, offsets, examples }: Batch, { first, end }: Group): Batch => {
  const [from, to] = [offsets[first] ?? 0, offsets[end] ?? 0]
  return {
    ids: ids.slice(from, to),
    offsets: offsets.slice(first, end + 1).map(offset => offset - from),
    examples: examples.slice(first, end),
  }
}
