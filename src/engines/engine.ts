/** An engine gives logits for batches of whole sequences. Which numbers it computes with, and where, is its own affair. */
import type { Batch } from '../domain/encoder/algebra.js'

export interface Outputs {
  /** [sequences, labels], row by row. */
  readonly logits: Float32Array
  /** First token's hidden state after the embeddings and after each layer: [depth][sequences, hidden]; if asked for. */
  readonly firstTokens: readonly Float32Array[]
  /** What the engine counts in a batch, `counters` numbers: see analog/counts.ts; nothing in digital engines. */
  readonly counts: Uint32Array
}

/** Which pass over a programmed chip a batch belongs to: part of the address of all noise at the columns. */
export interface Occasion {
  readonly chip: number
  readonly read: number
}

export interface RunOptions {
  readonly firstTokens?: boolean
  readonly occasion?: Occasion
}

export interface Engine {
  readonly labels: number
  /** Batches it likes to have in flight at once. */
  readonly inFlight: number
  readonly run: (batch: Batch, options?: RunOptions) => Promise<Outputs>
  readonly close: () => Promise<void>
}
