import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tilesOf } from '../../../src/domain/crossbar/tiling.js'
import { linearLayers, maxTokens, tensorShapes } from '../../../src/domain/encoder/architecture.js'
import { Failure, type Problem } from '../../../src/domain/problem.js'
import type { Example } from '../../../src/domain/tasks/example.js'
import { tasks } from '../../../src/domain/tasks/task.js'
import { openCheckpoint } from '../../../src/io/checkpoint/checkpoint.js'
import { openLearnedRanges } from '../../../src/io/checkpoint/learnedRanges.js'
import { openDataset } from '../../../src/io/glue/dataset.js'
import { readTokenizer } from '../../../src/io/tokenizer.js'
import { corpus, grammars } from '../../../tools/make-data/corpus.js'
import { experiments, models } from '../../../tools/make-data/experiment.js'
import { chip, recipes } from '../../../tools/make-data/recipe.js'
import { defaults, writeStart } from '../../../tools/make-data/write.js'
import { repository } from '../../shared.js'

const data = join(repository, 'data')
const { sizes } = defaults
const kinds = ['plain', 'hardwareAware'] as const

const right = async <A>(work: TaskEither<Problem, A>): Promise<A> => {
  const result = await work()
  if (E.isLeft(result)) throw new Failure(result.left)
  return result.right
}

const filesUnder = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
}

describe('the default data', () => {
  test('holds what the runs need and a README, nothing else', async () => {
    const model = ['config.json', 'model.safetensors', 'tokenizer.json']
    const expected = [
      ...['README.md', 'config.json', 'hwa.json'],
      ...grammars.flatMap(({ task }) => [
        ...(['train', 'dev'] as const).map(split => join('glue', tasks[task].folder, tasks[task].tsv[split].file)),
        ...model.map(file => join(models.plain, task, file)),
        ...[...model, 'ranges.safetensors'].map(file => join(models.hardwareAware, task, file)),
      ]),
    ]
    expect(await filesUnder(data)).toEqual(expected.sort())
  })

  test('is small', async () => {
    const contents = await Promise.all((await filesUnder(data)).map(file => readFile(join(data, file))))
    expect(contents.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(12e6)
  })

  test('has the configs that are made now', async () => {
    for (const [file, value] of Object.entries(experiments(grammars.map(g => tasks[g.task]))))
      expect(await readFile(join(data, file), 'utf8')).toBe(`${JSON.stringify(value, null, 2)}\n`)
  })
})

for (const grammar of grammars)
  describe(`the default ${grammar.task}`, () => {
    const task = tasks[grammar.task]
    const glue = join(data, 'glue', task.folder)
    const folders = kinds.map(kind => join(data, models[kind], task.name))
    let made = ''
    beforeAll(async () => {
      made = await mkdtemp(join(tmpdir(), 'ohmflow-data-'))
      await writeStart(grammar, sizes, { glue: join(made, 'glue'), model: join(made, 'model') })
    })
    afterAll(() => rm(made, { recursive: true, force: true }))

    test('has the texts and tokenisers that are made now, byte for byte', async () => {
      const same = async (fresh: string, kept: string): Promise<void> =>
        expect((await readFile(join(made, fresh))).equals(await readFile(kept)), kept).toBe(true)
      for (const { file } of [task.tsv.train, task.tsv.dev]) await same(join('glue', file), join(glue, file))
      for (const folder of folders) await same('model/tokenizer.json', join(folder, 'tokenizer.json'))
    })

    for (const split of ['train', 'dev'] as const)
      test(`${split} is read back as it was drawn`, async () => {
        const dataset = await right(openDataset(task, glue, split))
        const read: Example[] = []
        for await (const example of dataset.examples()) read.push(example)
        expect(read).toEqual(corpus(grammar, 1, sizes)[split].map((drawn, index) => ({ index, ...drawn })))
      })

    test('has a tokeniser that takes every text whole, word for word', async () => {
      const [model = ''] = folders
      const { tokenizer } = await right(readTokenizer(model))
      const { architecture } = await right(openCheckpoint(model))
      expect(tokenizer.vocabularySize).toBe(architecture.vocabulary)
      const decoder = new TextDecoder()
      for (const { text, pair } of corpus(grammar, 1, sizes).dev) {
        const ids = tokenizer.encode(text, pair, Infinity)
        expect(ids.length).toBeLessThanOrEqual(maxTokens(architecture))
        expect(decoder.decode(tokenizer.decode(ids))).toBe(
          pair === null ? `<s>${text}</s>` : `<s>${text}</s></s>${pair}</s>`,
        )
        const words = `${text} ${pair ?? ''}`.match(/\p{L}+|[.,]/gu) ?? []
        expect(ids.length).toBe(words.length + (pair === null ? 2 : 4))
      }
    })

    test('starts from random weights as wide as said, marked untrained', async () => {
      const { architecture, untrained, readInto } = await right(openCheckpoint(join(made, 'model')))
      expect(untrained).toBe(true)
      for (const [name, shape] of tensorShapes(architecture)) {
        const values = new Float32Array(shape.reduce((a, b) => a * b, 1))
        await right(readInto(name, values))
        const norm = name.includes('LayerNorm')
        if (name.endsWith('.bias')) expect(values.every(x => x === 0)).toBe(true)
        else if (norm) expect(values.every(x => x === 1)).toBe(true)
        else {
          const deviation = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length)
          // Five standard errors of the deviation of that many normal draws.
          expect(Math.abs(deviation / 0.1 - 1), name).toBeLessThan(5 / Math.sqrt(2 * values.length))
        }
      }
    })

    for (const kind of kinds)
      test(`has a ${kind} model of several tiles, trained by the recipe of now`, async () => {
        const folder = join(data, models[kind], task.name)
        const checkpoint = await right(openCheckpoint(folder))
        const tiles = linearLayers(checkpoint.architecture).map(l => ({ layer: l.name, tiles: tilesOf(l, chip.tile) }))
        expect(tiles.flatMap(t => t.tiles)).toHaveLength(26)
        expect(checkpoint.labelNames).toEqual(task.target.kind === 'regression' ? [] : task.target.labels)
        expect(checkpoint.untrained).toBe(false)
        const config: unknown = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
        expect(config).toHaveProperty('ohmflow', { trained: true, recipe: recipes[kind](task.name) })
        const ranges = await right(openLearnedRanges(folder))
        expect(ranges !== null).toBe(kind === 'hardwareAware')
        for (const { layer, tiles: own } of tiles) {
          await ranges?.read(layer, 'input_ranges', own.length)
          const columns = own.reduce((sum, tile) => sum + tile.columns.size, 0)
          await ranges?.read(layer, 'column_ranges', columns)
        }
      })
  })
