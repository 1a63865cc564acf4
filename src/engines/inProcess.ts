/**
 * An engine in the calling thread: for tests, for finding faults, for one small batch.
 * Not modelled: doing anything else meanwhile; while a batch runs, the thread is busy with it.
 */
import { interpreter, type Model, type TaskEngine } from './interpreter.js'
import { soon } from './soon.js'
import type { Workbench } from './workbench.js'

/** Work that has not begun when it is closed is refused, as by a pool. @param ended called by `close` */
export const inProcess = (bench: Workbench, model: Model, ended = (): void => undefined): TaskEngine => {
  const { run, perform } = interpreter(bench, model)
  let over = false
  const unlessClosed = <T>(work: () => T): Promise<T> =>
    soon(() => {
      if (over) throw new Error('the engine was closed')
      return work()
    })
  return {
    labels: model.parameters.architecture.labels,
    inFlight: 2,
    run: (batch, options) => unlessClosed(() => run(batch, options ?? {})),
    perform: task => unlessClosed(() => perform(task)),
    close: () => {
      over = true
      return soon(ended)
    },
  }
}
