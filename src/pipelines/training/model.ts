/**
 * A checkpoint in training: on the heap with its gradient and moments, a trainer over it, and itself as a checkpoint that
 * engines and files can be made of at any time. Not here: when what happens (loop.ts).
 */
import { tensorShapes } from '../../domain/encoder/architecture.js'
import { streamOrigin } from '../../domain/random/stream.js'
import type { TrainingSettings } from '../../domain/training/settings.js'
import { hardwareAware } from '../../domain/training/switches.js'
import { parameterOf } from '../../engines/digital/algebra.js'
import type { TaskEngine } from '../../engines/interpreter.js'
import { placeHardware } from '../../engines/training/hardware/model.js'
import { loadTrainingParameters, type TrainingParameters } from '../../engines/training/parameters.js'
import { trainer, type Trainer } from '../../engines/training/trainer.js'
import type { Checkpoint } from '../../io/checkpoint/checkpoint.js'
import { attempt, orThrow } from '../../io/fault.js'
import type { Heap, Ptr } from '../../kernels/heap.js'
import { normalsInto } from '../../kernels/reference/normal.js'
import { batchTokens } from '../batches.js'
import { startEngine, threadsOf, type EngineOptions } from '../digital.js'

/** A tensor's numbers where they lie: views that change with training. */
export interface TensorInTraining {
  readonly name: string
  readonly shape: readonly number[]
  readonly weights: () => Float32Array
  readonly first: () => Float32Array
  readonly second: () => Float32Array
}

export interface ModelInTraining {
  readonly trainer: Trainer
  readonly engine: TaskEngine
  /** The model's own, as a checkpoint has them. */
  readonly tensors: readonly TensorInTraining[]
  /** Of its tiles, learned or not (`hardware-aware.ts` names them); none in plain fine-tuning. */
  readonly ranges: readonly TensorInTraining[]
  /** Whether steps are hardware-aware. */
  readonly hardwareAware: boolean
  /** The model as it is now. */
  readonly checkpoint: Checkpoint
  /** Which kernels run, for people. */
  readonly kernels: string
  readonly close: () => Promise<void>
}

/** Standard deviation of a new classifier's weights: Hugging Face's `initializer_range`. */
const headDeviation = 0.02

/** A tensor of a new classifier: weights normal, biases 0. */
const newHeadInto = (out: Float32Array, name: string, seed: number): void => {
  if (name.endsWith('.bias')) {
    out.fill(0)
    return
  }
  const { counter, key } = streamOrigin(seed, `new ${name}`)
  const drawn = new Float32Array(out.length)
  normalsInto(drawn, counter, key)
  out.set(drawn.map(z => headDeviation * z))
}

/** The tensor of the checkpoint, or a new one where it has no classifier. */
const startingTensor =
  (checkpoint: Checkpoint, seed: number) =>
  async (name: string, out: Float32Array): Promise<void> => {
    if (!checkpoint.hasClassifier && name.startsWith('classifier.')) newHeadInto(out, name, seed)
    else await orThrow(checkpoint.readInto(name, out))
  }

const tensorsOf = (heap: Heap, { architecture, tensors }: TrainingParameters): readonly TensorInTraining[] =>
  [...tensorShapes(architecture)].map(([name, shape]) => {
    const tensor = parameterOf(tensors, name)
    const view = (at: Ptr) => (): Float32Array => heap.f32(at, tensor.length)
    return { name, shape, weights: view(tensor.at), first: view(tensor.first), second: view(tensor.second) }
  })

/** Ranges that are not learned have no moments. */
const rangesOf = (heap: Heap, { hardware, tensors }: TrainingParameters): readonly TensorInTraining[] =>
  [...(hardware?.ranges ?? [])].map(([name, { at, length }]) => {
    const learned = tensors.get(name)
    const view = (place: Ptr) => (): Float32Array => heap.f32(place, length)
    const none = new Float32Array(length)
    const moment = (place: Ptr | undefined) => (place === undefined ? () => none : view(place))
    return { name, shape: [length], weights: view(at), first: moment(learned?.first), second: moment(learned?.second) }
  })

const living = (start: Checkpoint, tensors: readonly TensorInTraining[]): Checkpoint => {
  const byName = new Map(tensors.map(t => [t.name, t]))
  return {
    ...start,
    ...{ hasClassifier: true, untrained: false },
    readInto: (name, out) =>
      attempt(start.folder, () => {
        const tensor = byName.get(name)
        if (tensor === undefined) throw new RangeError(`"name" expected a tensor of the model, got ${name}`)
        out.set(tensor.weights())
        return Promise.resolve()
      }),
  }
}

/** @throws Failure (in the promise) if the weights cannot be read or the kernels asked for are not there */
export const openInTraining = async (
  start: Checkpoint,
  { activations, hardwareAware: switches }: Pick<TrainingSettings, 'activations' | 'hardwareAware'>,
  seed: number,
  options: EngineOptions,
): Promise<ModelInTraining> => {
  const { heap, engine, parameters, kernels } = await startEngine(options, async ({ heap }) => {
    const plain = await loadTrainingParameters(start.architecture, startingTensor(start, seed), heap, true)
    return {
      kind: 'training',
      parameters: switches === null ? plain : placeHardware(plain, hardwareAware(switches), heap),
    }
  })
  const tensors = tensorsOf(heap, parameters)
  return {
    trainer: trainer(engine, heap, parameters, {
      groups: threadsOf(engine),
      groupTokens: batchTokens,
      keeping: activations,
    }),
    ...{ engine, tensors, checkpoint: living(start, tensors), kernels, close: engine.close },
    ranges: rangesOf(heap, parameters),
    hardwareAware: switches !== null,
  }
}
