/** The kernels of this process: those that OHMFLOW_KERNELS and OHMFLOW_ISA ask for, else the fastest there are. */
import { isLeft } from 'fp-ts/lib/Either.js'
import { Failure } from '../domain/problem.js'
import { orThrow } from '../io/fault.js'
import type { Heap } from '../kernels/heap.js'
import { choiceFrom, loadKernels, type KernelChoice, type LoadedKernels } from '../kernels/load.js'

/** What the environment asks for. @throws Failure if it asks for something unknown. */
export const chosenKernels = (): KernelChoice => {
  const choice = choiceFrom(process.env)
  if (isLeft(choice)) throw new Failure(choice.left)
  return choice.right
}

/** @throws Failure (in the promise) if what is asked for is not there. */
export const openKernels = (heap: Heap): Promise<LoadedKernels> => orThrow(loadKernels(heap, chosenKernels()))

/** "native (avx512vnni): the best this processor can run". */
export const kernelsInWords = ({ kind, isa, why }: LoadedKernels): string =>
  `${kind}${isa === null ? '' : ` (${isa})`}: ${why}`
