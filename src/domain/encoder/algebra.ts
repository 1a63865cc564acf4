/**
 * The operations a RoBERTa encoder is made of. The encoder is written once over them (roberta.ts); an engine is one
 * interpretation: digital float32, analog tiles, calibrating, training. T is the engine's activation [tokens, width].
 */

/** Whole sequences laid end to end, without padding. */
export interface Batch {
  /** Token ids of all sequences, one after the other. */
  readonly ids: Int32Array
  /** Start of each sequence in `ids`, and the end of the last: sequences + 1 entries. */
  readonly offsets: Int32Array
  /** Index of each sequence's example in its split: addresses per-vector noise, so that batching never changes it. */
  readonly examples: Int32Array
}

export interface EncoderAlgebra<T> {
  /** Sum of word, position and token-type embeddings: [tokens, hidden]. */
  readonly embed: (batch: Batch) => T
  /** x W^T + b of the named layer: [tokens, outputs]. The weight-stationary product that analog tiles take over. */
  readonly linear: (layer: string, x: T) => T
  /** Layer norm over the last axis with the named gain and bias. */
  readonly layerNorm: (name: string, x: T) => T
  /** softmax(q k^T / sqrt(head size)) v, head by head, within each sequence: [tokens, hidden]. */
  readonly attention: (q: T, k: T, v: T) => T
  /** x (1 + erf(x / sqrt 2)) / 2. */
  readonly gelu: (x: T) => T
  readonly tanh: (x: T) => T
  readonly add: (a: T, b: T) => T
  /** Runs work of which only the result is needed afterwards: an engine may take back the memory of the rest. */
  readonly scope: (work: () => T) => T
  /** The first token of every sequence: [sequences, hidden]. */
  readonly first: (x: T) => T
}
