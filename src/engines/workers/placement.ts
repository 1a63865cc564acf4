/** Batches on the heap and off it again: what pool.ts puts there and worker.ts finds. Nothing is checked here. */
import type { Batch } from '../../domain/encoder/algebra.js'
import type { Heap } from '../../kernels/heap.js'
import type { Placed } from './message.js'

const bytesEach = 4

/** Copies a batch into one fresh block, with room for its logits and counts. The block is given back with `heap.free(placed.at)`. */
export const placed = (heap: Heap, { ids, offsets, examples }: Batch, labels: number, counts: number): Placed => {
  const logits = Math.max(0, offsets.length - 1) * labels
  const at = heap.allocate(bytesEach * (ids.length + offsets.length + examples.length + logits + counts))
  const result = { at, ids: ids.length, offsets: offsets.length, examples: examples.length, logits, counts }
  const there = batchAt(heap, result)
  there.ids.set(ids)
  there.offsets.set(offsets)
  there.examples.set(examples)
  return result
}

/** The batch as views of the heap. */
export const batchAt = (heap: Heap, { at, ids, offsets, examples }: Placed): Batch => ({
  ids: heap.i32(at, ids),
  offsets: heap.i32(at + bytesEach * ids, offsets),
  examples: heap.i32(at + bytesEach * (ids + offsets), examples),
})

/** The logits as a view of the heap. */
export const logitsAt = (heap: Heap, { at, ids, offsets, examples, logits }: Placed): Float32Array =>
  heap.f32(at + bytesEach * (ids + offsets + examples), logits)

/** The counts as a view of the heap. */
export const countsAt = (heap: Heap, { at, ids, offsets, examples, logits, counts }: Placed): Uint32Array =>
  heap.u32(at + bytesEach * (ids + offsets + examples + logits), counts)
