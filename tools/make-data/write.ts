/** Writes the default data: corpora, tokenisers, models and the config of the default run. The same bytes every time. */
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { Failure } from '../../src/domain/problem.js'
import { tasks } from '../../src/domain/tasks/task.js'
import { countWords, tokenizerJson, trainBpe } from '../../src/domain/tokenizer/training.js'
import { writeTextAtomically } from '../../src/io/atomicFile.js'
import { writeSafetensors } from '../../src/io/checkpoint/safetensorsWriter.js'
import { corpus, grammars } from './corpus.js'
import { experimentJson } from './experiment.js'
import type { Grammar } from './grammar.js'
import { architecture, configJson, randomTensors } from './model.js'
import { tsv } from './tsv.js'

const SEED = 1
export const sizes = { train: 4000, dev: 400 } as const
/** Room for every word form of a task as one token. */
const VOCABULARY = 768

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`

const writeTask = async (folder: string, grammar: Grammar): Promise<void> => {
  const task = tasks[grammar.task]
  const { train, dev } = corpus(grammar, SEED, sizes)
  const glue = join(folder, 'glue', task.folder)
  await writeTextAtomically(join(glue, task.tsv.train.file), tsv(task, 'train', train))
  await writeTextAtomically(join(glue, task.tsv.dev.file), tsv(task, 'dev', dev))

  const texts = train.flatMap(({ text, pair }) => (pair === null ? [text] : [text, pair]))
  const vocabulary = trainBpe(countWords(texts), VOCABULARY)
  const shape = architecture(task, vocabulary.tokens.length)
  const model = join(folder, 'models', task.name)
  await writeTextAtomically(join(model, 'tokenizer.json'), json(tokenizerJson(vocabulary)))
  await writeTextAtomically(join(model, 'config.json'), json(configJson(task, shape)))
  const written = await writeSafetensors(join(model, 'model.safetensors'), randomTensors(task, shape, SEED))()
  if (E.isLeft(written)) throw new Failure(written.left)
}

/** @throws Failure (in the promise) if the folder cannot be written */
export const writeDefaultData = async (folder: string): Promise<void> => {
  for (const grammar of grammars) await writeTask(folder, grammar)
  await writeTextAtomically(join(folder, 'config.json'), json(experimentJson(grammars.map(g => tasks[g.task]))))
}
