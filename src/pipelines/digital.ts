/** Engines over a model on a heap, and the digital one for a checkpoint. */
import { availableParallelism } from 'node:os'
import { inProcess } from '../engines/inProcess.js'
import { loadParameters } from '../engines/digital/parameters.js'
import type { Model, TaskEngine } from '../engines/interpreter.js'
import { workerPool } from '../engines/workers/pool.js'
import { openWorkbench, type Workbench } from '../engines/workbench.js'
import type { Checkpoint } from '../io/checkpoint/checkpoint.js'
import { orThrow } from '../io/fault.js'
import { createHeap, type Heap } from '../kernels/heap.js'
import { lease } from '../kernels/lease.js'
import type { KernelChoice } from '../kernels/load.js'
import { chosenKernels, kernelsInWords } from './kernels.js'

export interface EngineOptions {
  /** Worker threads; null: one per core; 0: none, batches run in the calling thread. */
  readonly workers: number | null
  /** Kernels to run; default: as OHMFLOW_KERNELS and OHMFLOW_ISA say. */
  readonly kernels?: KernelChoice
  /** Where models stand; default: a heap of their own. An engine gives back what it took of it when it is closed. */
  readonly heap?: Heap
  /** An abort interrupts what is found out with engines, and what is made ready; default: nobody asks to stop. */
  readonly signal?: AbortSignal
}

export interface DigitalEngine extends TaskEngine {
  /** Which kernels run, for people. */
  readonly kernels: string
}

export interface StartedEngine<M extends Model> {
  readonly heap: Heap
  readonly engine: TaskEngine
  readonly parameters: M['parameters']
  readonly kernels: string
}

/** How many threads an engine keeps busy: it likes to have two batches in flight for each. */
export const threadsOf = ({ inFlight }: Pick<TaskEngine, 'inFlight'>): number => Math.max(1, inFlight / 2)

/**
 * An engine over a model that `load` puts on the heap: in memory that all threads share, given back with the engine.
 * One worker is still a thread of its own, so that the caller can tokenise while it computes.
 * @throws Failure (in the promise) if the kernels asked for are not there
 */
export const startEngine = async <M extends Model>(
  { workers, kernels: choice = chosenKernels(), heap: whole = createHeap() }: EngineOptions,
  load: (bench: Workbench) => Promise<M>,
): Promise<StartedEngine<M>> => {
  const heap = lease(whole)
  const bench = await orThrow(openWorkbench(heap, choice))
  const model = await load(bench).catch((error: unknown) => {
    heap.end()
    throw error
  })
  const setup = { memory: heap.memory, kernels: { ...choice, kind: bench.loaded.kind }, model }
  const engine =
    workers === 0
      ? inProcess(bench, model, heap.end)
      : workerPool(setup, { threads: workers ?? Math.min(256, availableParallelism()), ended: heap.end })
  return { heap, engine, parameters: model.parameters, kernels: kernelsInWords(bench.loaded) }
}

/**
 * Loads and packs the weights, once.
 * @throws Failure (in the promise) if the weights cannot be read or the kernels asked for are not there
 */
export const openDigital = async (checkpoint: Checkpoint, options: EngineOptions): Promise<DigitalEngine> => {
  const { engine, kernels } = await startEngine(options, async ({ heap, kernels }) => ({
    kind: 'digital',
    parameters: await loadParameters(
      checkpoint.architecture,
      (name, out) => orThrow(checkpoint.readInto(name, out)),
      heap,
      kernels,
    ),
  }))
  return { kernels, ...engine }
}
