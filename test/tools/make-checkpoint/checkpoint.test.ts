import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tensorShapes } from '../../../src/domain/encoder/architecture.js'
import { openCheckpoint } from '../../../src/io/checkpoint/checkpoint.js'
import { orThrow } from '../../../src/io/fault.js'
import { streamOrigin } from '../../../src/domain/random/stream.js'
import { createHeap } from '../../../src/kernels/heap.js'
import { referenceKernels } from '../../../src/kernels/reference/kernels.js'
import { deviation, initialTensors, robertaBase, sourceOver } from '../../../tools/make-checkpoint/weights.js'
import { writeCheckpoint } from '../../../tools/make-checkpoint/write.js'
import { ohmflow } from '../../cli/ohmflow.js'
import { repository } from '../../shared.js'

/** Small, so that 340 MB are written and not 500; the linear layers are those of RoBERTa-base. */
const vocabulary = 409
const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

describe('a checkpoint of the shape of RoBERTa-base', () => {
  let folder = ''
  let made = ''
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ohmflow-checkpoint-'))
    made = join(folder, 'made')
    await writeCheckpoint(made, { seed: 1, vocabulary, tokenizer: join(repository, 'data/models/mrpc') })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('lies on 486 tiles of 512 x 512, 480 of them in the encoder, with 85.6 M weights and biases', async () => {
    const { stdout, code } = await ohmflow(['inspect', made, '--json'])
    expect(code).toBe(0)
    const { totals } = JSON.parse(stdout) as { readonly totals: Readonly<Record<string, number>> } // inspection's shape
    const [encoder, head] = [12 * (4 * 768 * 768 + 2 * 768 * 3072), 768 * 768 + 768 * 2]
    expect(totals).toMatchObject({ tiles: 486, encoderTiles: 480, weights: encoder + head, biases: 83_714 })
    expect(totals.utilisation).toBeCloseTo((encoder + head) / (486 * 512 * 512), 12)
    expect((await ohmflow(['inspect', made])).stdout).toContain(
      '486 tiles of 512 x 512 (480 in the encoder, 6 in the head), 85,526,016 weights (85,609,730 with biases), utilisation 67.1 %',
    )
  })

  test('has the tensors of RoBERTa-base, drawn as said, and says that it is untrained', async () => {
    const checkpoint = await orThrow(openCheckpoint(made))
    expect(checkpoint.architecture).toEqual({ ...robertaBase, vocabulary })
    expect(checkpoint.untrained).toBe(true)
    for (const [name, shape] of tensorShapes(checkpoint.architecture)) {
      const values = new Float32Array(shape.reduce((a, b) => a * b, 1))
      await orThrow(checkpoint.readInto(name, values))
      if (name.endsWith('.bias')) expect(values.every(x => x === 0)).toBe(true)
      else if (name.includes('LayerNorm')) expect(values.every(x => x === 1)).toBe(true)
      else {
        const root = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length)
        // Five standard errors, of the deviation and of the mean of that many normal draws.
        expect(Math.abs(root / deviation - 1), name).toBeLessThan(5 / Math.sqrt(2 * values.length))
        const mean = values.reduce((sum, x) => sum + x, 0) / values.length
        expect(Math.abs(mean / deviation), name).toBeLessThan(5 / Math.sqrt(values.length))
      }
    }
  })

  test('is the same bytes every time, also over what was there; another seed gives others', async () => {
    const file = join(made, 'model.safetensors')
    const before = sha256(file)
    // Golden: it may change with a major version only.
    expect(before).toBe('cb93ce0bced1b3574d9b866225613b6efb8d60723afc69ab9c67fcbb9284f200')
    await writeCheckpoint(made, { seed: 2, vocabulary, tokenizer: null })
    expect(sha256(file)).not.toBe(before)
    await writeCheckpoint(made, { seed: 1, vocabulary, tokenizer: null })
    expect(sha256(file)).toBe(before)
    expect(readdirSync(made).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json'])
  })

  test('predicts, with the tokeniser that was copied', async () => {
    const { code, stdout } = await ohmflow(['predict', '--checkpoint', made], { input: '{"text": "a fine film"}\n' })
    expect(code).toBe(0)
    const { logits } = JSON.parse(stdout) as { readonly logits: readonly number[] } // predict's shape
    expect(logits).toHaveLength(2)
    expect(logits.every(Number.isFinite)).toBe(true)
  })

  test('a piece does not depend on where the one before it ended: the reference gives the same numbers at once', () => {
    const heap = createHeap()
    const kernels = referenceKernels(heap)
    const a = { ...robertaBase, vocabulary: 1500, layers: 0 }
    const [words] = initialTensors(sourceOver(heap, kernels), a, 3)
    const data = words?.data
    if (typeof data !== 'function') throw new Error('expected pieces')
    const pieces = [...data()].map(piece => piece.length)
    expect(pieces).toEqual([2 ** 20, 1500 * 768 - 2 ** 20])
    const joined = new Float32Array(1500 * 768)
    let at = 0
    for (const piece of data()) {
      joined.set(piece, at)
      at += piece.length
    }
    const whole = heap.allocate(4 * joined.length)
    const origin = streamOrigin(3, 'initial embeddings.word_embeddings.weight')
    kernels.normals({ y: whole, length: joined.length, ...origin })
    expect(joined).toEqual(Float32Array.from(heap.f32(whole, joined.length), z => deviation * z))
  })

  test("somebody's model is not written over, and a slip on the command line writes nothing", async () => {
    const trained = join(folder, 'trained')
    mkdirSync(trained)
    const config = JSON.parse(readFileSync(join(made, 'config.json'), 'utf8')) as Record<string, unknown>
    writeFileSync(join(trained, 'config.json'), JSON.stringify({ ...config, ohmflow: { trained: true } }))
    await expect(writeCheckpoint(trained, { seed: 1, vocabulary, tokenizer: null })).rejects.toThrow('another model')
    expect(readdirSync(trained)).toEqual(['config.json'])

    const slips = [[], [join(folder, 'a'), join(folder, 'b')], [join(folder, 'a'), '--vocab', '9'], [join(folder, 'a'), '--seed', 'x']] // prettier-ignore
    for (const words of slips) {
      const main = join(repository, 'tools/make-checkpoint/main.ts')
      const ended = spawnSync(process.execPath, ['--import', 'tsx', main, ...words], { cwd: repository })
      expect(ended.status).toBe(2)
      expect(ended.stderr.toString()).toContain('command line')
    }
    expect(readdirSync(folder).sort()).toEqual(['made', 'trained'])
  })
})
