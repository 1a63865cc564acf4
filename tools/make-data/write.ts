/**
 * Makes the default data: corpora, tokenisers, models and the configs of the runs on them. The same bytes every time.
 * All of it is made in FOLDER.making and moved into place when it is whole; killed on the way, the next call goes on there.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Json } from '../../src/domain/experiment/config.js'
import { fail } from '../../src/domain/problem.js'
import { tasks } from '../../src/domain/tasks/task.js'
import { countWords, tokenizerJson, trainBpe } from '../../src/domain/tokenizer/training.js'
import { writeTextAtomically } from '../../src/io/atomicFile.js'
import { writeSafetensors } from '../../src/io/checkpoint/safetensorsWriter.js'
import { readJsonFile } from '../../src/io/checkpoint/weights.js'
import { orThrow } from '../../src/io/fault.js'
import { sizeOf } from '../../src/io/source.js'
import { corpus, grammars } from './corpus.js'
import { experiments, miniature, models } from './experiment.js'
import type { Grammar } from './grammar.js'
import { architecture, configJson, randomTensors } from './model.js'
import { recipes, type Recipes } from './recipe.js'
import { publish, trained, type Making } from './train.js'
import { tsv } from './tsv.js'

const SEED = 1
/** Room for every word form of a task as one token. */
const VOCABULARY = 768

export interface Wanted {
  readonly grammars: readonly Grammar[]
  /** Examples of each task. */
  readonly sizes: { readonly train: number; readonly dev: number }
  readonly recipes: Recipes
}
export const defaults: Wanted = { grammars, sizes: { train: 4000, dev: 400 }, recipes }

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`

/** A task's corpus, and its model before training with the tokeniser that belongs to it. */
export const writeStart = async (
  grammar: Grammar,
  sizes: Wanted['sizes'],
  to: { readonly glue: string; readonly model: string },
): Promise<void> => {
  const task = tasks[grammar.task]
  const { train, dev } = corpus(grammar, SEED, sizes)
  await writeTextAtomically(join(to.glue, task.tsv.train.file), tsv(task, 'train', train))
  await writeTextAtomically(join(to.glue, task.tsv.dev.file), tsv(task, 'dev', dev))

  const texts = train.flatMap(({ text, pair }) => (pair === null ? [text] : [text, pair]))
  const vocabulary = trainBpe(countWords(texts), VOCABULARY)
  const shape = architecture(task, vocabulary.tokens.length)
  await writeTextAtomically(join(to.model, 'tokenizer.json'), json(tokenizerJson(vocabulary)))
  await writeTextAtomically(join(to.model, 'config.json'), json(configJson(task, shape)))
  await orThrow(writeSafetensors(join(to.model, 'model.safetensors'), randomTensors(task, shape, SEED)))
}

/** A task's corpus and models into `data`; states and checkpoints on the way lie beside it. */
const makeTask = async (grammar: Grammar, data: string, wanted: Wanted, making: Making): Promise<void> => {
  const { name: task, folder } = tasks[grammar.task]
  const at = (...parts: readonly string[]): string => join(data, '..', ...parts)
  const glue = join(data, 'glue', folder)
  await writeStart(grammar, wanted.sizes, { glue, model: at('start', task) })

  const train = async (kind: keyof Recipes, start: string): Promise<string> => {
    const recipe = wanted.recipes[kind](task)
    const out = at(models[kind], task)
    const scores = await trained({ task, start, data: glue, recipe, seed: SEED, out }, making)
    const shown = scores.map(({ metric, value }) => `${metric} ${value.toFixed(4)}`).join(', ')
    making.progress.note(`${models[kind]}/${task}: ${shown}`)
    const published = join(data, models[kind], task)
    await publish(join(out, task), published, recipe)
    return published
  }
  await train('hardwareAware', await train('plain', at('start', task)))
}

/** What the default data consists of, in the order it is moved; while that goes on, there is no config.json. */
const configs = Object.keys(experiments([]))
const entries = ['glue', ...Object.values(models), ...configs.toReversed()]

const isOurs = async (config: string): Promise<boolean> =>
  // as: looked at only for a name
  (await sizeOf(config)) !== null && ((await readJsonFile(config)) as { readonly name?: Json }).name === miniature

/** Files that somebody else put there are not taken away. @throws Failure (in the promise) */
const checkFree = async (folder: string, replaced: string): Promise<void> => {
  const there = await readdir(folder).catch((): readonly string[] => [])
  const taken = entries.find(entry => there.includes(entry))
  if (taken === undefined || (await isOurs(join(folder, 'config.json')))) return
  // Killed while it moved things, it had taken the config away already.
  if (await isOurs(join(replaced, 'config.json'))) return
  fail(join(folder, taken), '', 'a new folder, or one that make-data has made', 'something else')
}

const move = async (from: string, to: string): Promise<void> => {
  await rm(to, { recursive: true, force: true })
  await rename(from, to)
}

const replace = async (made: string, folder: string, replaced: string): Promise<void> => {
  await mkdir(folder, { recursive: true })
  await mkdir(replaced, { recursive: true })
  const there = await readdir(folder)
  for (const entry of [...entries].reverse())
    if (there.includes(entry)) await move(join(folder, entry), join(replaced, entry))
  for (const entry of entries) await move(join(made, entry), join(folder, entry))
}

/** @throws Failure or Interrupted (in the promise); the folder is then what it was. */
export const makeData = async (folder: string, making: Making, wanted: Wanted = defaults): Promise<void> => {
  const place = `${folder}.making`
  const [made, replaced] = [join(place, 'data'), join(place, 'replaced')]
  await checkFree(folder, replaced)
  await rm(made, { recursive: true, force: true })
  for (const grammar of wanted.grammars) await makeTask(grammar, made, wanted, making)
  for (const [file, value] of Object.entries(experiments(wanted.grammars.map(g => tasks[g.task]))))
    await writeTextAtomically(join(made, file), json(value))
  await replace(made, folder, replaced)
  await rm(place, { recursive: true })
}
