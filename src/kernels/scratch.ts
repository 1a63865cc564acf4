/**
 * A thread's stack of short-lived blocks on the heap: take, compute, release back to a mark. Not shared between threads.
 */
import type { Heap, Ptr } from './heap.js'

export interface Scratch {
  /** A block aligned to 64 bytes, valid until a release to a mark set before it. @throws HeapSpent beyond 4 GiB. */
  readonly take: (bytes: number) => Ptr
  /** Everything taken inside `work` is released when it returns or throws. Not for async work. */
  readonly within: <T>(work: () => T) => T
  /** Gives all memory back to the heap; nothing may be taken afterwards. */
  readonly close: () => void
}

/** @param chunkBytes heap memory is requested in chunks of at least this; the stack keeps them until `close`. */
export const createScratch = (heap: Heap, chunkBytes = 1 << 20): Scratch => {
  const chunks: { readonly at: Ptr; readonly bytes: number }[] = []
  /** The chunk in use, and the bytes used in it. */
  let chunk = 0
  let used = 0
  return {
    take: bytes => {
      const need = Math.max(64, Math.ceil(bytes / 64) * 64)
      for (;;) {
        const current = chunks[chunk]
        if (current === undefined) {
          const size = Math.max(need, chunkBytes)
          chunks.push({ at: heap.allocate(size), bytes: size })
          used = 0
        } else if (used + need <= current.bytes) {
          used += need
          return current.at + used - need
        } else if (used === 0) {
          // Empty and still too small: replaced, so that growing batches do not leave a trail of chunks.
          heap.free(current.at)
          chunks.splice(chunk, 1)
        } else {
          chunk++
          used = 0
        }
      }
    },
    within: work => {
      const mark = { chunk, used }
      try {
        return work()
      } finally {
        chunk = mark.chunk
        used = mark.used
      }
    },
    close: () => {
      for (const c of chunks.splice(0)) heap.free(c.at)
    },
  }
}
