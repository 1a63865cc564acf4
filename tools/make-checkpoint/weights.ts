/**
 * A RoBERTa of the size people use, with the random weights training starts from: every matrix normal with deviation 0.02,
 * biases 0, layer norms 1 and 0. Not modelled: training; the marker in config.json says so.
 */
import { layerNorms, tensorShapes, type Architecture } from '../../src/domain/encoder/architecture.js'
import { streamOrigin } from '../../src/domain/random/stream.js'
import type { Tensor } from '../../src/io/checkpoint/safetensorsWriter.js'
import type { Heap, Ptr } from '../../src/kernels/heap.js'
import type { Kernels } from '../../src/kernels/kernels.js'

/** RoBERTa-base (Y. Liu et al., arXiv 1907.11692) with a head of two labels, as transformers counts it. */
export const robertaBase: Architecture = {
  vocabulary: 50_265,
  positions: 514,
  tokenTypes: 1,
  hidden: 768,
  layers: 12,
  heads: 12,
  intermediate: 3072,
  layerNormEpsilon: 1e-5,
  paddingId: 1,
  labels: 2,
}

/** Standard deviation of the weights: `initializer_range` of config.json. */
export const deviation = 0.02

/** Weights drawn at a time: bounds the memory whatever a tensor's size. A counter gives four of them. */
const chunk = 2 ** 20

/** Where normals are drawn: kernels over a heap, and room there for one chunk. */
export interface Source {
  readonly heap: Heap
  readonly kernels: Kernels
  readonly room: Ptr
}

export const sourceOver = (heap: Heap, kernels: Kernels): Source => ({ heap, kernels, room: heap.allocate(4 * chunk) })

const constant = function* (length: number, value: number): Generator<Float32Array> {
  yield new Float32Array(length).fill(value)
}

/** The normals of the stream (seed, name), times the deviation; one piece of memory is used again and again. */
const normal = function* (source: Source, length: number, seed: number, name: string): Generator<Float32Array> {
  const { counter, key } = streamOrigin(seed, name)
  const piece = new Float32Array(Math.min(chunk, length))
  for (let first = 0; first < length; first += chunk) {
    const count = Math.min(chunk, length - first)
    const [, word1, word2, word3] = counter
    source.kernels.normals({ y: source.room, length: count, counter: [first / 4, word1, word2, word3], key })
    const drawn = source.heap.f32(source.room, count)
    for (let i = 0; i < count; i++) piece[i] = deviation * (drawn[i] ?? NaN)
    yield piece.subarray(0, count)
  }
}

/** Every tensor under its Hugging Face name, drawn as it is written; each from a stream of its own. */
export const initialTensors = (source: Source, a: Architecture, seed: number): readonly Tensor[] => {
  const gains = new Set(layerNorms(a).map(name => `${name}.weight`))
  return [...tensorShapes(a)].map(([name, shape]) => {
    const length = shape.reduce((product, size) => product * size, 1)
    const data = (): Iterable<Float32Array> =>
      gains.has(name)
        ? constant(length, 1)
        : name.endsWith('.bias')
          ? constant(length, 0)
          : normal(source, length, seed, `initial ${name}`)
    return { name: name.startsWith('classifier.') ? name : `roberta.${name}`, shape, data }
  })
}
