/**
 * A Hugging Face RoBERTa checkpoint, opened: its shape and a way to read its tensors one at a time.
 * Not modelled: the tokeniser files beside it, other architectures, files that change while they are read.
 */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { join } from 'node:path'
import type { Architecture } from '../../domain/encoder/architecture.js'
import type { Problem } from '../../domain/problem.js'
import { attempt } from '../fault.js'
import { assign } from './assignment.js'
import { decodeConfig } from './config.js'
import { withSource } from '../source.js'
import { readStoredInto, type StoredTensor } from './stored.js'
import { findWeights, readJsonFile } from './weights.js'

export interface Checkpoint {
  readonly folder: string
  readonly architecture: Architecture
  /** `id2label` in order of class; empty for regression. */
  readonly labelNames: readonly string[]
  /** Its config.json says that the weights are random: scores are at chance. */
  readonly untrained: boolean
  /** False for an encoder alone, which only `classifier: 'optional'` lets through; `labels` is then config.json's. */
  readonly hasClassifier: boolean
  /** Files that decide the result, for provenance: config.json, the index if there is one, weights. */
  readonly files: readonly string[]
  /** Where each tensor lies, named as in `tensorShapes` (without `roberta.`); without the classifier's if there is none. */
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /**
   * Reads one tensor of `tensors`, converted exactly to float32. `out` has as many elements as the tensor and may lie in
   * shared memory. A weight that is not finite is a Problem, with its name and index.
   * @throws RangeError (in the promise) if there is no such tensor or `out` has another length
   */
  readonly readInto: (name: string, out: Float32Array) => TE.TaskEither<Problem, void>
}

export interface CheckpointOptions {
  /** 'optional' also takes an encoder without a classifier, to be fine-tuned. Default 'required'. */
  readonly classifier?: 'required' | 'optional'
}

/** Decodes config.json and the headers of the weights; the weights themselves are read by `readInto`. No file stays open. */
export const openCheckpoint = (folder: string, options: CheckpointOptions = {}): TE.TaskEither<Problem, Checkpoint> =>
  attempt(folder, async () => {
    const configFile = join(folder, 'config.json')
    const { architecture, labelNames, untrained } = decodeConfig(configFile, await readJsonFile(configFile))
    const weights = await findWeights(folder)
    const { hasClassifier, tensors } = assign(architecture, weights, options.classifier ?? 'required')
    const read = async (name: string, out: Float32Array): Promise<void> => {
      const tensor = tensors.get(name)
      if (tensor === undefined) throw new RangeError(`"name" expected a tensor of ${folder}, got ${name}`)
      await withSource(tensor.file, source => readStoredInto(source, tensor, out))
    }
    return {
      folder,
      architecture,
      labelNames,
      untrained,
      hasClassifier,
      files: [configFile, ...weights.files],
      tensors,
      readInto: (name, out) => attempt(folder, () => read(name, out)),
    }
  })
