/** A batch as the kernels of training take it: sequences and addresses of the rows of an activation, on the heap. */
import type { Batch } from '../../domain/encoder/algebra.js'
import type { Ptr } from '../../kernels/heap.js'
import { placesInto } from '../digital/algebra.js'
import type { Workbench } from '../workbench.js'

/** Of an activation whose rows are all tokens, or the first token of each sequence. */
export interface Rows {
  /** int32 [sequences + 1]: where each sequence's rows start, and the end of the last. */
  readonly offsets: Ptr
  /** uint32 [rows] each: position in the sequence, example. */
  readonly tokens: Ptr
  readonly examples: Ptr
}

export interface BatchRows {
  readonly sequences: number
  readonly longest: number
  readonly all: Rows
  readonly first: Rows
  /** int32 [tokens] each: rows of the tables of words and of positions. */
  readonly ids: Ptr
  readonly places: Ptr
}

export const batchRows = ({ heap, scratch }: Workbench, batch: Batch, paddingId: number): BatchRows => {
  const { ids, offsets, examples } = batch
  const placed = (numbers: Int32Array): Ptr => {
    const at = scratch.take(numbers.byteLength)
    heap.i32(at, numbers.length).set(numbers)
    return at
  }
  const sequences = offsets.length - 1
  const tokens = new Int32Array(ids.length)
  const owners = new Int32Array(ids.length)
  let longest = 0
  for (let s = 0; s < sequences; s++) {
    const [start, end] = [offsets[s] ?? 0, offsets[s + 1] ?? 0]
    longest = Math.max(longest, end - start)
    owners.fill(examples[s] ?? 0, start, end)
    for (let i = start; i < end; i++) tokens[i] = i - start
  }
  const counted = Int32Array.from({ length: sequences + 1 }, (_, s) => s)
  const places = new Int32Array(ids.length)
  placesInto(places, batch, paddingId)
  return {
    ...{ ids: placed(ids), places: placed(places) },
    ...{ sequences, longest },
    all: { offsets: placed(offsets), tokens: placed(tokens), examples: placed(owners) },
    first: { offsets: placed(counted), tokens: placed(new Int32Array(sequences)), examples: placed(examples) },
  }
}
