/**
 * A training set as the model's ids, in memory, because an epoch sees it in random order: 4 bytes a token.
 * Not modelled: sets that do not fit; the largest of GLUE (MNLI) takes 60 MB.
 */
import { fail } from '../../domain/problem.js'
import type { Sequence } from '../batches.js'
import type { ExampleData, Model } from '../openTask.js'
import { tokenised } from '../tokenised.js'

export interface TrainingSet {
  /** Of each sequence, in tokens. */
  readonly lengths: Int32Array
  /** Class of the task, or score. */
  readonly labels: Float64Array
  readonly sequence: (index: number) => Sequence
}

/** A growing array; no more than twice as large as needed. */
const growing = <A extends Int32Array | Float64Array>(make: (length: number) => A) => {
  let room = make(1024)
  let used = 0
  const add = (values: ArrayLike<number>): void => {
    if (used + values.length > room.length) {
      const larger = make(2 * (used + values.length))
      larger.set(room.subarray(0, used))
      room = larger
    }
    room.set(values, used)
    used += values.length
  }
  return { add, all: () => room.subarray(0, used) as A } // as: a part of an A is one
}

/** @throws Failure (in the promise) if an example has no label */
export const readTrainingSet = async (model: Model, data: ExampleData): Promise<TrainingSet> => {
  const ids = growing(n => new Int32Array(n))
  const ends = growing(n => new Int32Array(n))
  const labels = growing(n => new Float64Array(n))
  let end = 0
  for await (const { example, ids: own } of tokenised(model, data)) {
    if (example.label === null)
      fail(data.dataset.files[0] ?? '', `example ${example.index}`, 'a label to learn from', 'none')
    ids.add(own)
    end += own.length
    ends.add([end])
    labels.add([example.label ?? NaN])
  }
  const [all, last] = [ids.all(), ends.all()]
  const start = (i: number): number => (i === 0 ? 0 : (last[i - 1] ?? 0))
  return {
    lengths: last.map((e, i) => e - start(i)),
    labels: labels.all(),
    sequence: i => ({ ids: all.subarray(start(i), last[i]), example: i }),
  }
}
