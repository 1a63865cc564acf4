/** One process at a time: `lock`. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { withLock, type LockOptions } from '../../src/io/lock.js'
import { host } from '../../src/io/process.js'
import { failure, folderWith } from './fixture.js'

const waiting: LockOptions = { busy: 'wait', doing: 'tests', pace: { count: 5, look: 1, dead: 500 } }
const place = (text?: string): string => {
  const path = join(folderWith(), 'a.lock')
  if (text !== undefined) writeFileSync(path, text)
  return path
}
/** A process number that is nobody's: above the kernel's largest. */
const nobody = '0009999999'
const left = (from: string, pid: string): string => `${from}-${pid}-00000000 000000000007\n`

describe('a lock', () => {
  test('lets one in at a time, and nothing stays behind', async () => {
    const path = place()
    let inside = 0
    let most = 0
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside)
      await sleep(3)
      inside -= 1
    }
    await Promise.all(Array.from({ length: 12 }, () => withLock(path, waiting, work)))
    expect(most).toBe(1)
    expect(readdirSync(join(path, '..'))).toEqual([])
  })

  test('is let go of when the work fails, and makes the folder it lies in', async () => {
    const path = join(folderWith(), 'new', 'folder', 'a.lock')
    await expect(withLock(path, waiting, () => Promise.reject(new Error('half-way')))).rejects.toThrow('half-way')
    expect(existsSync(path)).toBe(false)
    expect(await withLock(path, waiting, () => Promise.resolve(3))).toBe(3)
  })

  test('of a process of this machine that is dead is taken over at once', async () => {
    const patient = { ...waiting, pace: { count: 5, look: 1, dead: Infinity } }
    expect(await withLock(place(left(host, nobody)), patient, () => Promise.resolve('in'))).toBe('in')
    // Of this very process number, left by another with it: numbers are used again, in containers at once.
    const own = String(process.pid).padStart(10, '0')
    expect(await withLock(place(left(host, own)), patient, () => Promise.resolve('in'))).toBe('in')
  })

  test.each([left('00000000', nobody), left(host, '0000000001'), '', 'what is this?'])(
    'in which nobody counts on is taken over: %j',
    async text => {
      const path = place(text)
      expect(
        await withLock(path, { ...waiting, busy: 'refuse' }, () => Promise.resolve(readFileSync(path, 'utf8'))),
      ).toContain(`${host}-${String(process.pid).padStart(10, '0')}-`)
    },
  )

  test('in which somebody counts on is refused where that is asked for, and the file stays', async () => {
    const path = place()
    const refused = await withLock(path, waiting, () =>
      failure(withLock(path, { ...waiting, busy: 'refuse', doing: 'trains' }, () => Promise.resolve())),
    )
    expect(refused).toBe(
      `${path}: expected no other process at work in this folder, found one that trains (process ${process.pid})`,
    )
  })

  test('is waited for until the waiting is called off', async () => {
    const path = place()
    let looks = 0
    const checkpoint = (): void => {
      if (++looks > 5) throw new Error('called off')
    }
    const waited = withLock(path, waiting, () => withLock(path, { ...waiting, checkpoint }, () => Promise.resolve()))
    await expect(waited).rejects.toThrow('called off')
  })
})
