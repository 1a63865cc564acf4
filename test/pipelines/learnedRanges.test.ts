import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { tilesOf } from '../../src/domain/crossbar/tiling.js'
import { linearLayers } from '../../src/domain/encoder/architecture.js'
import { Failure, describe as message } from '../../src/domain/problem.js'
import { openCheckpoint } from '../../src/io/checkpoint/checkpoint.js'
import { learnedRangesFile, openLearnedRanges } from '../../src/io/checkpoint/learnedRanges.js'
import { writeSafetensors, type Tensor } from '../../src/io/checkpoint/safetensorsWriter.js'
import { orThrow } from '../../src/io/fault.js'
import { chooseRanges } from '../../src/pipelines/ranges.js'
import { folderWith } from '../io/fixture.js'
import { repository } from '../shared.js'

const size = { rows: 64, columns: 64 }
const learned = { columnRange: { rule: 'learned' }, inputRange: { rule: 'learned' } } as const
const absMax = { columnRange: { rule: 'abs-max' }, inputRange: { rule: 'abs-max' } } as const

/** The repository's cola model with ranges of 1, 2, 3, ... beside it. */
const withRanges = async (change: (tensor: Tensor) => Tensor | null = t => t) => {
  const folder = folderWith()
  cpSync(join(repository, 'data/models/cola'), folder, { recursive: true })
  const checkpoint = await orThrow(openCheckpoint(folder))
  const layers = linearLayers(checkpoint.architecture)
  const counted = (name: string, length: number): Tensor => ({
    ...{ name, shape: [length] },
    data: Float32Array.from({ length }, (_, i) => i + 1),
  })
  const tensors = layers.flatMap(layer => {
    const tiles = tilesOf(layer, size)
    const columns = tiles.reduce((sum, t) => sum + t.columns.size, 0)
    return [counted(`${layer.name}.input_ranges`, tiles.length), counted(`${layer.name}.column_ranges`, columns)]
  })
  await orThrow(
    writeSafetensors(
      join(folder, learnedRangesFile),
      tensors.flatMap(t => change(t) ?? []),
    ),
  )
  const maxima = new Map(layers.map(l => [l.name, new Float64Array(l.inputs).fill(1)]))
  return { folder, checkpoint, layers, maxima, learned: await orThrow(openLearnedRanges(folder)) }
}

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'taken',
    (error: unknown) => (error instanceof Failure ? message(error.problem) : String(error)),
  )

describe('ranges beside a model', () => {
  let model: Awaited<ReturnType<typeof withRanges>>
  beforeAll(async () => {
    model = await withRanges()
  })

  test('stand where their tiles and columns are, in the order of the model', async () => {
    const chosen = await chooseRanges(model, size, learned, model.maxima)
    let at = 0
    for (const layer of model.layers) {
      let column = 0
      for (const [i, tile] of tilesOf(layer, size).entries()) {
        const ranges = chosen[at++]
        expect(ranges?.inputRange).toBe(i + 1)
        expect(Array.from(ranges?.fullScales ?? [])).toEqual(
          Array.from({ length: tile.columns.size }, (_, j) => column + j + 1),
        )
        column += tile.columns.size
        // Weights beyond 1, 2, 3, ...: counted as clipped.
        expect(ranges?.clippedWeights).toBe(0)
      }
    }
    expect(at).toBe(chosen.length)
  })

  test('are only taken where the rule asks for them', async () => {
    const [first] = await chooseRanges(model, size, { ...absMax, inputRange: { rule: 'learned' } }, model.maxima)
    expect(first?.fullScales).toEqual(first?.absMax)
    expect(first?.inputRange).toBe(1)
  })

  test('are refused by name of file and tensor if they are missing, do not fit the tiles or are no ranges', async () => {
    const file = join(model.folder, learnedRangesFile)
    expect(await refusal(chooseRanges({ ...model, learned: null }, size, learned, model.maxima))).toBe(
      `${file}: expected ranges that training left beside the model, for the rule "learned", found no such file`,
    )
    expect(await refusal(chooseRanges(model, { rows: 32, columns: 64 }, learned, model.maxima))).toContain(
      `${file}: tensor encoder.layer.0.attention.self.query.input_ranges: expected [2] ranges, as many as these tiles need, found [1]`,
    )
    const name = 'encoder.layer.0.attention.self.key.column_ranges'
    const without = await withRanges(t => (t.name === name ? null : t))
    expect(await refusal(chooseRanges(without, size, learned, without.maxima))).toContain(
      `tensor ${name}: expected [64] ranges, as many as these tiles need, found no such tensor`,
    )
    const negative = await withRanges(t => (t.name === name ? { ...t, data: new Float32Array(64).fill(-1) } : t))
    expect(await refusal(chooseRanges(negative, size, learned, negative.maxima))).toContain(
      `tensor ${name}: expected positive ranges, found -1 at index 0`,
    )
  })
})
