/** Reads the cases of one kind, one after the other, and says where it is: who watches it may end it. */
import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { filesOf, outcomeOf, writeCase } from './cases.js'
import { kindOf } from './kinds.js'

export interface Work {
  readonly kind: string
  readonly seed: number
  readonly from: number
  readonly to: number
  readonly folder: string
  /** Time of day in milliseconds after which no more cases are begun. */
  readonly until: number
  /** Two numbers, shared: the case that is being read, and the largest address space so far in MB. */
  readonly place: SharedArrayBuffer
}

const { kind: name, seed, from, to, folder, until, place } = workerData as Work // as: what main.ts gives
const shared = new Int32Array(place)
const kind = kindOf(name)

/** Address space in MB: memory that was asked for counts though nobody touched it. */
const peak = (): number => {
  const found = /VmPeak:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return Math.round(Number(found ?? 0) / 1024)
}

const tell = (message: object): void => parentPort?.postMessage(message)
const counts = { refused: 0, accepted: 0, wrong: 0 }
let before = 0
let index = from
for (; index < to && (index === from || Date.now() < until); index++) {
  Atomics.store(shared, 0, index)
  const files = filesOf(kind, seed, index)
  writeCase(folder, files)
  const outcome = await outcomeOf(kind, folder, files)
  counts[outcome.is] += 1
  if (outcome.is === 'wrong') tell({ index, what: outcome.what })
  const now = index % 16 === 0 || index + 1 === to ? peak() : before
  // The first case loads what all need.
  if (index > from + 64 && now - before > 1024) tell({ index, what: `address space grew by ${now - before} MB` })
  before = now
}
tell({ done: true, next: index, counts })
