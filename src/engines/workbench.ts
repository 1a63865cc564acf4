/**
 * What a thread computes with: the heap all threads share, its own instance of the kernels, its own scratch stack.
 * Not modelled: what is computed; that is each engine's affair.
 */
import type { Heap } from '../kernels/heap.js'
import type { Kernels } from '../kernels/kernels.js'
import { referenceKernels } from '../kernels/reference/kernels.js'
import { createScratch, type Scratch } from '../kernels/scratch.js'

export interface Workbench {
  readonly heap: Heap
  readonly kernels: Kernels
  readonly scratch: Scratch
}

/** This thread's workbench over the heap. Its scratch is to be closed when the thread has finished with it. */
export const openWorkbench = (heap: Heap): Promise<Workbench> =>
  Promise.resolve({ heap, kernels: referenceKernels(heap), scratch: createScratch(heap) })
