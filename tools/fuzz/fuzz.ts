/** Runs the cases of a kind in a worker with bounded memory, under a watch that ends what hangs, and goes on after it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Work } from './worker.js'

export interface Finding {
  readonly kind: string
  readonly seed: number
  readonly index: number
  readonly what: string
}

export interface Tally {
  readonly kind: string
  readonly runs: number
  readonly refused: number
  readonly accepted: number
  readonly findings: readonly Finding[]
}

export interface FuzzOptions {
  readonly runs: number
  readonly seed: number
  /** Number of the first case. */
  readonly first?: number
  /** Milliseconds after which no more cases are begun; default: none. */
  readonly until?: number
}

/** Processor time that a case may take; the clock may stand at more while others use the processors. */
const mostSeconds = 5
const heapMegabytes = 768

type Message =
  | { readonly index: number; readonly what: string }
  | {
      readonly done: true
      readonly next: number
      readonly counts: { readonly refused: number; readonly accepted: number }
    }

/** Runs cases until all are done or one ends the worker. @returns the next case */
const runWorker = (
  work: Work,
  found: (index: number, what: string) => void,
  counted: (refused: number, accepted: number) => void,
): Promise<number> =>
  new Promise((resolve, reject) => {
    const shared = new Int32Array(work.place)
    shared[0] = -1
    const worker = new Worker(new URL('./worker.mjs', import.meta.url), {
      workerData: work,
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    })
    let last = -1
    let spent = process.cpuUsage()
    const over = (next: number): void => {
      clearInterval(watch)
      void worker.terminate()
      resolve(next)
    }
    const watch = setInterval(() => {
      const at = Atomics.load(shared, 0)
      if (at !== last) [last, spent] = [at, process.cpuUsage()]
      const { user, system } = process.cpuUsage(spent)
      if ((user + system) / 1e6 < mostSeconds + (at === -1 ? 60 : 0)) return // it starts with loading
      found(at, `hangs: more than ${mostSeconds} s`)
      over(at + 1)
    }, 100)
    worker.on('message', (message: Message) => {
      if ('index' in message) found(message.index, message.what)
      else {
        counted(message.counts.refused, message.counts.accepted)
        over(message.next)
      }
    })
    worker.on('error', error => {
      const at = Atomics.load(shared, 0)
      // It did not even load.
      if (at === -1) {
        clearInterval(watch)
        reject(error)
        return
      }
      found(at, `ends the process: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      over(at + 1)
    })
  })

const batch = 5000

export const fuzz = async (kind: string, { runs, seed, first = 0, until = Infinity }: FuzzOptions): Promise<Tally> => {
  const end = Date.now() + until
  const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const folder = mkdtempSync(join(base, 'ohmflow-fuzz-'))
  const findings: Finding[] = []
  const total = { refused: 0, accepted: 0 }
  let at = first
  try {
    while (at < first + runs && Date.now() < end) {
      const to = Math.min(first + runs, at + batch)
      const place = new SharedArrayBuffer(8)
      at = await runWorker(
        { kind, seed, from: at, to, folder: join(folder, 'case'), until: end, place },
        (index, what) => findings.push({ kind, seed, index, what }),
        (refused, accepted) => {
          total.refused += refused
          total.accepted += accepted
        },
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return { kind, runs: at - first, ...total, findings }
}
