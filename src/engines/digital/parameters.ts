/**
 * A model's parameters on the kernels' heap, in the form the digital engine computes with: linear layers packed for the
 * product, everything else as it is. A plain value of places and sizes, so that workers can be told of it.
 */
import { layerNorms, linearLayers, tensorShapes, type Architecture } from '../../domain/encoder/architecture.js'
import type { Heap, Ptr } from '../../kernels/heap.js'
import { panelsBytes, type Kernels } from '../../kernels/kernels.js'

export interface LinearParameters {
  readonly inputs: number
  readonly outputs: number
  /** Packed [outputs, inputs]. */
  readonly panels: Ptr
  readonly bias: Ptr
}

export interface NormParameters {
  readonly gain: Ptr
  readonly bias: Ptr
}

/** What is not a linear layer: digital in every engine. */
export interface EmbeddingParameters {
  readonly architecture: Architecture
  readonly words: Ptr
  readonly positions: Ptr
  /** Embedding of token type 0, [hidden]. */
  readonly tokenType: Ptr
  readonly norms: ReadonlyMap<string, NormParameters>
}

export interface Parameters extends EmbeddingParameters {
  readonly linear: ReadonlyMap<string, LinearParameters>
}

/** Reads one tensor, named as in `tensorShapes`, into `out`. */
export type ReadTensor = (name: string, out: Float32Array) => Promise<void>

const loading =
  (architecture: Architecture, read: ReadTensor, heap: Pick<Heap, 'allocate' | 'f32'>) =>
  async (name: string): Promise<Ptr> => {
    const length = (tensorShapes(architecture).get(name) ?? []).reduce((a, b) => a * b, 1)
    const at = heap.allocate(4 * length)
    await read(name, heap.f32(at, length))
    return at
  }

/** Loads embeddings and layer norms. */
export const loadEmbedding = async (
  architecture: Architecture,
  read: ReadTensor,
  heap: Pick<Heap, 'allocate' | 'f32'>,
): Promise<EmbeddingParameters> => {
  const load = loading(architecture, read, heap)
  const norms = new Map<string, NormParameters>()
  for (const name of layerNorms(architecture))
    norms.set(name, { gain: await load(`${name}.weight`), bias: await load(`${name}.bias`) })
  return {
    architecture,
    words: await load('embeddings.word_embeddings.weight'),
    positions: await load('embeddings.position_embeddings.weight'),
    tokenType: await load('embeddings.token_type_embeddings.weight'),
    norms,
  }
}

/** Loads every tensor, one at a time; each stands in memory once. */
export const loadParameters = async (
  architecture: Architecture,
  read: ReadTensor,
  heap: Pick<Heap, 'allocate' | 'free' | 'f32'>,
  kernels: Kernels,
): Promise<Parameters> => {
  const load = loading(architecture, read, heap)
  const linear = new Map<string, LinearParameters>()
  for (const { name, inputs, outputs } of linearLayers(architecture)) {
    const panels = heap.allocate(panelsBytes(inputs, outputs))
    const w = await load(`${name}.weight`)
    kernels.pack({ panels, w, inner: inputs, columns: outputs })
    heap.free(w)
    linear.set(name, { inputs, outputs, panels, bias: await load(`${name}.bias`) })
  }
  return { ...(await loadEmbedding(architecture, read, heap)), linear }
}
