/**
 * What a thread computes with: the heap all threads share, its own instance of the kernels, its own scratch stack.
 * Not modelled: what is computed; that is each engine's affair.
 */
import { isLeft, right } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Problem } from '../domain/problem.js'
import type { Heap } from '../kernels/heap.js'
import type { Kernels } from '../kernels/kernels.js'
import { loadKernels, type KernelChoice, type LoadedKernels } from '../kernels/load.js'
import { createScratch, type Scratch } from '../kernels/scratch.js'

export interface Workbench {
  readonly heap: Heap
  readonly kernels: Kernels
  readonly scratch: Scratch
}

export interface OpenWorkbench extends Workbench {
  readonly loaded: LoadedKernels
}

/** This thread's workbench over the heap; a Problem if kernels are asked for that are not there. */
export const openWorkbench =
  (heap: Heap, choice: KernelChoice): TaskEither<Problem, OpenWorkbench> =>
  async () => {
    const found = await loadKernels(heap, choice)()
    if (isLeft(found)) return found
    return right({ heap, kernels: found.right.kernels, scratch: createScratch(heap), loaded: found.right })
  }
