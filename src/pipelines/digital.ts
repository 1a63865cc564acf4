/** A digital engine for a checkpoint: its weights on a heap, the kernels that run them. */
import { availableParallelism } from 'node:os'
import { inProcess } from '../engines/inProcess.js'
import { loadParameters } from '../engines/digital/parameters.js'
import type { Engine } from '../engines/engine.js'
import { workerPool } from '../engines/workers/pool.js'
import { openWorkbench } from '../engines/workbench.js'
import type { Checkpoint } from '../io/checkpoint/checkpoint.js'
import { orThrow } from '../io/fault.js'
import { createHeap } from '../kernels/heap.js'
import { panelsBytes } from '../kernels/kernels.js'
import type { KernelChoice } from '../kernels/load.js'
import { chosenKernels, kernelsInWords, openKernels } from './kernels.js'

export interface EngineOptions {
  /** Worker threads; null: one per core; 0: none, batches run in the calling thread. */
  readonly workers: number | null
  /** Kernels to run; default: as OHMFLOW_KERNELS and OHMFLOW_ISA say. */
  readonly kernels?: KernelChoice
}

export interface DigitalEngine extends Engine {
  /** Which kernels run, for people. */
  readonly kernels: string
}

/**
 * Loads and packs the weights, once, in memory that all threads share and that goes with the engine.
 * One worker is still a thread of its own, so that the caller can tokenise while it computes.
 * @throws Failure (in the promise) if the weights cannot be read or the kernels asked for are not there
 */
export const openDigital = async (checkpoint: Checkpoint, options: EngineOptions): Promise<DigitalEngine> => {
  const { workers, kernels: choice = chosenKernels() } = options
  const heap = createHeap()
  const bench = await orThrow(openWorkbench(heap, choice))
  const parameters = await loadParameters(
    checkpoint.architecture,
    (name, out) => orThrow(checkpoint.readInto(name, out)),
    heap,
    bench.kernels,
  )
  const model = { kind: 'digital', parameters } as const
  const setup = { memory: heap.memory, kernels: { ...choice, kind: bench.loaded.kind }, model }
  const engine =
    workers === 0
      ? inProcess(bench, model)
      : workerPool(setup, { threads: workers ?? Math.min(256, availableParallelism()) })
  return { kernels: kernelsInWords(bench.loaded), ...engine }
}

/** Multiply-accumulates per second of one core's product kernel, from a moment's measuring. */
export const productRate = async (): Promise<number> => {
  const heap = createHeap()
  const { kernels } = await openKernels(heap)
  const [rows, inner, columns] = [64, 256, 256]
  const panels = heap.allocate(panelsBytes(inner, columns))
  const x = heap.allocate(4 * rows * inner)
  const y = heap.allocate(4 * rows * columns)
  const w = heap.allocate(4 * inner * columns)
  kernels.pack({ panels, w, inner, columns })
  const product = (): void => {
    kernels.product({ y, x, panels, bias: 0, rows, inner, columns })
  }
  product()
  const started = performance.now()
  let rounds = 0
  while (performance.now() - started < 50) {
    product()
    rounds += 1
  }
  return (rounds * rows * inner * columns) / ((performance.now() - started) / 1000)
}
