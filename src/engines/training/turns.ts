/**
 * Whose turn it is to add to a tensor's gradient: groups of sequences add theirs in the order of the batch, whichever
 * threads compute them, so that sums are the same with any number of threads. A group never waits for a later one.
 */
import type { Heap, Ptr } from '../../kernels/heap.js'

/** Another group failed: what this one adds would be in vain. */
const abandoned = -1
/** Longest wait [ms] before looking again, so that a thread can be ended while it waits. */
const patience = 1000

/** What a group fails with when another one failed first. */
export class GradientAbandoned extends Error {
  override readonly name = 'GradientAbandoned'
}

export interface Turns {
  /** Runs `work` when all earlier groups have had their turn at the tensor. @throws GradientAbandoned if one of them failed */
  readonly take: (tensor: number, group: number, work: () => void) => void
  /** Every group that waits, now or later, fails. */
  readonly abandon: () => void
}

export const turnsOf = (heap: Heap, at: Ptr, tensors: number): Turns => {
  const done = heap.i32(at, tensors)
  return {
    take: (tensor, group, work) => {
      for (let found = Atomics.load(done, tensor); found !== group; found = Atomics.load(done, tensor)) {
        if (found === abandoned) throw new GradientAbandoned('the gradient of another group of sequences failed')
        Atomics.wait(done, tensor, found, patience)
      }
      work()
      // Not if it was abandoned meanwhile.
      Atomics.compareExchange(done, tensor, group, group + 1)
      Atomics.notify(done, tensor)
    },
    abandon: () => {
      for (let tensor = 0; tensor < tensors; tensor++) {
        Atomics.store(done, tensor, abandoned)
        Atomics.notify(done, tensor)
      }
    },
  }
}

/** Before the first group of a step. */
export const resetTurns = (heap: Heap, at: Ptr, tensors: number): void => {
  heap.i32(at, tensors).fill(0)
}
