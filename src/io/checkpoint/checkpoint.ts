/** A Hugging Face RoBERTa checkpoint, opened: its shape and a way to read its tensors one at a time. */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Architecture } from '../../domain/encoder/architecture.js'
import type { Problem } from '../../domain/problem.js'

export interface Checkpoint {
  readonly folder: string
  readonly architecture: Architecture
  /** `id2label` in order of class; empty for regression. */
  readonly labelNames: readonly string[]
  /** Files that decide the result, for provenance: config.json, weights, index. */
  readonly files: readonly string[]
  /**
   * Reads one tensor, named as in `tensorShapes` (without `roberta.`), converted exactly to float32.
   * `out` has as many elements as the tensor.
   */
  readonly readInto: (name: string, out: Float32Array) => TaskEither<Problem, void>
}
