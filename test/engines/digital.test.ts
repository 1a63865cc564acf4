/** The digital engine against PyTorch: every reference row of every precision, and real tasks from text to logits. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import type { TaskName } from '../../src/domain/tasks/task.js'
import { tasks } from '../../src/domain/tasks/task.js'
import { digitalAlgebra } from '../../src/engines/digital/algebra.js'
import { loadParameters } from '../../src/engines/digital/parameters.js'
import { openWorkbench } from '../../src/engines/workbench.js'
import { openCheckpoint, type Checkpoint } from '../../src/io/checkpoint/checkpoint.js'
import { orThrow } from '../../src/io/fault.js'
import { openDataset } from '../../src/io/glue/dataset.js'
import { createHeap } from '../../src/kernels/heap.js'
import { openDigital } from '../../src/pipelines/digital.js'
import { batchOf, type Sequence } from '../../src/pipelines/batches.js'
import { openModel } from '../../src/pipelines/openTask.js'
import { shared } from '../shared.js'
import { batchFrom, bits, checkpointOf, modelLogits, referenceRows, type ReferenceRow } from './model.js'

const temporary = await mkdtemp(join(tmpdir(), 'ohmflow-digital-'))
afterAll(() => rm(temporary, { recursive: true, force: true }))

const outputsOf = async (checkpoint: Checkpoint, rows: readonly ReferenceRow[]) => {
  const engine = await openDigital(checkpoint, { workers: 0 })
  try {
    return await engine.run(batchFrom(rows), { firstTokens: true })
  } finally {
    await engine.close()
  }
}

const largestDifference = (found: Float32Array, expected: readonly number[]): number => {
  expect(found).toHaveLength(expected.length)
  return found.reduce((most, x, i) => Math.max(most, Math.abs(x - (expected[i] ?? NaN))), 0)
}

const tiny = (async () => {
  const checkpoint = await checkpointOf('reference', 'tiny-roberta')
  const heap = createHeap()
  const bench = await orThrow(openWorkbench(heap, {}))
  const read = (name: string, out: Float32Array): Promise<void> => orThrow(checkpoint.readInto(name, out))
  return { heap, bench, parameters: await loadParameters(checkpoint.architecture, read, heap, bench.kernels) }
})()

describe('the digital engine', () => {
  test.each([
    ['tiny-roberta', 2],
    ['tiny-roberta-3-labels-f16', 3],
    ['tiny-roberta-regression-bf16-sharded', 1],
  ])('gives the logits and hidden states of %s within 1e-5', async (name, labels) => {
    const rows = referenceRows(name)
    expect(rows).toHaveLength(63)
    const checkpoint = await checkpointOf('reference', name)
    const { logits, firstTokens } = await outputsOf(checkpoint, rows)
    expect(logits).toHaveLength(rows.length * labels)
    expect(firstTokens).toHaveLength(checkpoint.architecture.layers + 1)
    const { hidden } = checkpoint.architecture
    rows.forEach((row, r) => {
      expect(largestDifference(logits.subarray(r * labels, (r + 1) * labels), row.logits)).toBeLessThan(1e-5)
      expect(row.first_token_hidden_states).toHaveLength(firstTokens.length)
      firstTokens.forEach((states, depth) => {
        const expected = row.first_token_hidden_states[depth] ?? []
        expect(expected).toHaveLength(8)
        expect(largestDifference(states.subarray(r * hidden, r * hidden + 8), expected)).toBeLessThan(1e-5)
      })
    })
  })

  test('gives the same bits from pytorch_model.bin as from model.safetensors', async () => {
    const rows = referenceRows('tiny-roberta').slice(0, 20)
    for (const file of ['config.json', 'pytorch_model.bin'])
      await copyFile(shared('data', 'reference', 'tiny-roberta', file), join(temporary, file))
    const pickled = await orThrow(openCheckpoint(temporary))
    expect(pickled.files.some(file => file.endsWith('.bin'))).toBe(true)
    const a = await outputsOf(pickled, rows)
    const b = await outputsOf(await checkpointOf('reference', 'tiny-roberta'), rows)
    expect(bits(a.logits)).toEqual(bits(b.logits))
    expect(a.firstTokens.map(bits)).toEqual(b.firstTokens.map(bits))
  })

  test.each<[TaskName]>([['sst2'], ['mrpc'], ['stsb']])('gives the logits of %s from text within 1e-4', async name => {
    const expected = modelLogits(name).slice(0, 40)
    const model = await orThrow(openModel(shared('data', 'models', name), null))
    const dataset = await orThrow(openDataset(tasks[name], shared('data', 'glue-hf', name), 'dev'))
    const sequences: Sequence[] = []
    for await (const { index, text, pair } of dataset.examples()) {
      sequences.push({ ids: model.tokenizer.encode(text, pair, model.maxTokens), example: index })
      if (sequences.length === expected.length) break
    }
    const engine = await openDigital(model.checkpoint, { workers: 0 })
    const { logits } = await engine.run(batchOf(sequences))
    await engine.close()
    expect(largestDifference(logits, expected.flat())).toBeLessThan(1e-4)
  })

  property.prop(
    [fc.array(fc.array(fc.constantFrom(0, 1, 2, 5, 1000), { minLength: 1, maxLength: 12 }), { maxLength: 5 })],
    {
      numRuns: 30,
    },
  )('adds the position that Hugging Face gives each token, padding written in the text included', async sequences => {
    const { heap, parameters, bench } = await tiny
    const { hidden, paddingId } = parameters.architecture
    const batch = batchFrom(sequences.map(ids => ({ ids })))
    const row = (table: number, at: number): Float32Array => heap.f32(table + 4 * at * hidden, hidden)
    // cumsum(ids != padding) * (ids != padding) + padding: create_position_ids_from_input_ids of transformers.
    const expected = sequences.flatMap(ids =>
      ids.map((id, i) => {
        const seen = ids.slice(0, i + 1).filter(other => other !== paddingId).length
        const position = row(parameters.positions, (id === paddingId ? 0 : seen) + paddingId)
        const word = row(parameters.words, id)
        return Array.from(row(parameters.tokenType, 0), (type, j) =>
          Math.fround(Math.fround((word[j] ?? NaN) + type) + (position[j] ?? NaN)),
        )
      }),
    )
    bench.scratch.within(() => {
      const { at, rows, width } = digitalAlgebra(bench, parameters, batch).embed(batch)
      expect([rows, width]).toEqual([batch.ids.length, hidden])
      expect(Array.from(heap.f32(at, rows * width))).toEqual(expected.flat())
    })
  })

  test('gives nothing for a batch of no sequences', async () => {
    const { logits, firstTokens } = await outputsOf(await checkpointOf('reference', 'tiny-roberta'), [])
    expect(logits).toHaveLength(0)
    expect(firstTokens.map(states => states.length)).toEqual([0, 0, 0, 0])
  })

  test('refuses an id beyond its vocabulary, and goes on', async () => {
    const engine = await openDigital(await checkpointOf('reference', 'tiny-roberta'), { workers: 0 })
    await expect(engine.run(batchFrom([{ ids: [0, 50_265, 2] }]))).rejects.toThrow(
      'batch: sequence 0, token 1: expected an id from 0 to 50264, found 50265',
    )
    expect((await engine.run(batchFrom([{ ids: [0, 50_264, 2] }]))).logits).toHaveLength(2)
    await engine.close()
  })

  test('names the kernels it runs, and refuses those that are not there', async () => {
    const checkpoint = await checkpointOf('reference', 'tiny-roberta')
    const engine = await openDigital(checkpoint, { workers: 0, kernels: { kind: 'wasm' } })
    expect(engine.kernels).toMatch(/^wasm/)
    await engine.close()
    const foreign = process.arch === 'x64' ? 'neon' : 'avx2'
    await expect(openDigital(checkpoint, { workers: 0, kernels: { kind: 'native', isa: foreign } })).rejects.toThrow(
      /native kernels/,
    )
  })
})
