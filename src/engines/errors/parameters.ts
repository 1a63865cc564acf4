/**
 * A model as its linear layers' errors are looked into: weights as they are in the checkpoint, ranges of the tiles they
 * would lie on. A plain value of places and sizes. Not here: cells; each layer gets some for as long as it is looked at.
 */
import { linearLayers, type Architecture } from '../../domain/encoder/architecture.js'
import type { Heap, Ptr } from '../../kernels/heap.js'
import { placeVectors, type CalibrationVectors, type TileRanges, type VectorPlaces } from '../analog/parameters.js'
import { loadEmbedding, type EmbeddingParameters, type ReadTensor } from '../digital/parameters.js'

export interface PlainLayer {
  readonly name: string
  /** Position in the forward pass. */
  readonly number: number
  readonly inputs: number
  readonly outputs: number
  /** [outputs, inputs]. */
  readonly weights: Ptr
  readonly bias: Ptr
  /** Of the layer's tiles, in their order. */
  readonly ranges: readonly TileRanges[]
  /** What a compensation with an offset is fitted on; null: there is none. */
  readonly vectors: VectorPlaces | null
}

export interface PlainParameters extends EmbeddingParameters {
  readonly layers: ReadonlyMap<string, PlainLayer>
}

/** @param ranges of each layer's tiles. @param vectors of every layer; null: no compensation is fitted on them */
export const loadPlain = async (
  architecture: Architecture,
  ranges: (layer: string) => readonly TileRanges[],
  vectors: ReadonlyMap<string, CalibrationVectors> | null,
  read: ReadTensor,
  heap: Pick<Heap, 'allocate' | 'f32'>,
): Promise<PlainParameters> => {
  const load = async (name: string, length: number): Promise<Ptr> => {
    const at = heap.allocate(4 * length)
    await read(name, heap.f32(at, length))
    return at
  }
  const layers = new Map<string, PlainLayer>()
  for (const [number, { name, inputs, outputs }] of linearLayers(architecture).entries())
    layers.set(name, {
      ...{ name, number, inputs, outputs, ranges: ranges(name) },
      weights: await load(`${name}.weight`, inputs * outputs),
      bias: await load(`${name}.bias`, outputs),
      vectors: placeVectors(heap, name, vectors),
    })
  return { ...(await loadEmbedding(architecture, read, heap)), layers }
}
