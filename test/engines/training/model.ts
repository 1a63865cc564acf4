/** tiny-roberta in training: loaded, its reference gradients, and a trainer over any number of workers. */
import { readFileSync } from 'node:fs'
import type { Batch } from '../../../src/domain/encoder/algebra.js'
import { inProcess } from '../../../src/engines/inProcess.js'
import type { TaskEngine } from '../../../src/engines/interpreter.js'
import { loadTrainingParameters, type TrainingParameters } from '../../../src/engines/training/parameters.js'
import { trainer, type Trainer, type TrainerOptions } from '../../../src/engines/training/trainer.js'
import { openWorkbench, type OpenWorkbench } from '../../../src/engines/workbench.js'
import { workerPool } from '../../../src/engines/workers/pool.js'
import type { Checkpoint } from '../../../src/io/checkpoint/checkpoint.js'
import { readSafetensors } from '../../../src/io/checkpoint/safetensors.js'
import { orThrow } from '../../../src/io/fault.js'
import { createHeap } from '../../../src/kernels/heap.js'
import type { KernelChoice } from '../../../src/kernels/load.js'
import { shared } from '../../shared.js'
import { batchFrom, checkpointOf } from '../model.js'

export const checkpoint: Checkpoint = await checkpointOf('reference', 'tiny-roberta')

export interface ReferenceBatch {
  readonly ids: readonly (readonly number[])[]
  readonly labels: readonly number[]
  /** Mean cross-entropy. */
  readonly loss: number
}
const gradientsFile = (extension: string): string =>
  shared('data', 'reference', 'tiny-roberta', `gradients.${extension}`)

export const reference = JSON.parse(readFileSync(gradientsFile('json'), 'utf8')) as ReferenceBatch // as: a file of this form, see its README
export const referenceBatch: Batch = batchFrom(reference.ids.map(ids => ({ ids })))

/** Reference gradients by the names of `tensorShapes`; the word table's rows that the file leaves out are zero. */
export const referenceGradients = async (): Promise<ReadonlyMap<string, Float32Array>> => {
  const bytes = readFileSync(gradientsFile('safetensors'))
  const stored = await readSafetensors(gradientsFile('safetensors'))
  const bytesOf = (name: string): ArrayBuffer => {
    const tensor = stored.get(name)
    if (tensor === undefined) throw new Error(`no tensor ${name}`)
    const { shape, offset } = tensor
    const size = 4 * shape.reduce((a, b) => a * b, 1)
    return Uint8Array.from(bytes.subarray(offset, offset + size)).buffer
  }
  const { vocabulary, hidden } = checkpoint.architecture
  const words = new Float32Array(vocabulary * hidden)
  const rows = new Float32Array(bytesOf('word_embeddings.grad'))
  new Int32Array(bytesOf('word_embeddings.rows')).forEach((id, r) =>
    words.set(rows.subarray(r * hidden, (r + 1) * hidden), id * hidden),
  )
  const whole = [...stored.keys()].filter(name => !name.startsWith('word_embeddings.'))
  return new Map([
    ['embeddings.word_embeddings.weight', words],
    ...whole.map((name): [string, Float32Array] => [name.replace(/^roberta\./, ''), new Float32Array(bytesOf(name))]),
  ])
}

export interface InTraining {
  readonly bench: OpenWorkbench
  readonly parameters: TrainingParameters
  readonly engine: TaskEngine
  readonly trainer: Trainer
  /** A copy of a tensor, or of its gradient. */
  readonly tensor: (name: string) => Float32Array
  readonly gradient: (name: string) => Float32Array
}

/** @param workers 0: in this thread. @param kernels default: the fastest there are */
export const inTraining = async (
  workers: number,
  options: Partial<TrainerOptions> = {},
  kernels: KernelChoice = {},
): Promise<InTraining> => {
  const heap = createHeap()
  const bench = await orThrow(openWorkbench(heap, kernels))
  const read = (name: string, out: Float32Array): Promise<void> => orThrow(checkpoint.readInto(name, out))
  const parameters = await loadTrainingParameters(checkpoint.architecture, read, heap, true)
  const model = { kind: 'training', parameters } as const
  const setup = { memory: heap.memory, kernels: { ...kernels, kind: bench.loaded.kind }, model }
  const engine = workers === 0 ? inProcess(bench, model) : workerPool(setup, { threads: workers })
  const given: TrainerOptions = { groups: Math.max(1, workers), groupTokens: 512, keeping: 'kept', ...options }
  const at = (name: string) => {
    const tensor = parameters.tensors.get(name)
    if (tensor === undefined) throw new Error(`no tensor ${name}`)
    return tensor
  }
  return {
    ...{ bench, parameters, engine },
    trainer: trainer(engine, heap, parameters, given),
    tensor: name => heap.f32(at(name).at, at(name).length).slice(),
    gradient: name => heap.f32(at(name).gradient, at(name).length).slice(),
  }
}
