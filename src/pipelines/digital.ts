/** A digital engine for a checkpoint: its weights on a heap, the kernels that run them. */
import type { Batch } from '../domain/encoder/algebra.js'
import { forward } from '../engines/digital/forward.js'
import { loadParameters } from '../engines/digital/parameters.js'
import type { Engine } from '../engines/engine.js'
import type { Checkpoint } from '../io/checkpoint/checkpoint.js'
import { orThrow } from '../io/fault.js'
import { createHeap } from '../kernels/heap.js'
import { panelsBytes } from '../kernels/kernels.js'
import { createScratch } from '../kernels/scratch.js'
import { kernelsInWords, openKernels } from './kernels.js'

export interface EngineOptions {
  /** Worker threads; null: one per core. */
  readonly workers: number | null
}

export interface DigitalEngine extends Engine {
  /** Which kernels run, for people. */
  readonly kernels: string
}

/** Loads the weights. @throws Failure (in the promise) if they cannot be read. */
export const openDigital = async (checkpoint: Checkpoint, _options: EngineOptions): Promise<DigitalEngine> => {
  const heap = createHeap()
  const loaded = await openKernels(heap)
  const { kernels } = loaded
  const scratch = createScratch(heap)
  const parameters = await loadParameters(
    checkpoint.architecture,
    (name, out) => orThrow(checkpoint.readInto(name, out)),
    heap,
    kernels,
  )
  return {
    kernels: kernelsInWords(loaded),
    labels: checkpoint.architecture.labels,
    inFlight: 2,
    run: (batch: Batch, options) =>
      new Promise((resolve, reject) => {
        setImmediate(() => {
          try {
            resolve(forward({ heap, kernels, scratch }, parameters, batch, options?.firstTokens ?? false))
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)))
          }
        })
      }),
    close: () => {
      scratch.close()
      return Promise.resolve()
    },
  }
}

/** Multiply-accumulates per second of this machine's product kernel, from a moment's measuring. */
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
