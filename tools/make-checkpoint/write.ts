/**
 * Writes the untrained checkpoint as a Hugging Face folder. config.json comes last and goes first: without it nobody takes
 * the folder for a checkpoint.
 */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Architecture } from '../../src/domain/encoder/architecture.js'
import { fail } from '../../src/domain/problem.js'
import { writeAtomically, writeTextAtomically } from '../../src/io/atomicFile.js'
import { decodeConfig } from '../../src/io/checkpoint/config.js'
import { writeSafetensors } from '../../src/io/checkpoint/safetensorsWriter.js'
import { readJsonFile } from '../../src/io/checkpoint/weights.js'
import { orThrow } from '../../src/io/fault.js'
import { sizeOf } from '../../src/io/source.js'
import { readTokenizer } from '../../src/io/tokenizer.js'
import { createHeap } from '../../src/kernels/heap.js'
import { openKernels } from '../../src/pipelines/kernels.js'
import { configJson } from '../make-data/model.js'
import { initialTensors, robertaBase, sourceOver } from './weights.js'

export interface Wanted {
  readonly seed: number
  readonly vocabulary: number
  /** Folder whose tokeniser is copied beside the weights; null: none. */
  readonly tokenizer: string | null
}

export const defaults: Wanted = { seed: 1, vocabulary: robertaBase.vocabulary, tokenizer: null }

/** A model that somebody trained is not written over. @throws Failure (in the promise) */
const checkFree = async (folder: string): Promise<void> => {
  const weights = ['model.safetensors', 'model.safetensors.index.json', 'pytorch_model.bin'].map(n => join(folder, n))
  const path = join(folder, 'config.json')
  const there = (await sizeOf(path)) !== null
  if (there && decodeConfig(path, await readJsonFile(path)).untrained) return
  for (const file of [...(there ? [path] : []), ...weights]) {
    if ((await sizeOf(file)) !== null)
      fail(file, '', 'a new folder, or one of an untrained checkpoint', 'another model')
  }
}

/** @throws Failure (in the promise) if it has more tokens than the model */
const copyTokenizer = async (from: string, to: string, a: Architecture): Promise<void> => {
  const { tokenizer, files } = await orThrow(readTokenizer(from))
  const { vocabularySize } = tokenizer
  if (vocabularySize > a.vocabulary) {
    fail(from, 'vocabulary', `at most ${a.vocabulary} tokens, the model's`, String(vocabularySize))
  }
  for (const file of files) {
    const name = file.slice(from.length).replace(/^[/\\]/, '')
    const bytes = await readFile(file)
    await writeAtomically(join(to, name), sink => sink.write(bytes))
  }
}

/** @throws Failure (in the promise) if the folder holds another model or cannot be written */
export const writeCheckpoint = async (folder: string, wanted: Wanted): Promise<void> => {
  const a = { ...robertaBase, vocabulary: wanted.vocabulary }
  await checkFree(folder)
  for (const name of ['config.json', 'model.safetensors']) await rm(join(folder, name), { force: true })
  if (wanted.tokenizer !== null) await copyTokenizer(wanted.tokenizer, folder, a)
  const heap = createHeap()
  const { kernels } = await openKernels(heap)
  const tensors = initialTensors(sourceOver(heap, kernels), a, wanted.seed)
  await orThrow(writeSafetensors(join(folder, 'model.safetensors'), tensors))
  const target = { kind: 'classification', labels: ['LABEL_0', 'LABEL_1'] } as const
  await writeTextAtomically(join(folder, 'config.json'), `${JSON.stringify(configJson({ target }, a), null, 2)}\n`)
}
