/** Ctrl-C on its way through a pipeline: what is finished is kept, the rest is let go. */
import type { Observable } from 'rxjs'

export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  /** @param kept what a person should know of what was done so far */
  constructor(kept = '') {
    super(kept === '' ? 'interrupted' : `interrupted: ${kept}`)
  }
}

/** The signal of whoever never asks to stop. */
export const uninterrupted: AbortSignal = new AbortController().signal

/** @throws Interrupted after an abort; for work that is not an Observable. */
export const checkpointed = (signal: AbortSignal): void => {
  if (signal.aborted) throw new Interrupted()
}

/**
 * What a promise gives. What is awaited goes on by itself after an abort, and nobody hears of it.
 * @throws Interrupted (in the promise) as soon as there is an abort
 */
export const unlessInterrupted = async <A>(awaited: Promise<A>, signal: AbortSignal): Promise<A> => {
  let stop = (): void => undefined
  const abort = new Promise<never>((_, reject) => {
    stop = () => {
      reject(new Interrupted())
    }
  })
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([abort, awaited])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Closes an engine; after an abort nobody waits for what its threads are still at. */
export const closed = async (
  engine: { readonly close: () => Promise<unknown> },
  signal: AbortSignal,
): Promise<void> => {
  const ended = engine.close()
  if (signal.aborted) ended.catch(() => undefined)
  else await ended
}

/** Runs an Observable to its end; an abort unsubscribes it. @throws Interrupted (in the promise) after an abort. */
export const toEnd = <A>(observable: Observable<A>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new Interrupted())
      return
    }
    const onAbort = (): void => {
      subscription.unsubscribe()
      reject(new Interrupted())
    }
    const settle = (then: () => void) => () => {
      signal.removeEventListener('abort', onAbort)
      then()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const subscription = observable.subscribe({
      complete: settle(resolve),
      error: (error: unknown) =>
        settle(() => {
          reject(error instanceof Error ? error : new Error(String(error)))
        })(),
    })
  })
