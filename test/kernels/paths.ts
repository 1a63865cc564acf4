/** Every implementation this machine can run, over one heap: the reference, WebAssembly, each native instruction set. */
import * as E from 'fp-ts/lib/Either.js'
import { createHeap } from '../../src/kernels/heap.js'
import type { Kernels } from '../../src/kernels/kernels.js'
import { nativeKernels } from '../../src/kernels/native/addon.js'
import { referenceKernels } from '../../src/kernels/reference/kernels.js'
import { webAssemblyKernels } from '../../src/kernels/webassembly-kernels.js'

export const heap = createHeap()
export const reference = referenceKernels(heap)

const native = await nativeKernels()

/** WebAssembly, and the native sets where a compiler is. */
export const fast: readonly (readonly [name: string, kernels: Kernels])[] = [
  ['wasm', webAssemblyKernels(heap)],
  ...(E.isRight(native) ? native.right.sets.map((isa): [string, Kernels] => [isa, native.right.open(heap, isa)]) : []),
]
