/**
 * What a model's linear layers see on its calibration examples: the largest magnitude of every input, digitally. Any
 * order, batching and number of threads gives the same. Not yet here: percentiles, gradients.
 */
import { reduce, lastValueFrom } from 'rxjs'
import { linearLayers } from '../domain/encoder/architecture.js'
import { fail } from '../domain/problem.js'
import type { TaskEngine } from '../engines/interpreter.js'
import { batchOf, groups } from './batches.js'
import type { CalibrationData, OpenTask } from './openTask.js'
import type { Progress } from './progress.js'
import { pull } from './pull.js'
import { tokenised } from './tokenised.js'

/** By layer: the largest magnitude of each of its inputs. */
export type InputMaxima = ReadonlyMap<string, Float64Array>

/** @throws Failure (in the promise) if a layer's input is not a number. */
export const inputMaxima = async (
  open: OpenTask,
  data: CalibrationData,
  engine: TaskEngine,
  progress: Progress,
): Promise<InputMaxima> => {
  const layers = linearLayers(open.checkpoint.architecture)
  const width = layers.reduce((sum, l) => sum + l.inputs, 0)
  progress.begin(`${open.source.task}: calibration`, data.examples)
  const found = await lastValueFrom(
    pull(
      groups(tokenised(open, data), item => item.ids.length),
      {
        inFlight: engine.inFlight,
        work: async items => {
          const batch = batchOf(items.map(({ example, ids }) => ({ ids, example: example.index })))
          const maxima = await engine.perform({ kind: 'input maxima', batch })
          progress.advance(items.length, batch.ids.length)
          return maxima
        },
      },
    ).pipe(
      reduce(
        // An array of our own, so that the fold's changes are nobody's.
        (largest, maxima) => largest.map((m, i) => Math.max(m, maxima[i] ?? NaN)),
        new Float64Array(width),
      ),
    ),
  )
  progress.end()
  const byLayer = new Map<string, Float64Array>()
  let at = 0
  for (const { name, inputs } of layers) {
    const own = found.subarray(at, at + inputs)
    const bad = own.findIndex(v => !Number.isFinite(v))
    if (bad >= 0)
      fail(open.checkpoint.folder, name, 'finite inputs on the calibration examples', `${own[bad]} at input ${bad}`)
    byLayer.set(name, own)
    at += inputs
  }
  return byLayer
}
