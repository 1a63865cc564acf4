/** Gradients of tiny-roberta against PyTorch's. */
import { describe, expect, test } from 'vitest'
import { tensorShapes } from '../../../src/domain/encoder/architecture.js'
import { checkpoint, inTraining, reference, referenceBatch, referenceGradients } from './model.js'

const labels = Int32Array.from(reference.labels)
const loss = { kind: 'cross entropy', labels, count: labels.length } as const

const largest = (numbers: Float32Array): number => numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0)

/**
 * In exact arithmetic a key's bias has no gradient: it adds the same to all scores of a query, which softmax does not see.
 * What PyTorch gives there is rounding, and so is what we give; both are held against the key's weight.
 */
const yardstick = (name: string): string => name.replace(/\.key\.bias$/, '.key.weight')

describe('gradients of tiny-roberta', () => {
  test('every tensor is within 1e-5 of its largest entry from PyTorch’s, the loss within 1e-6', async () => {
    const { trainer, gradient, engine } = await inTraining(0)
    const { losses, logits } = await trainer.gradient(referenceBatch, loss, null)
    expect(logits).toHaveLength(2 * labels.length)
    expect(Math.abs(losses.reduce((a, b) => a + b, 0) / labels.length - reference.loss)).toBeLessThan(1e-6)
    const expected = await referenceGradients()
    expect([...expected.keys()].sort()).toEqual([...tensorShapes(checkpoint.architecture).keys()].sort())
    for (const [name, numbers] of expected) {
      const found = gradient(name)
      expect(found).toHaveLength(numbers.length)
      const scale = largest(expected.get(yardstick(name)) ?? numbers)
      expect(scale).toBeGreaterThan(0)
      expect(largest(found.map((x, i) => x - (numbers[i] ?? NaN))) / scale, name).toBeLessThan(1e-5)
    }
    await engine.close()
  })
})
