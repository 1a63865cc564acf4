import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Interrupted } from '../../../src/pipelines/interruption.js'
import { silent, type Progress } from '../../../src/pipelines/progress.js'
import { grammars } from '../../../tools/make-data/corpus.js'
import { recipes } from '../../../tools/make-data/recipe.js'
import type { Making } from '../../../tools/make-data/train.js'
import { makeData, type Wanted } from '../../../tools/make-data/write.js'

/** The making of two tasks, a classification and a regression on pairs; each model learns from two batches. */
const small: Wanted = {
  grammars: grammars.filter(g => g.task === 'cola' || g.task === 'stsb'),
  sizes: { train: 64, dev: 16 },
  recipes: {
    plain: task => ({ ...recipes.plain(task), epochs: 1 }),
    hardwareAware: task => ({ ...recipes.hardwareAware(task), epochs: 1 }),
  },
}

const making = (more: Partial<Making> = {}): Making => ({
  ...{ engines: { workers: 0 }, progress: silent, signal: new AbortController().signal },
  ...more,
})

/** Stops when a stretch begins whose title says so. */
const until = (title: RegExp): Making => {
  const controller = new AbortController()
  const begin: Progress['begin'] = begun => {
    if (title.test(begun)) controller.abort()
  }
  return making({ progress: { ...silent, begin }, signal: controller.signal })
}

const folder = mkdtempSync(join(tmpdir(), 'ohmflow-make-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const bytesOf = (root: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter(name => statSync(join(root, name)).isFile())
      .sort()
      .map(name => [name, readFileSync(join(root, name)).toString('base64')]),
  )

describe('make-data', () => {
  const first = join(folder, 'first')
  const made = makeData(first, making(), small)

  test('gives the bytes it gave when data/ was made', async () => {
    await made
    const hash = createHash('sha256')
      .update(JSON.stringify(bytesOf(first)))
      .digest('hex')
    // Another hash means other models: `npm run make-data`, commit data/, then put the new hash here.
    expect(hash).toBe('77887ca8eacf9604a80b01b4ece4d8b0d95e67b28e2ed8eeebb19a7be2b96ab1')
    expect(readdirSync(folder)).toEqual(['first'])
  })

  test('gives the same bytes in WebAssembly, on two threads, interrupted and taken up again', async () => {
    await made
    const second = join(folder, 'second')
    const stopped = until(/^stsb: epoch/)
    await expect(makeData(second, stopped, small)).rejects.toThrow(Interrupted)
    expect(existsSync(second)).toBe(false)
    const begun: string[] = []
    const progress = { ...silent, begin: (title: string) => void begun.push(title) }
    await makeData(second, making({ engines: { workers: 2, kernels: { kind: 'wasm' } }, progress }), small)
    expect(begun.some(title => title.startsWith('stsb: epoch'))).toBe(true)
    expect(begun.some(title => title.startsWith('cola: epoch'))).toBe(false)
    expect(bytesOf(second)).toEqual(bytesOf(first))
  })

  test('replaces what it made before only when the new is whole, and leaves other files alone', async () => {
    await made
    const third = join(folder, 'third')
    const few: Wanted = { ...small, sizes: { train: 32, dev: 16 } }
    await makeData(third, making(), few)
    writeFileSync(join(third, 'README.md'), 'mine')
    const before = bytesOf(third)
    await expect(makeData(third, until(/^stsb: after/), small)).rejects.toThrow(Interrupted)
    expect(bytesOf(third)).toEqual(before)
    await makeData(third, making(), small)
    expect(bytesOf(third)).toEqual({ ...bytesOf(first), 'README.md': before['README.md'] })
  })

  test("does not take away somebody else's models", async () => {
    const theirs = join(folder, 'theirs')
    mkdirSync(join(theirs, 'models'), { recursive: true })
    const refused = /models: expected a new folder, or one that make-data has made, found something else/
    await expect(makeData(theirs, making(), small)).rejects.toThrow(refused)
    writeFileSync(join(theirs, 'config.json'), '{"name": "theirs"}')
    await expect(makeData(theirs, making(), small)).rejects.toThrow(refused)
    expect(readdirSync(theirs).sort()).toEqual(['config.json', 'models'])
  })
})
