/** Ctrl-C on its way through a pipeline: what is finished is kept, the rest is let go. */
import type { Observable } from 'rxjs'

export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  /** @param kept what a person should know of what was done so far */
  constructor(kept = '') {
    super(kept === '' ? 'interrupted' : `interrupted: ${kept}`)
  }
}

/** @throws Interrupted after an abort; for work that is not an Observable. */
export const checkpointed = (signal: AbortSignal): void => {
  if (signal.aborted) throw new Interrupted()
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
