/**
 * The kernels as WebAssembly SIMD over the heap. Always there, also in a browser (which must be cross-origin isolated to
 * share memory). Not modelled: processors without 128-bit SIMD, which refuse the module.
 */
import { calling } from './arguments.js'
import type { Heap } from './heap.js'
import type { Kernels } from './kernels.js'
import { moduleBase64 } from './webassembly-module.js'
import { webAssembly } from './webassembly.js'

/** Bytes of C stack of one instance: the largest frame is the 96 KiB of product.h. */
const stackBytes = 262_144

let compiled: object | undefined

const moduleOf = (): object => {
  compiled ??= new webAssembly.Module(Uint8Array.from(atob(moduleBase64), c => c.charCodeAt(0)))
  return compiled
}

interface StackPointer {
  value: number
}

/** A fresh instance; one per thread. @throws Error (CompileError, LinkError) if the engine cannot run it. */
export const webAssemblyKernels = (heap: Heap): Kernels => {
  const { exports } = new webAssembly.Instance(moduleOf(), { env: { memory: heap.memory } })
  // Threads share the memory, so each instance gets a stack of its own; it grows downwards.
  const stack = exports['__stack_pointer'] as StackPointer // as: an exported mutable global
  stack.value = heap.allocate(stackBytes) + stackBytes
  return calling(heap, name => {
    const kernel = exports[name] as (base: number, place: number) => void // as: exported under this name by kernels.c
    return place => kernel(0, place)
  })
}
