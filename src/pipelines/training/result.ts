/**
 * A trained model as a Hugging Face checkpoint: config.json (the starting one's, with the task's labels), the weights in
 * F32 under their names there, the ranges of its tiles if it has any, the tokeniser's files as they are. config.json is written last: without it, nothing loads.
 */
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Json } from '../../domain/experiment/config.js'
import { Failure } from '../../domain/problem.js'
import { version } from '../../domain/version.js'
import { writeAtomically, writeTextAtomically } from '../../io/atomicFile.js'
import { learnedRangesFile } from '../../io/checkpoint/learnedRanges.js'
import { writeSafetensors } from '../../io/checkpoint/safetensorsWriter.js'
import { readJsonFile } from '../../io/checkpoint/weights.js'
import { failureOf, orThrow } from '../../io/fault.js'
import { sizeOf } from '../../io/source.js'
import type { OpenTask } from '../openTask.js'
import { watched } from '../watched.js'
import type { ModelInTraining } from './model.js'

/** A file's name in a checkpoint by the model's own: the encoder's tensors have a prefix. */
const storedName = (name: string): string => (name.startsWith('classifier.') ? name : `roberta.${name}`)

/** config.json of the result. @param start the starting checkpoint's */
export const resultConfig = (
  start: Readonly<Record<string, Json>>,
  { task, checkpoint: { architecture, labelNames } }: Pick<OpenTask, 'task' | 'checkpoint'>,
  key: string,
): Json => {
  const names = labelNames.length > 0 ? labelNames : Array.from({ length: architecture.labels }, (_, i) => `LABEL_${i}`)
  return {
    ...Object.fromEntries(Object.entries(start).filter(([name]) => name !== 'torch_dtype')),
    architectures: ['RobertaForSequenceClassification'],
    dtype: 'float32',
    id2label: Object.fromEntries(names.map((name, i) => [String(i), name])),
    label2id: Object.fromEntries(names.map((name, i) => [name, i])),
    num_labels: names.length,
    problem_type: task.target.kind === 'regression' ? 'regression' : 'single_label_classification',
    ohmflow: { trained: true, version, task: task.name, training: key },
  }
}

const filesOf = (folder: string, { tokenizerFiles }: Pick<OpenTask, 'tokenizerFiles'>): readonly string[] => [
  join(folder, 'config.json'),
  join(folder, 'model.safetensors'),
  ...(existsSync(join(folder, learnedRangesFile)) ? [join(folder, learnedRangesFile)] : []),
  ...tokenizerFiles.map(file => join(folder, basename(file))),
]

/** SHA-256 of a result's files; null if one is missing. */
export const resultHash = (folder: string, open: Pick<OpenTask, 'tokenizerFiles'>): Promise<string | null> =>
  watched(filesOf(folder, open)).then(
    ({ hash }) => hash,
    (error: unknown) => {
      if (error instanceof Failure) return null
      throw error
    },
  )

/**
 * What a folder's config.json says it is the result of: the key of a training, null where it names none; undefined
 * without such a file. @throws Failure (in the promise) if the file is no JSON
 */
export const trainedAs = async (folder: string): Promise<string | null | undefined> => {
  const file = join(folder, 'config.json')
  if ((await sizeOf(file)) === null) return undefined
  // as: whatever it is, only looked at for a text
  const { ohmflow } = ((await readJsonFile(file)) ?? {}) as { readonly ohmflow?: { readonly training?: Json } | null }
  return typeof ohmflow?.training === 'string' ? ohmflow.training : null
}

const copied = async (from: string, to: string): Promise<void> => {
  const bytes = await readFile(from).catch((error: unknown) => {
    throw failureOf(from, error)
  })
  await writeAtomically(to, sink => sink.write(bytes))
}

/** @throws Failure (in the promise) if the folder cannot be written or a weight is not finite */
export const writeResult = async (
  folder: string,
  open: OpenTask,
  { tensors, ranges }: Pick<ModelInTraining, 'tensors' | 'ranges'>,
  key: string,
): Promise<void> => {
  const config = join(folder, 'config.json')
  // as: openCheckpoint has decoded this file as an object
  const start = (await readJsonFile(join(open.checkpoint.folder, 'config.json'))) as Readonly<Record<string, Json>>
  await rm(config, { force: true })
  for (const file of open.tokenizerFiles) await copied(file, join(folder, basename(file)))
  await orThrow(
    writeSafetensors(
      join(folder, 'model.safetensors'),
      tensors.map(({ name, shape, weights }) => ({ name: storedName(name), shape, data: weights().slice() })),
    ),
  )
  if (ranges.length === 0) await rm(join(folder, learnedRangesFile), { force: true })
  else
    await orThrow(
      writeSafetensors(
        join(folder, learnedRangesFile),
        ranges.map(({ name, shape, weights }) => ({ name, shape, data: weights().slice() })),
      ),
    )
  await writeTextAtomically(config, `${JSON.stringify(resultConfig(start, open, key), null, 2)}\n`)
}
