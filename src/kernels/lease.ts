/**
 * Blocks of the heap that are given back together: what an engine holds, so that the next one finds the room.
 * Not modelled: blocks of other threads; each has a lease of its own.
 */
import type { Heap, Ptr } from './heap.js'

export interface Lease extends Heap {
  /** Gives every block back that was allocated here and is not free yet. */
  readonly end: () => void
}

export const lease = (heap: Heap): Lease => {
  const held = new Set<Ptr>()
  return {
    ...heap,
    allocate: bytes => {
      const at = heap.allocate(bytes)
      held.add(at)
      return at
    },
    free: at => {
      heap.free(at)
      held.delete(at)
    },
    end: () => {
      for (const at of held) heap.free(at)
      held.clear()
    },
  }
}
