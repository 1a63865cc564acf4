/** A training whose numbers stop being numbers says in which step and where, also where only the chip's noise makes them so. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openCheckpoint } from '../../../src/io/checkpoint/checkpoint.js'
import { writeSafetensors } from '../../../src/io/checkpoint/safetensorsWriter.js'
import { orThrow } from '../../../src/io/fault.js'
import { badTensor } from '../../../src/pipelines/training/divergence.js'
import { temporaryFolder } from '../../cli/ohmflow.js'
import { decoded, miniature, training, written } from './subject.js'

const folder = temporaryFolder()

/** The miniature model with one tensor changed. */
const changed = async (name: string, change: (numbers: Float32Array) => void): Promise<string> => {
  const out = join(folder, `changed-${name}`)
  cpSync(miniature('mrpc'), out, { recursive: true })
  const checkpoint = await orThrow(openCheckpoint(miniature('mrpc')))
  const tensors = []
  for (const [tensor, { shape }] of checkpoint.tensors) {
    const numbers = new Float32Array(shape.reduce((a, b) => a * b, 1))
    await orThrow(checkpoint.readInto(tensor, numbers))
    if (tensor === name) change(numbers)
    tensors.push({ name: tensor.startsWith('classifier.') ? tensor : `roberta.${tensor}`, shape, data: numbers })
  }
  await orThrow(writeSafetensors(join(out, 'model.safetensors'), tensors))
  return out
}

const query = 'encoder.layer.1.attention.self.query'
const inner = 'encoder.layer.0.intermediate.dense'

test.each<[string, string, (numbers: Float32Array) => void, object, RegExp]>([
  [
    'noise that overflows the weights of a layer',
    `${query}.weight`,
    // Queries of some 1e37 are still numbers; with noise of ten times the weights they are not.
    numbers => numbers.forEach((w, i) => (numbers[i] = 3e36 * Math.sign(w))),
    { weightNoise: { rule: 'constant', deviation: 10, relativeTo: 'column' } },
    new RegExp(`found (NaN|infinity) after ${query}$`),
  ],
  [
    'the gradient of a range, while loss and weights are finite',
    `${inner}.weight`,
    // A column so small that one over its range is infinite.
    numbers => numbers.fill(1e-40, 0, 64),
    { weightNoise: { rule: 'constant', deviation: 0.06, relativeTo: 'column' }, learn: ['column ranges'] },
    new RegExp(`found (NaN|infinity) in the gradient of ${inner}.column_ranges$`),
  ],
  [
    'what ranges start from',
    'encoder.layer.0.output.dense.weight',
    numbers => numbers.fill(3e38),
    { quantise: true, learn: ['input ranges'] },
    /found (NaN|infinity) among the inputs of encoder\.layer\.1\.attention\.self\.query$/,
  ],
])('%s', async (_, tensor, change, train, message) => {
  const config = decoded(written({ folder, checkpoint: await changed(tensor, change), train }))
  const failed = training(config, join(folder, tensor), { saveEverySteps: 1 })
  await expect(failed).rejects.toThrow(/^training of mrpc: step 1: expected a finite loss and gradient \(/)
  await expect(failed).rejects.toThrow(message)
})

test('a range that is no number is named as a tensor is', () => {
  const of = (name: string, number: number) => {
    const numbers = (): Float32Array => Float32Array.of(1, number)
    return { name, shape: [2], weights: numbers, first: numbers, second: numbers }
  }
  expect(badTensor({ tensors: [of('a.weight', 1)], ranges: [of('a.column_ranges', NaN)] })).toBe(
    'NaN in a.column_ranges',
  )
  expect(badTensor({ tensors: [of('a.weight', Infinity)], ranges: [of('a.column_ranges', NaN)] })).toBe(
    'infinity in a.weight',
  )
  expect(badTensor({ tensors: [of('a.weight', 1)], ranges: [of('a.column_ranges', 1)] })).toBeNull()
})
