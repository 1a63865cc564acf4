/**
 * A pool of worker threads over one heap: whichever is free takes the next batch, so unequal batches keep all busy.
 * Results do not depend on which thread ran a batch. Not modelled: replacing a thread that died; the pool ends with it.
 */
import type { Batch } from '../../domain/encoder/algebra.js'
import type { Engine, Outputs } from '../engine.js'
import type { Order, Setup } from './message.js'
import { startThread, workerModule, type Thread } from './thread.js'

export interface PoolOptions {
  /** Most threads at once, 1 .. 256. They start as there is work for them. */
  readonly threads: number
  /** The module each thread runs; default: worker.ts. */
  readonly module?: URL
}

interface Job {
  readonly order: Order & { readonly kind: 'run' }
  readonly resolve: (outputs: Outputs) => void
  readonly reject: (error: Error) => void
}

/** A copy that shares no memory with the caller's, so that it can be handed over while the caller goes on. */
const copyOf = ({ ids, offsets, examples }: Batch): Batch => ({
  ids: Int32Array.from(ids),
  offsets: Int32Array.from(offsets),
  examples: Int32Array.from(examples),
})

/**
 * An engine on worker threads. An error in a batch rejects that batch. A thread that dies rejects everything: the heap
 * may be left locked or half written by it, so the other threads are ended too and later batches refused.
 * `close` lets running batches finish, refuses waiting ones and resolves when every thread has ended.
 * @throws RangeError if `threads` is not a whole number from 1 to 256
 */
export const workerPool = (setup: Setup, { threads: most, module = workerModule }: PoolOptions): Engine => {
  if (!(Number.isInteger(most) && most >= 1 && most <= 256))
    throw new RangeError(`"threads" expected a whole number from 1 to 256, got ${most}`)
  const threads: Thread[] = []
  const idle: Thread[] = []
  const waiting: Job[] = []
  /** Why no more batches are taken. */
  let over: Error | null = null
  let ending: Promise<unknown> | null = null

  const refuseAll = (reason: Error): void => {
    over = reason
    for (const { reject } of waiting.splice(0)) reject(reason)
  }
  const onDeath = (error: Error): void => {
    refuseAll(error)
    ending = Promise.all(threads.map(thread => thread.kill(error)))
  }
  const started = (): Thread => {
    const thread = startThread(module, setup, onDeath)
    threads.push(thread)
    return thread
  }
  const assign = (): void => {
    while (waiting.length > 0) {
      const thread = idle.pop() ?? (threads.length < most ? started() : undefined)
      const job = thread === undefined ? undefined : waiting.shift()
      if (thread === undefined || job === undefined) return
      const freed = (): void => {
        idle.push(thread)
        assign()
      }
      thread.run(job.order).finally(freed).then(job.resolve, job.reject)
    }
  }

  return {
    labels: setup.parameters.architecture.labels,
    inFlight: 2 * most,
    run: (batch, options) =>
      new Promise((resolve, reject) => {
        if (over !== null) {
          reject(over)
          return
        }
        const order = { kind: 'run', batch: copyOf(batch), firstTokens: options?.firstTokens ?? false } as const
        waiting.push({ order, resolve, reject })
        assign()
      }),
    close: async () => {
      if (over === null) refuseAll(new Error('the engine was closed'))
      ending ??= Promise.all(threads.map(thread => thread.close()))
      await ending
    },
  }
}
