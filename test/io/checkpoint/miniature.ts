/** A checkpoint small enough to be made, and spoilt, in every test: files are written by hand, not by the code under test. */
import { tensorShapes, type Architecture } from '../../../src/domain/encoder/architecture.js'

export const config = {
  model_type: 'roberta',
  hidden_act: 'gelu',
  position_embedding_type: 'absolute',
  vocab_size: 11,
  max_position_embeddings: 10,
  type_vocab_size: 1,
  hidden_size: 4,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 6,
  layer_norm_eps: 1e-5,
  pad_token_id: 1,
}

export const architecture: Architecture = {
  vocabulary: 11,
  positions: 10,
  tokenTypes: 1,
  hidden: 4,
  layers: 1,
  heads: 2,
  intermediate: 6,
  layerNormEpsilon: 1e-5,
  paddingId: 1,
  labels: 2,
}

/** A tensor as a file lists it. */
export interface Listed {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

export const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

export const float32 = (name: string, shape: readonly number[], value = (i: number) => i / 8 - 1): Listed => {
  const data = Float32Array.from({ length: product(shape) }, (_, i) => value(i))
  return { name, dtype: 'F32', shape, bytes: new Uint8Array(data.buffer) }
}

/** Every tensor of the miniature, with the names transformers writes. */
export const tensors: readonly Listed[] = [...tensorShapes(architecture)].map(([name, shape], k) =>
  float32(name.startsWith('classifier.') ? name : `roberta.${name}`, shape, i => k + i / 64),
)

export type Header = Record<string, unknown>

/** A safetensors file whose header `lie` may change. */
export const safetensors = (
  list: readonly Listed[],
  lie: (header: Header) => unknown = () => undefined,
): Uint8Array => {
  let offset = 0
  const header: Header = {}
  for (const { name, dtype, shape, bytes } of list) {
    header[name] = { dtype, shape, data_offsets: [offset, (offset += bytes.length)] }
  }
  lie(header)
  return framed(new TextEncoder().encode(JSON.stringify(header)), list)
}

/** A safetensors file with any bytes for a header and any length before it. */
export const framed = (
  header: Uint8Array,
  list: readonly Listed[],
  length: bigint = BigInt(header.length),
): Uint8Array => {
  const prefix = new Uint8Array(8)
  new DataView(prefix.buffer).setBigUint64(0, length, true)
  return Buffer.concat([prefix, header, ...list.map(({ bytes }) => bytes)])
}
