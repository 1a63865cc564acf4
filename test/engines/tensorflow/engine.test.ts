/** The engine on TensorFlow.js against the digital one: same logits, however batched, and nothing left behind. */
import { describe, expect, test } from 'vitest'
import type { Batch } from '../../../src/domain/encoder/algebra.js'
import { tasks } from '../../../src/domain/tasks/task.js'
import type { Engine, Outputs } from '../../../src/engines/engine.js'
import { loadTensorFlow } from '../../../src/engines/tensorflow/load.js'
import type { Checkpoint } from '../../../src/io/checkpoint/checkpoint.js'
import { orThrow } from '../../../src/io/fault.js'
import { openDataset } from '../../../src/io/glue/dataset.js'
import { openDigital } from '../../../src/pipelines/digital.js'
import { openModel } from '../../../src/pipelines/openTask.js'
import { openTensorFlow } from '../../../src/pipelines/tensorflow.js'
import { shared } from '../../shared.js'
import { batchFrom, checkpointOf, referenceRows } from '../model.js'

const { tf } = await orThrow(loadTensorFlow('', ''))

/** Of numbers about 1 in size. */
const largestDifference = (found: Float32Array, expected: Float32Array): number => {
  expect(found).toHaveLength(expected.length)
  return found.reduce((most, x, i) => Math.max(most, Math.abs(x - (expected[i] ?? NaN))), 0)
}

const withEngines = async (
  checkpoint: Checkpoint,
  work: (ours: Engine, theirs: Engine) => Promise<void>,
): Promise<void> => {
  const ours = await openDigital(checkpoint, { workers: 0 })
  const theirs = await openTensorFlow(checkpoint)
  try {
    await work(ours, theirs)
  } finally {
    await ours.close()
    await theirs.close()
  }
}

const inBatches = async (
  engine: Engine,
  rows: readonly { readonly ids: readonly number[] }[],
  size: number,
): Promise<Float32Array> => {
  const logits: number[] = []
  for (let at = 0; at < rows.length; at += size)
    logits.push(...(await engine.run(batchFrom(rows.slice(at, at + size)))).logits)
  return Float32Array.from(logits)
}

describe('the engine on TensorFlow.js', () => {
  test.each([
    ['tiny-roberta', 2],
    ['tiny-roberta-3-labels-f16', 3],
    ['tiny-roberta-regression-bf16-sharded', 1],
  ])('gives the digital logits and hidden states of %s within 1e-5, however batched', async (name, labels) => {
    const rows = referenceRows(name)
    await withEngines(await checkpointOf('reference', name), async (ours, theirs) => {
      expect(theirs.labels).toBe(labels)
      const whole: Batch = batchFrom(rows)
      const expected: Outputs = await ours.run(whole, { firstTokens: true })
      const found = await theirs.run(whole, { firstTokens: true })
      expect(expected.logits).toHaveLength(rows.length * labels)
      expect(largestDifference(found.logits, expected.logits)).toBeLessThan(1e-5)
      expect(found.firstTokens).toHaveLength(expected.firstTokens.length)
      found.firstTokens.forEach((states, depth) =>
        expect(largestDifference(states, expected.firstTokens[depth] ?? new Float32Array(0))).toBeLessThan(1e-5),
      )
      const short = rows.filter(({ ids }) => ids.length < 40).slice(0, 15)
      expect(short).toHaveLength(15)
      const { logits } = await ours.run(batchFrom(short))
      for (const size of [1, 7])
        expect(largestDifference(await inBatches(theirs, short, size), logits)).toBeLessThan(1e-5)
    })
  })

  test('gives the digital logits of a fine-tuned checkpoint, from text, within 1e-4', async () => {
    const folder = shared('data', 'models', 'sst2')
    const { tokenizer, checkpoint, maxTokens } = await orThrow(openModel(folder, null))
    const dataset = await orThrow(openDataset(tasks.sst2, shared('data', 'glue-hf', 'sst2'), 'dev'))
    const rows: { readonly ids: readonly number[] }[] = []
    for await (const { text, pair } of dataset.examples()) {
      if (rows.length === 5) break
      rows.push({ ids: Array.from(tokenizer.encode(text, pair, maxTokens)) })
    }
    await withEngines(checkpoint, async (ours, theirs) => {
      const expected = await ours.run(batchFrom(rows))
      const found = await theirs.run(batchFrom(rows))
      expect(largestDifference(found.logits, expected.logits)).toBeLessThan(1e-4)
    })
  })

  test('takes a padding token in a text as the digital engine does, and refuses what does not fit the model', async () => {
    await withEngines(await checkpointOf('reference', 'tiny-roberta'), async (ours, theirs) => {
      const batch = batchFrom([{ ids: [0, 5, 1, 1, 77, 2] }, { ids: [2] }])
      const expected = await ours.run(batch)
      expect(largestDifference((await theirs.run(batch)).logits, expected.logits)).toBeLessThan(1e-5)
      await expect(theirs.run(batchFrom([{ ids: [0, 60000, 2] }]))).rejects.toThrow('sequence 0, token 1')
    })
  })

  test('leaves no tensor behind: not after a batch, not after one that failed, not after it is closed', async () => {
    const before = tf.memory().numTensors
    const checkpoint = await checkpointOf('reference', 'tiny-roberta')
    const engine = await openTensorFlow(checkpoint)
    const loaded = tf.memory().numTensors
    expect(loaded - before).toBe(checkpoint.tensors.size)
    for (const [i, row] of referenceRows('tiny-roberta').slice(0, 6).entries()) {
      await engine.run(batchFrom([row, row]), { firstTokens: i % 2 === 0 })
      expect(tf.memory().numTensors).toBe(loaded)
    }
    await expect(engine.run(batchFrom([{ ids: [-1] }]))).rejects.toThrow(RangeError)
    expect(tf.memory().numTensors).toBe(loaded)
    await engine.close()
    expect(tf.memory().numTensors).toBe(before)
  })
})
