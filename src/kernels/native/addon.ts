/**
 * The kernels as a native addon over the heap, one set for each instruction set. Not modelled: bounds; a wrong place
 * crashes the process.
 */
import { createRequire } from 'node:module'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { problem, type Problem } from '../../domain/problem.js'
import { calling } from '../arguments.js'
import type { Heap } from '../heap.js'
import type { Kernels } from '../kernels.js'
import { buildAddon } from './compiler.js'

interface Addon {
  /** Instruction sets this processor can run, best first; the last is what the compiler makes without options. */
  readonly sets: readonly string[]
  readonly open: (isa: string, start: Uint8Array) => (kernel: number, place: number) => void
}

/** Compiled instruction sets this processor can run, best first, and the kernels of one. */
export interface NativeKernels {
  readonly sets: readonly string[]
  /** @throws RangeError if `isa` is not among the sets. */
  readonly open: (heap: Heap, isa: string) => Kernels
}

const loaded: TaskEither<Problem, NativeKernels> = async () => {
  const built = await buildAddon()
  if (E.isLeft(built)) return built
  try {
    const addon = createRequire(import.meta.url)(built.right) as Addon // as: addon.c defines it
    return E.right({
      sets: addon.sets,
      open: (heap, isa) => {
        // The base of a shared memory never moves, so this view serves for good; the closure keeps the memory alive.
        const start = heap.u8(0, 64)
        const run = addon.open(isa, start)
        return calling(heap, (_, number) => place => run(number, place))
      },
    })
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    return E.left(problem('native kernels', built.right, 'an addon this Node can load', found))
  }
}

let known: NativeKernels | null = null

/** Builds the addon if needed and loads it, once a thread; what failed is tried again. */
export const nativeKernels: TaskEither<Problem, NativeKernels> = async () => {
  if (known !== null) return E.right(known)
  const now = await loaded()
  if (E.isRight(now)) known = now.right
  return now
}
