import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { split, tilesOf, type TileSize } from '../../src/domain/crossbar/tiling.js'
import { linearLayers, type LinearLayer } from '../../src/domain/encoder/architecture.js'
import { defaultHardware } from '../../src/domain/experiment/hardware.js'
import type { AnalogMethod } from '../../src/domain/experiment/method.js'
import { Failure, describe as message } from '../../src/domain/problem.js'
import { openCheckpoint } from '../../src/io/checkpoint/checkpoint.js'
import { learnedRangesFile, openLearnedRanges } from '../../src/io/checkpoint/learnedRanges.js'
import { writeSafetensors, type Tensor } from '../../src/io/checkpoint/safetensorsWriter.js'
import { orThrow } from '../../src/io/fault.js'
import { checkLearned, chooseRanges, type Rules, type Seen, type Subject } from '../../src/pipelines/ranges.js'
import { noRangesFiles } from '../../src/pipelines/savedRanges.js'
import { folderWith } from '../io/fixture.js'
import { repository } from '../shared.js'

const size = { rows: 64, columns: 64 }
const adc = { bits: 8, bound: 12 }
const summary = {
  count: 1,
  sum: 1,
  squares: 1,
  largest: 1,
  positive: [],
  negative: [],
  rowSquares: new Float64Array(size.rows),
}
/** Every input has been 1. */
const seen = (layers: readonly LinearLayer[], tile: TileSize): Seen => ({
  inputs: new Map(layers.map(l => [l.name, split(l.inputs, tile.rows).map(() => summary)])),
  outputs: null,
})
const chosenFor = (
  model: Pick<Subject, 'checkpoint' | 'learned'> & { readonly layers: readonly LinearLayer[] },
  tile: TileSize,
  rules: Rules,
) =>
  chooseRanges(
    { ...model, saved: noRangesFiles, source: { task: 'cola' } },
    { tile, adc, wireResistanceOhm: 0 },
    rules,
    seen(model.layers, tile),
  )
const learned = { columnRange: { rule: 'learned' }, inputRange: { rule: 'learned' } } as const
const method: AnalogMethod = {
  ...learned,
  ...{ name: 'm', execution: 'analog', spare: 'none', rowScale: 'none', irDrop: 'none', hardware: {} },
  objective: { weights: 'none', times: [] },
}
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
  return { folder, checkpoint, layers, learned: await orThrow(openLearnedRanges(folder)) }
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
    const chosen = await chosenFor(model, size, learned)
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
    const [first] = await chosenFor(model, size, { ...absMax, inputRange: { rule: 'learned' } })
    expect(first?.fullScales).toEqual(first?.absMax)
    expect(first?.inputRange).toBe(1)
  })

  test('are checked for every layer and method before anything is computed, and say what tiles they are for', async () => {
    const check = (rules: Rules, tile: TileSize = size, own: Parameters<typeof checkLearned>[1] = model) =>
      refusal(
        checkLearned(
          {
            ...{ hardware: defaultHardware, methods: [{ ...method, ...rules, hardware: { tile } }] },
          },
          own,
        ),
      )
    expect(await check(learned)).toBe('taken')
    expect(await check(absMax, { rows: 8, columns: 8 }, { ...model, learned: null })).toBe('taken')
    const file = join(model.folder, learnedRangesFile)
    expect(
      await check({ ...absMax, inputRange: { rule: 'optimal', start: 'learned' } }, size, { ...model, learned: null }),
    ).toBe(
      `${file}: expected ranges that training left beside the model, for method "m" with the rule "optimal", which starts from "learned", found no such file`,
    )
    const toCome = { file, length: () => null }
    expect(await check(learned, size, { ...model, learned: toCome })).toMatch(
      /query\.column_ranges: expected \[64\] ranges, .* method "m" need .*, found none, now or after training$/,
    )
    // Only the wider layers lie on more tiles of 64 x 64 than of 512 x 512.
    expect(await check(learned, { rows: 512, columns: 512 })).toMatch(
      /^\S+ranges\.safetensors: tensor \S+: expected \[\d+\] ranges, as the 512 x 512 tiles of method "m" need \(learned ranges fit one tile size only\), found \[\d+\], as tiles of 64 to \d+ rows and 64 to \d+ columns need$/,
    )
    // The last layer alone does not fit.
    const last = 'classifier.out_proj.input_ranges'
    const odd = await withRanges(t => (t.name === last ? { ...t, shape: [3], data: new Float32Array(3).fill(1) } : t))
    expect(await check(learned, size, odd)).toContain(`tensor ${last}: expected [1] ranges`)
    const none = await withRanges(t => (t.name === last ? null : t))
    expect(await check(learned, size, none)).toContain(
      `tensor ${last}: expected [1] ranges, as many as these tiles need, found no such tensor`,
    )
  })

  test('are refused by name of file and tensor if they are missing, do not fit the tiles or are no ranges', async () => {
    const file = join(model.folder, learnedRangesFile)
    expect(await refusal(chosenFor({ ...model, learned: null }, size, learned))).toBe(
      `${file}: expected ranges that training left beside the model, for the rule "learned", found no such file`,
    )
    expect(await refusal(chosenFor(model, { rows: 32, columns: 64 }, learned))).toContain(
      `${file}: tensor encoder.layer.0.attention.self.query.input_ranges: expected [2] ranges, as many as these tiles need, found [1]`,
    )
    const name = 'encoder.layer.0.attention.self.key.column_ranges'
    const without = await withRanges(t => (t.name === name ? null : t))
    expect(await refusal(chosenFor(without, size, learned))).toContain(
      `tensor ${name}: expected [64] ranges, as many as these tiles need, found no such tensor`,
    )
    const negative = await withRanges(t => (t.name === name ? { ...t, data: new Float32Array(64).fill(-1) } : t))
    expect(await refusal(chosenFor(negative, size, learned))).toContain(
      `tensor ${name}: expected positive ranges, found -1 at index 0`,
    )
  })
})
