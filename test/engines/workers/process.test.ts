/** What only a whole process shows: that it ends, that it does not end too soon, what stays resident. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { repository } from '../../shared.js'

/** What the process printed, once it has ended by itself. @throws if it does not end in time, or not well. */
const scene = async (name: string, ...options: readonly string[]): Promise<unknown> => {
  const script = join(import.meta.dirname, 'process.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [...options, '--import', 'tsx', script, name], {
    cwd: repository,
    timeout: 110_000,
  })
  return JSON.parse(stdout) as unknown // as: narrower than any
}

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
})
