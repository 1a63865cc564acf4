/**
 * A model that can be trained, on the kernels' heap: every tensor as Hugging Face stores it, its gradient and its moments
 * beside it. Nothing is packed: panels are made where they are used. A plain value of places and sizes, for all workers.
 */
import { layerNorms, linearLayers, tensorShapes, type Architecture } from '../../domain/encoder/architecture.js'
import type { Heap, Ptr } from '../../kernels/heap.js'
import { parameterOf } from '../digital/algebra.js'
import type { EmbeddingParameters, ReadTensor } from '../digital/parameters.js'
import type { HardwareModel } from './hardware/model.js'

export interface Tensor {
  readonly at: Ptr
  readonly length: number
  /** What is computed with in its place in a step on hardware: `at`, or a changed copy. */
  readonly used: Ptr
  /** 0: none, in a model that is only differentiated with respect to its activations. */
  readonly gradient: Ptr
  /** AdamW's moments, first and second; 0: none. */
  readonly first: Ptr
  readonly second: Ptr
  /** Its number: the place among `turns`. */
  readonly index: number
}

export interface TrainingParameters {
  readonly architecture: Architecture
  /** By the names of `tensorShapes`, in that order; then the ranges that are learned (hardware/model.ts). */
  readonly tensors: ReadonlyMap<string, Tensor>
  /** int32 for each tensor: groups of the step whose gradients it holds (turns.ts). */
  readonly turns: Ptr
  /** null: not placed for hardware-aware training (hardware/model.ts). */
  readonly hardware: HardwareModel | null
}

/** Allocates and loads every tensor. @param trained with room for gradients and moments, all zero */
export const loadTrainingParameters = async (
  architecture: Architecture,
  read: ReadTensor,
  heap: Pick<Heap, 'allocate' | 'f32' | 'i32'>,
  trained: boolean,
): Promise<TrainingParameters> => {
  const zeros = (length: number): Ptr => {
    if (!trained) return 0
    const at = heap.allocate(4 * length)
    heap.f32(at, length).fill(0)
    return at
  }
  const tensors = new Map<string, Tensor>()
  for (const [name, shape] of tensorShapes(architecture)) {
    const length = shape.reduce((a, b) => a * b, 1)
    const at = heap.allocate(4 * length)
    await read(name, heap.f32(at, length))
    const moments = { gradient: zeros(length), first: zeros(length), second: zeros(length) }
    tensors.set(name, { at, length, used: at, ...moments, index: tensors.size })
  }
  const turns = heap.allocate(4 * tensors.size)
  heap.i32(turns, tensors.size).fill(0)
  return { architecture, tensors, turns, hardware: null }
}

/** A linear layer as it is computed with: weight [outputs, inputs], bias [outputs]. */
export interface UsedLinear {
  readonly inputs: number
  readonly outputs: number
  readonly weight: Ptr
  readonly bias: Ptr
}

/** @param which the stored tensors, or what a step on hardware computes with */
export const usedLinear = (
  { architecture, tensors }: TrainingParameters,
  which: 'at' | 'used',
): ReadonlyMap<string, UsedLinear> =>
  new Map(
    linearLayers(architecture).map(({ name, inputs, outputs }) => [
      name,
      {
        ...{ inputs, outputs },
        weight: parameterOf(tensors, `${name}.weight`)[which],
        bias: parameterOf(tensors, `${name}.bias`)[which],
      },
    ]),
  )

/** What is not a linear layer, as the digital operations take it. */
export const usedEmbedding = ({ architecture, tensors }: TrainingParameters): EmbeddingParameters => {
  const used = (name: string): Ptr => parameterOf(tensors, name).at
  return {
    architecture,
    words: used('embeddings.word_embeddings.weight'),
    positions: used('embeddings.position_embeddings.weight'),
    tokenType: used('embeddings.token_type_embeddings.weight'),
    norms: new Map(
      layerNorms(architecture).map(name => [name, { gain: used(`${name}.weight`), bias: used(`${name}.bias`) }]),
    ),
  }
}
