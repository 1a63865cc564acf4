/** What the main thread and a worker thread say to each other: plain values, all of them structured-cloneable. */
import type { Ptr } from '../../kernels/heap.js'
import type { KernelChoice } from '../../kernels/load.js'
import type { SharedMemory } from '../../kernels/webassembly.js'
import type { Outputs, RunOptions } from '../engine.js'
import type { Model, Task } from '../interpreter.js'

/** Of an engine: told to its threads as it begins. */
export interface Setup {
  /** Of the heap that holds the model: shared, not copied. */
  readonly memory: SharedMemory
  /** What the main thread runs: every thread loads the same. */
  readonly kernels: KernelChoice
  readonly model: Model
}

/**
 * A batch on the heap, and where its logits go. On the heap, because an array sent to a thread lives there until that
 * thread's collector runs, which for so little it hardly ever does: memory would creep up with every batch.
 */
export interface Placed {
  /**
   * One block: ids, offsets, examples (int32), then what the worker writes: logits [sequences, labels] (f32), counts
   * (uint32).
   */
  readonly at: Ptr
  readonly ids: number
  readonly offsets: number
  readonly examples: number
  readonly logits: number
  readonly counts: number
}

/** Main thread to worker. */
export type Order =
  | { readonly kind: 'run'; readonly batch: Placed; readonly options: RunOptions }
  | { readonly kind: 'perform'; readonly task: Task }
  /** Give back what you hold on the heap, let go of it, and wait for another engine. */
  | { readonly kind: 'close' }
  | { readonly kind: 'begin'; readonly setup: Setup }

/** Worker to main thread: one for each `run` and `perform`, in order, and one for `close`. */
export type Report =
  | { readonly kind: 'closed' }
  | { readonly kind: 'outputs'; readonly firstTokens: Outputs['firstTokens'] }
  | { readonly kind: 'result'; readonly result: Float64Array }
  | { readonly kind: 'error'; readonly name: string; readonly message: string; readonly stack: string | undefined }

export type Work = Extract<Order, { readonly kind: 'run' | 'perform' }>
export type Done = Extract<Report, { readonly kind: 'outputs' | 'result' }>
