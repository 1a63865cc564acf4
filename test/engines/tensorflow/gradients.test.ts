/**
 * The tape's gradients against those of TensorFlow.js, which differentiates the same graph by itself: whole models, every
 * tensor, both losses. The embeddings' gradient is a scatter of our own there (algebra.ts), so that one rests on PyTorch's.
 */
import { fc, test as property } from '@fast-check/vitest'
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs'
import { describe, expect, test } from 'vitest'
import type { Batch } from '../../../src/domain/encoder/algebra.js'
import { tensorShapes, type Architecture } from '../../../src/domain/encoder/architecture.js'
import { logits } from '../../../src/domain/encoder/roberta.js'
import { stream } from '../../../src/domain/random/stream.js'
import type { ReadTensor } from '../../../src/engines/digital/parameters.js'
import { inProcess } from '../../../src/engines/inProcess.js'
import { tensorFlowAlgebra } from '../../../src/engines/tensorflow/algebra.js'
import { loadTensorFlow } from '../../../src/engines/tensorflow/load.js'
import { disposeParameters, loadTensors } from '../../../src/engines/tensorflow/parameters.js'
import type { Loss } from '../../../src/engines/training/loss.js'
import { loadTrainingParameters } from '../../../src/engines/training/parameters.js'
import { trainer } from '../../../src/engines/training/trainer.js'
import { openWorkbench } from '../../../src/engines/workbench.js'
import { orThrow } from '../../../src/io/fault.js'
import { createHeap } from '../../../src/kernels/heap.js'
import { lease } from '../../../src/kernels/lease.js'
import { batchFrom, checkpointOf } from '../model.js'
import { reference, referenceBatch, referenceGradients } from '../training/model.js'

const { tf } = await orThrow(loadTensorFlow('', ''))
const whole = createHeap()

type Gradients = ReadonlyMap<string, Float32Array>

const ours = async (architecture: Architecture, read: ReadTensor, batch: Batch, loss: Loss): Promise<Gradients> => {
  const heap = lease(whole)
  const bench = await orThrow(openWorkbench(heap, {}))
  const parameters = await loadTrainingParameters(architecture, read, heap, true)
  const engine = inProcess(bench, { kind: 'training', parameters }, heap.end)
  const { gradient } = trainer(engine, heap, parameters, { groups: 2, groupTokens: 512, keeping: 'kept' })
  await gradient(batch, loss, null)
  const found = [...parameters.tensors].map(([name, t]) => [name, heap.f32(t.gradient, t.length).slice()] as const)
  await engine.close()
  return new Map(found)
}

/** Means over sequences, by the operations of TensorFlow.js. */
const lossOf = (z: Tensor2D, loss: Loss): Scalar => {
  switch (loss.kind) {
    case 'cross entropy':
      return tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d(loss.labels, 'int32'), z.shape[1]), z)
    case 'mean square error':
      return tf.losses.meanSquaredError(tf.tensor2d(loss.targets, z.shape), z)
    case 'linear':
      throw new RangeError('not a loss of training')
  }
}

const theirs = async (architecture: Architecture, read: ReadTensor, batch: Batch, loss: Loss): Promise<Gradients> => {
  const parameters = await loadTensors(tf, architecture, read)
  const names = [...parameters.tensors.keys()]
  const before = tf.memory().numTensors
  const gradients = tf.grads((...tensors: Tensor[]) => {
    const given = { architecture, tensors: new Map(names.map((name, i) => [name, tensors[i] ?? tf.scalar(NaN)])) }
    return lossOf(logits(tensorFlowAlgebra(tf, given, batch), architecture, batch), loss)
  })([...parameters.tensors.values()])
  const found = gradients.map((g, i) => [names[i] ?? '', Float32Array.from(g.dataSync())] as const)
  tf.dispose(gradients)
  expect(tf.memory().numTensors).toBe(before)
  disposeParameters(parameters)
  return new Map(found)
}

const largest = (numbers: Float32Array): number => numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0)

/** A key's bias has no gradient in exact arithmetic (training/reference.test.ts): it is held against the key's weight. */
const yardstick = (name: string): string => name.replace(/\.key\.bias$/, '.key.weight')

/** Largest difference of each tensor, relative to its largest expected entry. */
const differences = (found: Gradients, expected: Gradients): readonly (readonly [string, number])[] =>
  [...expected].map(([name, numbers]) => {
    const own = found.get(name) ?? new Float32Array(0)
    expect(own).toHaveLength(numbers.length)
    const difference = largest(own.map((x, i) => x - (numbers[i] ?? NaN)))
    return [name, difference / largest(expected.get(yardstick(name)) ?? numbers)]
  })

const agree = (found: Gradients, expected: Gradients, tolerance: number): void => {
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort())
  const worst = differences(found, expected).filter(([, d]) => !(d < tolerance))
  expect(worst).toEqual([])
}

/** A new model, as PyTorch would not initialise it: every tensor, biases too, of a size that matters. */
const invented = (architecture: Architecture, seed: number): ReadTensor => {
  const shapes = tensorShapes(architecture)
  return (name, out) => {
    const random = stream(seed, name)
    const [, inputs = 1] = shapes.get(name) ?? []
    const scale = inputs === 1 ? 0.3 : 1.5 / Math.sqrt(inputs)
    const middle = name.endsWith('LayerNorm.weight') ? 1 : 0
    out.forEach((_, i) => (out[i] = middle + scale * (2 * random.uniform() - 1)))
    return Promise.resolve()
  }
}

const situation = fc.record({
  lengths: fc.array(fc.integer({ min: 2, max: 12 }), { minLength: 2, maxLength: 4 }),
  layers: fc.integer({ min: 1, max: 2 }),
  heads: fc.integer({ min: 1, max: 3 }),
  headSize: fc.integer({ min: 4, max: 9 }),
  intermediate: fc.integer({ min: 2, max: 19 }),
  labels: fc.integer({ min: 1, max: 4 }),
  seed: fc.nat(),
})

describe('gradients of every tensor, against TensorFlow.js', () => {
  const labels = Int32Array.from(reference.labels)
  const entropy: Loss = { kind: 'cross entropy', labels, count: labels.length }

  test('tiny-roberta, cross entropy: within 1e-5 of the largest entry, and so is PyTorch', async () => {
    const { architecture, readInto } = await checkpointOf('reference', 'tiny-roberta')
    const read: ReadTensor = (name, out) => orThrow(readInto(name, out))
    const expected = await theirs(architecture, read, referenceBatch, entropy)
    agree(await ours(architecture, read, referenceBatch, entropy), expected, 1e-5)
    agree(await referenceGradients(), expected, 1e-5)
  })

  test('tiny-roberta of one output, mean square error: within 1e-5 of the largest entry', async () => {
    const { architecture, readInto } = await checkpointOf('reference', 'tiny-roberta-regression-bf16-sharded')
    const read: ReadTensor = (name, out) => orThrow(readInto(name, out))
    const targets = Float32Array.from(labels, (label, i) => label + i / 4)
    const loss: Loss = { kind: 'mean square error', targets, count: targets.length }
    const expected = await theirs(architecture, read, referenceBatch, loss)
    agree(await ours(architecture, read, referenceBatch, loss), expected, 1e-5)
  })

  property.prop([situation], { numRuns: 20 })('models of any shape: within 1e-4 of the largest entry', async s => {
    const architecture: Architecture = {
      ...{ vocabulary: 12, positions: 16, tokenTypes: 2, hidden: s.heads * s.headSize, heads: s.heads },
      ...{ layers: s.layers, intermediate: s.intermediate, layerNormEpsilon: 1e-5, paddingId: 1, labels: s.labels },
    }
    const random = stream(s.seed, 'batch')
    const ids = (length: number): number[] =>
      Array.from({ length }, () => random.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]))
    const batch = batchFrom(s.lengths.map(length => ({ ids: ids(length) })))
    const count = s.lengths.length
    const loss: Loss =
      s.labels === 1
        ? { kind: 'mean square error', targets: Float32Array.from(s.lengths, n => n / 6 - 1), count }
        : { kind: 'cross entropy', labels: Int32Array.from(s.lengths, n => n % s.labels), count }
    const read = invented(architecture, s.seed)
    const expected = await theirs(architecture, read, batch, loss)
    agree(await ours(architecture, read, batch, loss), expected, 1e-4)
  })
})
