/** What the main thread and a worker thread say to each other: plain values, all of them structured-cloneable. */
import type { Batch } from '../../domain/encoder/algebra.js'
import type { KernelChoice } from '../../kernels/load.js'
import type { SharedMemory } from '../../kernels/webassembly.js'
import type { Parameters } from '../digital/parameters.js'
import type { Outputs } from '../engine.js'

/** Told once, when the thread starts. */
export interface Setup {
  /** Of the heap that holds the parameters: shared, not copied. */
  readonly memory: SharedMemory
  /** What the main thread runs: every thread loads the same. */
  readonly kernels: KernelChoice
  readonly parameters: Parameters
}

/** Main thread to worker. */
export type Order =
  | { readonly kind: 'run'; readonly batch: Batch; readonly firstTokens: boolean }
  /** Give back what you hold on the heap, and end. */
  | { readonly kind: 'close' }

/** Worker to main thread: one for each `run`, in order. */
export type Report =
  | { readonly kind: 'outputs'; readonly outputs: Outputs }
  | { readonly kind: 'error'; readonly name: string; readonly message: string; readonly stack: string | undefined }
