/**
 * A pool of worker threads over one heap: whichever is free takes the next batch, so unequal batches keep all busy.
 * Results do not depend on which thread ran a batch. Not modelled: replacing a thread that died; the pool ends with it.
 */
import { attachHeap } from '../../kernels/heap.js'
import { countersOf, type TaskEngine } from '../interpreter.js'
import type { Done, Setup, Work } from './message.js'
import { countsAt, logitsAt, placed } from './placement.js'
import { startThread, workerModule, type Thread } from './thread.js'

export interface PoolOptions {
  /** Most threads at once, 1 .. 256. They start as there is work for them. */
  readonly threads: number
  /** The module each thread runs; default: worker.ts. */
  readonly module?: URL
  /** Called once when every thread has ended as it was asked to: nobody uses the heap any more, and its lock is free. */
  readonly ended?: () => void
}

interface Job {
  readonly order: Work
  readonly resolve: (report: Done) => void
  readonly reject: (error: Error) => void
}

/**
 * An engine on worker threads. An error in a batch rejects that batch. A thread that dies rejects everything: the heap
 * may be left locked or half written by it, so the other threads are ended too and later batches refused.
 * `close` lets running batches finish, refuses waiting ones and resolves when every thread has ended.
 * @throws RangeError if `threads` is not a whole number from 1 to 256
 */
export const workerPool = (
  setup: Setup,
  { threads: most, module = workerModule, ended = () => undefined }: PoolOptions,
): TaskEngine => {
  if (!(Number.isInteger(most) && most >= 1 && most <= 256))
    throw new RangeError(`"threads" expected a whole number from 1 to 256, got ${most}`)
  const threads: Thread[] = []
  const idle: Thread[] = []
  const waiting: Job[] = []
  /** Why no more batches are taken. */
  let over: Error | null = null
  let ending: Promise<unknown> | null = null
  let dead = false
  const heap = attachHeap(setup.memory)
  const { labels } = setup.model.parameters.architecture
  const counters = countersOf(setup.model)

  const refuseAll = (reason: Error): void => {
    over = reason
    for (const { reject } of waiting.splice(0)) reject(reason)
  }
  const onDeath = (error: Error): void => {
    dead = true
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

  const performed = (order: Work): Promise<Done> => {
    if (over !== null) throw over
    return new Promise((resolve, reject) => {
      waiting.push({ order, resolve, reject })
      assign()
    })
  }

  return {
    labels,
    inFlight: 2 * most,
    run: async (batch, options = {}) => {
      if (over !== null) throw over
      const place = placed(heap, batch, labels, counters)
      try {
        const report = await performed({ kind: 'run', batch: place, options })
        if (report.kind !== 'outputs') throw new TypeError(`a worker thread answered a batch with a ${report.kind}`)
        const { firstTokens } = report
        return { logits: logitsAt(heap, place).slice(), firstTokens, counts: countsAt(heap, place).slice() }
      } finally {
        // After a death the heap's lock may be held for good, and the heap goes with the pool.
        if (!dead) heap.free(place.at)
      }
    },
    perform: async task => {
      const report = await performed({ kind: 'perform', task })
      if (report.kind !== 'result') throw new TypeError(`a worker thread answered a task with ${report.kind}`)
      return report.result
    },
    close: async () => {
      if (over === null) refuseAll(new Error('the engine was closed'))
      ending ??= Promise.all(threads.map(thread => thread.close())).then(() => {
        if (!dead) ended()
      })
      await ending
    },
  }
}
