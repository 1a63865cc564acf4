/** What only a whole process shows: that it ends, that it does not end too soon, what stays resident. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { openDigital } from '../../../src/pipelines/digital.js'
import { repository, shared } from '../../shared.js'
import { batchFrom, checkpointOf } from '../model.js'

/** What the process printed, once it has ended by itself. @throws if it does not end in time, or not well. */
const printed = async (...args: readonly string[]): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: repository, timeout: 110_000 })
  return JSON.parse(stdout) as unknown // as: narrower than any
}

const scene = (name: string, ...options: readonly string[]): Promise<unknown> =>
  printed(...options, '--import', 'tsx', join(import.meta.dirname, 'process.ts'), name)

describe('a process with worker threads', () => {
  test('ends by itself after close', async () => {
    expect(await scene('closed')).toBe('closed')
  })

  test('ends by itself when close was forgotten', async () => {
    expect(await scene('forgotten')).toBe('forgotten')
  })

  test('does not end while a batch runs', async () => {
    expect(await scene('working')).toBe(2)
  })

  test('survives a thread that uses up its memory', async () => {
    const [begun, waiting] = (await scene('exhausted', '--max-old-space-size=60')) as [string, string] // as: process.ts prints two strings
    expect(begun).toMatch(/a worker thread died: .*memory/)
    expect(waiting).toBe(begun)
  })

  test('holds the weights once, however many threads compute with them', async () => {
    const { block, before, weights, withOne, withTwo } = (await scene('memory')) as Record<string, number> // as: process.ts prints numbers
    const megabyte = 2 ** 20
    expect(block).toBeGreaterThan(300 * megabyte)
    // The measure sees the weights, so it would see a copy of them.
    expect((weights ?? NaN) - (before ?? NaN)).toBeGreaterThan(0.8 * (block ?? NaN))
    expect((withOne ?? NaN) - (weights ?? NaN)).toBeLessThan(150 * megabyte)
    expect((withTwo ?? NaN) - (withOne ?? NaN)).toBeLessThan(150 * megabyte)
  })

  test('lets go of the heaps of engines that are closed, though their threads stay', async () => {
    const { block, resident } = (await scene('successive', '--expose-gc')) as { block: number; resident: number[] } // as: process.ts prints these
    expect(block).toBeGreaterThan(100 * 2 ** 20)
    for (const [i, bytes] of resident.entries())
      expect(bytes - (resident[0] ?? NaN), `after engine ${i}`).toBeLessThan(0.5 * block)
  })

  test('gives back all that its threads hold on the heap', async () => {
    const [first, ...others] = (await scene('blocks')) as number[] // as: process.ts prints numbers
    expect(others).toEqual([first, first])
  })

  test('runs the built package in plain Node, from a script on the command line', async () => {
    const built = (path: string): string => JSON.stringify(pathToFileURL(join(repository, 'dist', path)).href)
    const script = `
      import { openCheckpoint } from ${built('io/checkpoint/checkpoint.js')}
      import { openDigital } from ${built('pipelines/digital.js')}
      const { right } = await openCheckpoint(${JSON.stringify(shared('data', 'reference', 'tiny-roberta'))})()
      const engine = await openDigital(right, { workers: 2 })
      const [ids, offsets, examples] = [[0, 5, 2], [0, 3], [0]].map(a => Int32Array.from(a))
      const found = await Promise.all([0, 1].map(() => engine.run({ ids, offsets, examples })))
      await engine.close()
      console.log(JSON.stringify(found.map(({ logits }) => Array.from(logits))))`
    const found = await printed('--input-type=module', '-e', script)
    const engine = await openDigital(await checkpointOf('reference', 'tiny-roberta'), { workers: 0 })
    const logits = Array.from((await engine.run(batchFrom([{ ids: [0, 5, 2] }]))).logits)
    await engine.close()
    expect(found).toEqual([logits, logits])
  })
})
