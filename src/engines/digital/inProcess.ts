/**
 * The digital engine in the calling thread: for tests, for finding faults, for one small batch.
 * Not modelled: doing anything else meanwhile; while a batch runs, the thread is busy with it.
 */
import type { Engine } from '../engine.js'
import type { Workbench } from '../workbench.js'
import { forward } from './forward.js'
import type { Parameters } from './parameters.js'

export const inProcess = (bench: Workbench, parameters: Parameters): Engine => ({
  labels: parameters.architecture.labels,
  inFlight: 2,
  run: (batch, options) =>
    new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          resolve(forward(bench, parameters, batch, options?.firstTokens ?? false))
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
    }),
  close: () => Promise.resolve(),
})
