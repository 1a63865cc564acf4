/** A short run of the fuzzer, `npm run fuzz` being the long one: every kind, in this process; the watch over a worker once. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Failure, problem } from '../../src/domain/problem.js'
import { filesOf, outcomeOf, writeCase, type Outcome } from '../../tools/fuzz/cases.js'
import { throughCommand } from '../../tools/fuzz/command.js'
import { fuzz } from '../../tools/fuzz/fuzz.js'
import { kindOf, kinds } from '../../tools/fuzz/kinds.js'
import type { Kind } from '../../tools/fuzz/kind.js'
import { currentRecord } from '../../tools/fuzz/tables.js'

interface Regression {
  readonly kind: string
  readonly was: string
  /** What it is refused with since; null where it is read as what it is. Refused for anything else, it would test nothing. */
  readonly says: string | null
  readonly files: Readonly<Record<string, string>>
}
// as: a file beside this one
const regressions = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fuzz-regressions.json'), 'utf8'),
) as readonly Regression[]

const folder = mkdtempSync(join(tmpdir(), 'ohmflow-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const outcomes = async (kind: Kind, seed: number, runs: number): Promise<readonly Outcome[]> => {
  const found: Outcome[] = []
  for (let index = 0; index < runs; index++) {
    const files = filesOf(kind, seed, index)
    writeCase(join(folder, kind.name), files)
    found.push(await outcomeOf(kind, join(folder, kind.name), files))
  }
  return found
}

describe('spoilt inputs', () => {
  test.each(kinds.map(kind => kind.name))('of kind %s are refused, or are what they are taken for', async name => {
    const found = await outcomes(kindOf(name), 2, 60)
    expect(found.filter(o => o.is === 'wrong')).toEqual([])
    // Both happen, so that neither half of what is checked is idle.
    expect(new Set(found.map(o => o.is))).toEqual(new Set(['refused', 'accepted']))
  })

  // Cases as they were when something was wrong with them; `was` says what.
  test.each(regressions)('of kind $kind, once taken wrongly: $was', async ({ kind, says, files }) => {
    const bytes = Object.fromEntries(
      Object.entries(files).map(([name, base64]) => {
        const file = Buffer.from(base64, 'base64')
        return [name, kind === 'shard-record' ? currentRecord(file) : file]
      }),
    )
    writeCase(join(folder, kind), bytes)
    const outcome = await outcomeOf(kindOf(kind), join(folder, kind), bytes)
    expect(outcome.is).toBe(says === null ? 'accepted' : 'refused')
    expect(outcome.is === 'refused' ? outcome.says : null).toEqual(says === null ? null : expect.stringContaining(says))
  })

  test('a case is the same whatever was made before it', () => {
    const kind = kindOf('config')
    const [a, b] = [filesOf(kind, 1, 7), (filesOf(kind, 1, 3), filesOf(kind, 1, 7))]
    expect(b).toEqual(a)
    expect(filesOf(kind, 1, 8)).not.toEqual(a)
  })

  test('what is thrown, said in two lines, or taken for another is found', async () => {
    const of = (read: Kind['read']): Promise<Outcome> => outcomeOf({ ...kindOf('config'), read }, folder, {})
    expect((await of(() => Promise.reject(new TypeError('x is not a function')))).is).toBe('wrong')
    expect((await of(() => Promise.reject(new Failure(problem('a', '', 'b', 'c'))))).is).toBe('refused')
    const forged = Object.assign(new Failure(problem('a', '', 'b', 'c')), { message: 'expected a\nb' })
    expect((await of(() => Promise.reject(forged))).is).toBe('wrong')
    expect((await of(() => Promise.resolve('another'))).is).toBe('wrong')
    expect((await of(() => Promise.resolve(null))).is).toBe('accepted')
  })

  test('the same cases in a worker under its watch', async () => {
    const tally = await fuzz('jsonl', { runs: 40, seed: 2 })
    expect(tally.findings).toEqual([])
    const here = await outcomes(kindOf('jsonl'), 2, 40)
    expect([tally.runs, tally.refused]).toEqual([40, here.filter(o => o.is === 'refused').length])
  })

  test('through the command', async () => {
    for (const kind of ['config', 'pickle', 'jsonl'])
      expect(await throughCommand(kindOf(kind), { runs: 1, seed: 3 })).toEqual([])
  })
})
