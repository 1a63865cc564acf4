import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linearLayers, maxTokens, tensorShapes } from '../../../src/domain/encoder/architecture.js'
import { Failure, type Problem } from '../../../src/domain/problem.js'
import type { Example } from '../../../src/domain/tasks/example.js'
import { tasks } from '../../../src/domain/tasks/task.js'
import { openCheckpoint } from '../../../src/io/checkpoint/checkpoint.js'
import { openDataset } from '../../../src/io/glue/dataset.js'
import { readTokenizer } from '../../../src/io/tokenizer.js'
import { corpus, grammars } from '../../../tools/make-data/corpus.js'
import { sizes, writeDefaultData } from '../../../tools/make-data/write.js'
import { repository } from '../../shared.js'

const data = join(repository, 'data')

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
  let made = ''
  beforeAll(async () => {
    made = await mkdtemp(join(tmpdir(), 'ohmflow-data-'))
    await writeDefaultData(made)
  })
  afterAll(() => rm(made, { recursive: true, force: true }))

  test('is made again byte for byte, and nothing else lies beside it', async () => {
    const committed = await filesUnder(data)
    expect(committed).toContain('README.md')
    expect(await filesUnder(made)).toEqual(committed.filter(file => file !== 'README.md'))
    for (const file of await filesUnder(made)) {
      const [fresh, kept] = await Promise.all([readFile(join(made, file)), readFile(join(data, file))])
      expect(fresh.equals(kept), file).toBe(true)
    }
  })

  test('is small', async () => {
    const contents = await Promise.all((await filesUnder(data)).map(file => readFile(join(data, file))))
    expect(contents.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(12e6)
  })
})

for (const grammar of grammars)
  describe(`the default ${grammar.task}`, () => {
    const task = tasks[grammar.task]
    const model = join(data, 'models', task.name)

    for (const split of ['train', 'dev'] as const)
      test(`${split} is read back as it was drawn`, async () => {
        const dataset = await right(openDataset(task, join(data, 'glue', task.folder), split))
        const read: Example[] = []
        for await (const example of dataset.examples()) read.push(example)
        expect(read).toEqual(corpus(grammar, 1, sizes)[split].map((drawn, index) => ({ index, ...drawn })))
      })

    test('has a tokeniser that takes every text whole, word for word', async () => {
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

    test('has a model of several tiles, random and marked untrained', async () => {
      const { architecture, labelNames, readInto } = await right(openCheckpoint(model))
      const tiles = linearLayers(architecture).map(l => Math.ceil(l.inputs / 64) * Math.ceil(l.outputs / 64))
      expect(tiles.reduce((a, b) => a + b, 0)).toBe(26)
      expect(labelNames).toEqual(task.target.kind === 'regression' ? [] : task.target.labels)
      for (const [name, shape] of tensorShapes(architecture)) {
        const values = new Float32Array(shape.reduce((a, b) => a * b, 1))
        await right(readInto(name, values))
        const norm = name.includes('LayerNorm')
        if (name.endsWith('.bias')) expect(values.every(x => x === 0)).toBe(true)
        else if (norm) expect(values.every(x => x === 1)).toBe(true)
        else {
          const deviation = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length)
          // Five standard errors of the deviation of that many normal draws.
          expect(Math.abs(deviation / 0.18 - 1), name).toBeLessThan(5 / Math.sqrt(2 * values.length))
        }
      }
      const config: unknown = JSON.parse(await readFile(join(model, 'config.json'), 'utf8'))
      expect(config).toMatchObject({ ohmflow: { trained: false, note: 'random weights: scores are at chance' } })
    })
  })
