/**
 * One worker thread as the main thread sees it: it runs one batch at a time, and it may die.
 * It keeps the process alive while it works, not while it waits. A thread that was closed is spare: the next engine takes
 * it over, with all that it has loaded and compiled. Not modelled: restarting one that died.
 */
import { Worker } from 'node:worker_threads'
import type { Done, Order, Report, Setup, Work } from './message.js'

export interface Thread {
  /** The next order only after this promise has settled. */
  readonly run: (order: Work) => Promise<Done>
  /** The thread lets go of the heap after the batch it is running; resolves when it has, or has ended. */
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

/** Who hears of a worker. */
interface Listener {
  readonly report: (report: Report) => void
  readonly exit: (why: string, cause: Error | null) => void
}

/** A worker for one engine after the other. */
interface Hand {
  readonly worker: Worker
  /** null: it is spare, or was when it ended. */
  listener: Listener | null
}

/** By module. They keep no process alive. */
const spares = new Map<string, Hand[]>()

const sparesOf = (module: URL): Hand[] => {
  const found = spares.get(module.href) ?? []
  spares.set(module.href, found)
  return found
}

const newHand = (module: URL): Hand => {
  // Without the process's own options: --input-type or a loader would change what the worker is.
  // A small young generation: a worker's objects are few and short-lived, and V8 would let it grow to 48 MB by and by.
  const resourceLimits = { maxYoungGenerationSizeMb: 4 }
  const worker = new Worker(module, { execArgv: [], name: 'ohmflow', resourceLimits })
  const hand: Hand = { worker, listener: null }
  let cause: Error | null = null
  worker.on('message', (report: Report) => hand.listener?.report(report))
  worker.on('error', (error: unknown) => {
    cause = error instanceof Error ? error : new Error(String(error))
  })
  worker.on('exit', code => {
    const own = sparesOf(module)
    if (own.includes(hand)) own.splice(own.indexOf(hand), 1)
    hand.listener?.exit(cause === null ? `exit code ${code}` : cause.message, cause)
  })
  return hand
}

const handFor = (module: URL, setup: Setup, listener: Listener): Hand => {
  const spare = sparesOf(module).pop()
  const hand = spare ?? newHand(module)
  hand.listener = listener
  hand.worker.postMessage({ kind: 'begin', setup } satisfies Order)
  return hand
}

/** @param onDeath called when the thread ends without having been asked to, before its batch is rejected */
export const startThread = (module: URL, setup: Setup, onDeath: (error: Error) => void): Thread => {
  let running: {
    readonly resolve: (report: Done) => void
    readonly reject: (error: Error) => void
  } | null = null
  let asked = false
  let over: () => void = () => undefined
  const ended = new Promise<void>(resolve => (over = resolve))

  const settle = (how: (batch: NonNullable<typeof running>) => void): void => {
    const batch = running
    running = null
    if (!asked) hand.worker.unref()
    if (batch !== null) how(batch)
  }
  const hand = handFor(module, setup, {
    report: report => {
      if (report.kind === 'closed') {
        hand.listener = null
        hand.worker.unref()
        sparesOf(module).push(hand)
        over()
        return
      }
      settle(({ resolve, reject }) => {
        if (report.kind === 'error') reject(errorOf(report))
        else resolve(report)
      })
    },
    exit: (why, cause) => {
      const error = new Error(`a worker thread died: ${why}`, cause === null ? undefined : { cause })
      if (!asked) onDeath(error)
      settle(({ reject }) => reject(error))
      over()
    },
  })
  const { worker } = hand
  worker.unref()
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
