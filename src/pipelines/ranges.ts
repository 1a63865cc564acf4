/** The ranges of every tile of a model by a method's rules, and what its columns' weights are like. */
import { join } from 'node:path'
import { tilesOf, type TileSize } from '../domain/crossbar/tiling.js'
import { linearLayers, type LinearLayer } from '../domain/encoder/architecture.js'
import type { AnalogMethod } from '../domain/experiment/method.js'
import { fail } from '../domain/problem.js'
import { fullScales } from '../domain/ranges/column-range.js'
import { clippedWeights, columnStatistics, type ColumnStatistics } from '../domain/ranges/column-statistics.js'
import { inputRange } from '../domain/ranges/input-range.js'
import type { TileRanges } from '../engines/analog/parameters.js'
import { learnedRangesFile, type LearnedKind } from '../io/checkpoint/learnedRanges.js'
import { orThrow } from '../io/fault.js'
import type { InputMaxima } from './calibration.js'
import type { OpenTask } from './openTask.js'

export interface ChosenRanges extends TileRanges, ColumnStatistics {
  /** Weights beyond their column's full scale. */
  readonly clippedWeights: number
}

/** Largest of a model's layers in weights. */
export const largestLayer = (layers: readonly LinearLayer[]): number =>
  layers.reduce((most, l) => Math.max(most, l.inputs * l.outputs), 0)

/** A layer's learned ranges of one kind; null where the rule does not ask for them. @throws Failure (in the promise) */
const learnedOf = async (
  { checkpoint, learned }: Pick<OpenTask, 'checkpoint' | 'learned'>,
  rule: string,
  layer: string,
  [kind, length]: readonly [LearnedKind, number],
): Promise<Float32Array | null> => {
  if (rule !== 'learned') return null
  if (learned === null)
    return fail(
      join(checkpoint.folder, learnedRangesFile),
      '',
      'ranges that training left beside the model, for the rule "learned"',
      'no such file',
    )
  return learned.read(layer, kind, length)
}

/** Of every tile, in the order of the model. The weights pass through, a layer at a time. */
export const chooseRanges = async (
  open: Pick<OpenTask, 'checkpoint' | 'learned'>,
  tile: TileSize,
  { columnRange, inputRange: rule }: Pick<AnalogMethod, 'columnRange' | 'inputRange'>,
  maxima: InputMaxima,
): Promise<readonly ChosenRanges[]> => {
  const { checkpoint } = open
  const layers = linearLayers(checkpoint.architecture)
  const room = new Float32Array(largestLayer(layers))
  const chosen: ChosenRanges[] = []
  for (const layer of layers) {
    const weights = room.subarray(0, layer.inputs * layer.outputs)
    await orThrow(checkpoint.readInto(`${layer.name}.weight`, weights))
    const seen = maxima.get(layer.name) ?? new Float64Array(0)
    const tiles = tilesOf(layer, tile)
    const columns = tiles.reduce((sum, t) => sum + t.columns.size, 0)
    const inputs = await learnedOf(open, rule.rule, layer.name, ['input_ranges', tiles.length])
    const scales = await learnedOf(open, columnRange.rule, layer.name, ['column_ranges', columns])
    let column = 0
    for (const place of tiles) {
      const { rows } = place
      const statistics = columnStatistics(weights, layer.inputs, place)
      const own = scales?.subarray(column, column + place.columns.size) ?? null
      const full = fullScales(columnRange, statistics, own)
      column += place.columns.size
      chosen.push({
        ...statistics,
        fullScales: full,
        inputRange: inputRange(rule, {
          absMax: seen.subarray(rows.first, rows.first + rows.size),
          learned: inputs?.[place.index] ?? null,
        }),
        clippedWeights: clippedWeights(weights, layer.inputs, place, full),
      })
    }
  }
  return chosen
}
