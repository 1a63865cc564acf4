/**
 * One worker thread as the main thread sees it: it runs one batch at a time, and it may die.
 * It keeps the process alive while it works, not while it waits. Not modelled: restarting it.
 */
import { Worker } from 'node:worker_threads'
import type { Done, Order, Report, Setup, Work } from './message.js'

export interface Thread {
  /** The next order only after this promise has settled. */
  readonly run: (order: Work) => Promise<Done>
  /** Ends the thread after the batch it is running; resolves when it has ended. */
  readonly close: () => Promise<void>
  /** Ends the thread at once; a batch it was running is rejected with this error. Resolves when it has ended. */
  readonly kill: (reason: Error) => Promise<void>
}

/** The module a worker thread runs: beside this one, built or as a source. */
export const workerModule = new URL(
  import.meta.url.endsWith('.ts') ? './source-worker.mjs' : './worker.js',
  import.meta.url,
)

const errorOf = ({ name, message, stack }: Report & { readonly kind: 'error' }): Error =>
  Object.assign(new Error(message), { name, ...(stack === undefined ? {} : { stack }) })

/** @param onDeath called when the thread ends without having been asked to, before its batch is rejected */
export const startThread = (module: URL, setup: Setup, onDeath: (error: Error) => void): Thread => {
  // Without the process's own options: --input-type or a loader would change what the worker is.
  // A small young generation: a worker's objects are few and short-lived, and V8 would let it grow to 48 MB by and by.
  const resourceLimits = { maxYoungGenerationSizeMb: 4 }
  const worker = new Worker(module, { workerData: setup, execArgv: [], name: 'ohmflow', resourceLimits })
  worker.unref()
  let running: {
    readonly resolve: (report: Done) => void
    readonly reject: (error: Error) => void
  } | null = null
  let cause: Error | null = null
  let asked = false

  const settle = (how: (batch: NonNullable<typeof running>) => void): void => {
    const batch = running
    running = null
    if (!asked) worker.unref()
    if (batch !== null) how(batch)
  }
  worker.on('message', (report: Report) =>
    settle(({ resolve, reject }) => {
      if (report.kind === 'error') reject(errorOf(report))
      else resolve(report)
    }),
  )
  worker.on('error', (error: unknown) => {
    cause = error instanceof Error ? error : new Error(String(error))
  })
  const ended = new Promise<void>(resolve => {
    worker.on('exit', code => {
      const why = cause === null ? `exit code ${code}` : cause.message
      const error = new Error(`a worker thread died: ${why}`, cause === null ? undefined : { cause })
      if (!asked) onDeath(error)
      settle(({ reject }) => reject(error))
      resolve()
    })
  })
  const end = (): void => {
    asked = true
    worker.ref()
  }
  return {
    run: order =>
      new Promise((resolve, reject) => {
        running = { resolve, reject }
        worker.ref()
        worker.postMessage(order)
      }),
    close: () => {
      end()
      worker.postMessage({ kind: 'close' } satisfies Order)
      return ended
    },
    kill: async reason => {
      end()
      settle(({ reject }) => reject(reason))
      await worker.terminate()
    },
  }
}
