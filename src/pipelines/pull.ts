/**
 * The one bridge from a pulled source to an Observable. RxJS has no back-pressure: `from(asyncIterable)` reads
 * everything ahead. Here at most `inFlight` items are between "pulled" and "committed", results keep the source's
 * order, and an unsubscribe or an error closes the source.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Observable } from 'rxjs'

export interface Stage<A, B> {
  /** Most items pulled from the source and not yet committed; at least 1. */
  readonly inFlight: number
  /** The work on one item; up to `inFlight` run at once. */
  readonly work: (item: A) => Promise<B>
  /** Takes results one at a time, in the source's order; the next waits until it resolves. A sink's place. */
  readonly commit?: (result: B) => Promise<void>
}

/** A value that one side waits for and the other gives. */
const gate = (): { readonly wait: () => Promise<void>; readonly open: () => void } => {
  let open: () => void = () => undefined
  let next = new Promise<void>(resolve => (open = resolve))
  return {
    wait: async () => {
      await next
      next = new Promise<void>(resolve => (open = resolve))
    },
    open: () => {
      open()
    },
  }
}

/**
 * Results of `stage.work` over `source`, in order.
 * The Observable is cold: each subscription iterates the source anew. When it errors or is unsubscribed, the source's
 * iterator is returned and work already begun is awaited before the error is passed on.
 */
export const pull = <A, B>(source: AsyncIterable<A>, stage: Stage<A, B>): Observable<B> =>
  new Observable<B>(subscriber => {
    const iterator = source[Symbol.asyncIterator]()
    const queue: Promise<B>[] = []
    const changed = gate()
    const room = gate()
    let inFlight = 0
    let exhausted = false
    const stopping = new AbortController()
    const { signal } = stopping

    const reader = async (): Promise<void> => {
      try {
        while (!signal.aborted) {
          if (inFlight >= stage.inFlight) {
            await room.wait()
            continue
          }
          const next = await iterator.next()
          if (next.done === true) break
          inFlight += 1
          const result = stage.work(next.value)
          result.catch(() => undefined) // the writer reports it, in its turn
          queue.push(result)
          changed.open()
        }
      } finally {
        exhausted = true
        changed.open()
      }
    }

    const writer = async (): Promise<void> => {
      for (;;) {
        const head = queue[0]
        if (signal.aborted) return
        if (head === undefined) {
          if (exhausted) return
          await changed.wait()
          continue
        }
        const result = await head
        if (stage.commit !== undefined) await stage.commit(result)
        void queue.shift() // the promise just awaited
        inFlight -= 1
        subscriber.next(result)
        room.open()
      }
    }

    /** Lets go of the source. One that is silent (a terminal nobody types at) cannot answer: it gets a second. */
    const stop = async (): Promise<void> => {
      stopping.abort()
      room.open()
      changed.open()
      await Promise.allSettled(queue)
      await Promise.race([iterator.return?.(), delay(1000, undefined, { ref: false })])
    }

    const drive = async (): Promise<void> => {
      const reading = reader()
      reading.catch(() => undefined) // reported below, after everything before it
      try {
        await writer()
        await reading
        subscriber.complete()
      } catch (error) {
        await stop().catch(() => undefined)
        subscriber.error(error)
      }
    }

    drive().catch(() => undefined) // it reports its errors itself
    return () => {
      stop().catch(() => undefined)
    }
  })
