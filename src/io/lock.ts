/**
 * One process at a time where the files of a folder belong together: a file that is made only where there is none, in which
 * its holder counts on every second. A killed holder leaves the file; the next process takes it over, at once if the holder
 * was one of this machine, else when the count has stood still for ten seconds (of its own clock that only goes forward:
 * no two clocks are compared). Not promised: anything about a holder that was stopped for longer and then goes on.
 */
import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fail } from '../domain/problem.js'
import { folderOf } from './atomicFile.js'
import { failureOf, isAbsence, isPresence } from './fault.js'
import { host, lives } from './process.js'

export interface LockOptions {
  /** What to do while another process holds it. */
  readonly busy: 'wait' | 'refuse'
  /** What the holder does, in the words of a message: "writes tables". */
  readonly doing: string
  /** Ends the waiting by throwing. */
  readonly checkpoint?: () => void
  /** Milliseconds between two counts, between two looks, and after which a count that stands still is nobody's. */
  readonly pace?: { readonly count: number; readonly look: number; readonly dead: number }
}

const usualPace = { count: 1000, look: 20, dead: 10_000 }

/** `HOST-PID-NUMBER COUNT`, always as many bytes, so that it is written over in place. */
const textOf = (owner: string, count: number): string => `${owner} ${String(count).padStart(12, '0')}\n`

const newOwner = (): string => `${host}-${String(process.pid).padStart(10, '0')}-${randomBytes(4).toString('hex')}`

/** Null if there is none. @throws Failure (in the promise) */
const read = (path: string): Promise<string | null> =>
  readFile(path, 'latin1').catch((error: unknown) => {
    if (isAbsence(error)) return null
    throw failureOf(path, error)
  })

/** @returns false if it is there already. @throws Failure (in the promise) */
const make = async (path: string, text: string): Promise<boolean> => {
  try {
    const handle = await open(path, 'wx')
    try {
      await handle.write(text)
    } catch (error) {
      await rm(path, { force: true })
      throw error
    } finally {
      await handle.close()
    }
    return true
  } catch (error) {
    if (isPresence(error)) return false
    throw failureOf(path, error)
  }
}

/** The holder was a process of this machine that is no more. */
const isOrphan = (text: string): boolean => {
  const [, from, pid] = /^([0-9a-f]{8})-(\d{10})-/.exec(text) ?? []
  return from === host && (Number(pid) === process.pid ? !held.has(text.split(' ')[0] ?? '') : !lives(Number(pid)))
}

/** Owners of this process. */
const held = new Set<string>()

/** Takes a dead holder's file away; what came in its place meanwhile is put back. */
const takeAway = async (path: string, dead: string, owner: string): Promise<void> => {
  const aside = `${path}.${owner}.tmp`
  try {
    await rename(path, aside)
  } catch (error) {
    if (isAbsence(error)) return
    throw failureOf(path, error)
  }
  if ((await read(aside)) === dead) await rm(aside, { force: true })
  else await rename(aside, path)
}

const acquire = async (path: string, owner: string, options: LockOptions): Promise<void> => {
  const { look, dead } = options.pace ?? usualPace
  await folderOf(path)
  let first: string | null = null
  let last: string | null = null
  let since = performance.now()
  while (!(await make(path, textOf(owner, 0)))) {
    options.checkpoint?.()
    const found = await read(path)
    if (found === null) continue
    first ??= found
    if (found !== last) [last, since] = [found, performance.now()]
    if (isOrphan(found) || performance.now() - since > dead) {
      await sleep(look * Math.random()) // so that of several who wait hardly two do this at once
      // Looked at again: it may have been let go of, before its holder ended, while this was found out.
      if ((await read(path)) === found) await takeAway(path, found, owner)
    } else if (options.busy === 'refuse' && found !== first)
      fail(path, '', 'no other process at work in this folder', `one that ${options.doing} (process ${pidOf(found)})`)
    else await sleep(look)
  }
}

const pidOf = (text: string): number => Number(text.split('-')[1])

/** Counts on in the file as long as it is its owner's. @returns how to stop, and let go of it */
const counting = (path: string, owner: string, every: number): (() => Promise<void>) => {
  let count = 0
  const isOurs = async (): Promise<boolean> => (await read(path))?.startsWith(owner) === true
  const next = async (): Promise<void> => {
    if (!(await isOurs())) return
    const handle = await open(path, 'r+')
    try {
      await handle.write(textOf(owner, ++count), 0)
    } finally {
      await handle.close()
    }
  }
  let writing = Promise.resolve()
  const timer = setInterval(() => {
    // A count that could not be written is made up for by the next.
    writing = next().catch(() => undefined)
  }, every)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await writing
    if (await isOurs()) await rm(path, { force: true })
  }
}

/**
 * Does some work while no other process does it.
 * @throws Failure (in the promise) if the file cannot be written, or another process is at work and `busy` is 'refuse'
 */
export const withLock = async <A>(path: string, options: LockOptions, work: () => Promise<A>): Promise<A> => {
  const owner = newOwner()
  held.add(owner)
  try {
    await acquire(path, owner, options)
    const release = counting(path, owner, (options.pace ?? usualPace).count)
    try {
      return await work()
    } finally {
      await release().catch(() => undefined) // the next takes it over
    }
  } finally {
    held.delete(owner)
  }
}
