/** The outcomes of one unit of work: examples -> sequences -> batches -> engine -> logits in the order of the task's labels. */
import { concatMap, from, type Observable } from 'rxjs'
import type { Outcome } from '../domain/tables/predictions.js'
import type { Engine } from '../engines/engine.js'
import { batchOf, groups } from './batches.js'
import type { OpenTask } from './openTask.js'
import { pull } from './pull.js'
import { tokenised } from './tokenised.js'

/** Index of the largest value, the first of equals; NaN if any value is, for a broken run must not look like a class. */
const argMax = (values: Float32Array): number => {
  let best = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN
    if (Number.isNaN(value)) return NaN
    if (value > (values[best] ?? NaN)) best = i
  }
  return best
}

const inTaskOrder = (logits: Float32Array, classOrder: readonly number[]): Float32Array => {
  const out = new Float32Array(logits.length)
  classOrder.forEach((place, output) => (out[place] = logits[output] ?? NaN))
  return out
}

/**
 * Outcomes in the order of the examples.
 * @param commit takes each batch's outcomes before the next is let in, so that a slow disk slows the reader
 */
export const outcomes = (
  open: OpenTask,
  engine: Engine,
  commit: (outcomes: readonly Outcome[], tokens: number) => Promise<void>,
): Observable<Outcome> =>
  pull(
    groups(tokenised(open, open), item => item.ids.length),
    {
      inFlight: engine.inFlight,
      work: async items => {
        const batch = batchOf(items.map(({ example, ids }) => ({ ids, example: example.index })))
        const { logits } = await engine.run(batch)
        const { labels } = engine
        const rows = items.map(({ example }, i): Outcome => {
          const own = inTaskOrder(logits.subarray(i * labels, (i + 1) * labels), open.classOrder)
          return {
            example: example.index,
            label: example.label,
            prediction: open.task.target.kind === 'regression' ? (own[0] ?? NaN) : argMax(own),
            logits: own,
          }
        })
        return { rows, tokens: batch.ids.length }
      },
      commit: ({ rows, tokens }) => commit(rows, tokens),
    },
  ).pipe(concatMap(({ rows }) => from(rows)))
