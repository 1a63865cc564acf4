/**
 * An engine in the calling thread: for tests, for finding faults, for one small batch.
 * Not modelled: doing anything else meanwhile; while a batch runs, the thread is busy with it.
 */
import { interpreter, type Model, type TaskEngine } from './interpreter.js'
import { soon } from './soon.js'
import type { Workbench } from './workbench.js'

/** @param ended called by `close` */
export const inProcess = (bench: Workbench, model: Model, ended = (): void => undefined): TaskEngine => {
  const { run, perform } = interpreter(bench, model)
  return {
    labels: model.parameters.architecture.labels,
    inFlight: 2,
    run: (batch, options) => soon(() => run(batch, options ?? {})),
    perform: task => soon(() => perform(task)),
    close: () => soon(ended),
  }
}
