/** Checkpoints beside the repository, their reference values, and engines over them. */
import { readFileSync } from 'node:fs'
import type { Batch } from '../../src/domain/encoder/algebra.js'
import { openCheckpoint, type Checkpoint } from '../../src/io/checkpoint/checkpoint.js'
import { orThrow } from '../../src/io/fault.js'
import { batchOf } from '../../src/pipelines/batches.js'
import { shared } from '../shared.js'

export interface ReferenceRow {
  readonly ids: readonly number[]
  readonly logits: readonly number[]
  /** First 8 values of the first token's hidden state: [depth][8]. */
  readonly first_token_hidden_states: readonly (readonly number[])[]
}

export const checkpointOf = (...path: readonly string[]): Promise<Checkpoint> =>
  orThrow(openCheckpoint(shared('data', ...path)))

const jsonLines = (...path: readonly string[]): readonly unknown[] =>
  readFileSync(shared('data', ...path), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as unknown) // as: narrower than any

/** Rows of reference/NAME/logits.jsonl. */
export const referenceRows = (name: string): readonly ReferenceRow[] =>
  jsonLines('reference', name, 'logits.jsonl') as readonly ReferenceRow[] // as: a file of this form, see its README

/** Logits of the dev set in models/NAME/reference.jsonl. */
export const modelLogits = (name: string): readonly (readonly number[])[] =>
  jsonLines('models', name, 'reference.jsonl').map(row => (row as ReferenceRow).logits) // as: it has logits, too

export const batchFrom = (rows: readonly { readonly ids: readonly number[] }[]): Batch =>
  batchOf(rows.map(({ ids }, example) => ({ ids: Int32Array.from(ids), example })))

/** Bit patterns, so that equality is of bits and not of numbers. */
export const bits = (numbers: Float32Array): readonly number[] =>
  Array.from(new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length))
