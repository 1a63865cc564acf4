/** The ranges of every tile of a model by a method's rules, and what its columns' weights are like. */
import { tilesOf, type TileSize } from '../domain/crossbar/tiling.js'
import { linearLayers, type LinearLayer } from '../domain/encoder/architecture.js'
import type { AnalogMethod } from '../domain/experiment/method.js'
import { fullScales } from '../domain/ranges/column-range.js'
import { clippedWeights, columnStatistics, type ColumnStatistics } from '../domain/ranges/column-statistics.js'
import { inputRange } from '../domain/ranges/input-range.js'
import type { TileRanges } from '../engines/analog/parameters.js'
import type { Checkpoint } from '../io/checkpoint/checkpoint.js'
import { orThrow } from '../io/fault.js'
import type { InputMaxima } from './calibration.js'

export interface ChosenRanges extends TileRanges, ColumnStatistics {
  /** Weights beyond their column's full scale. */
  readonly clippedWeights: number
}

/** Largest of a model's layers in weights. */
export const largestLayer = (layers: readonly LinearLayer[]): number =>
  layers.reduce((most, l) => Math.max(most, l.inputs * l.outputs), 0)

/** Of every tile, in the order of the model. The weights pass through, a layer at a time. */
export const chooseRanges = async (
  checkpoint: Checkpoint,
  tile: TileSize,
  { columnRange, inputRange: rule }: Pick<AnalogMethod, 'columnRange' | 'inputRange'>,
  maxima: InputMaxima,
): Promise<readonly ChosenRanges[]> => {
  const layers = linearLayers(checkpoint.architecture)
  const room = new Float32Array(largestLayer(layers))
  const chosen: ChosenRanges[] = []
  for (const layer of layers) {
    const weights = room.subarray(0, layer.inputs * layer.outputs)
    await orThrow(checkpoint.readInto(`${layer.name}.weight`, weights))
    const seen = maxima.get(layer.name) ?? new Float64Array(0)
    for (const place of tilesOf(layer, tile)) {
      const { rows } = place
      const statistics = columnStatistics(weights, layer.inputs, place)
      const scales = fullScales(columnRange, statistics)
      chosen.push({
        ...statistics,
        fullScales: scales,
        inputRange: inputRange(rule, { absMax: seen.subarray(rows.first, rows.first + rows.size) }),
        clippedWeights: clippedWeights(weights, layer.inputs, place, scales),
      })
    }
  }
  return chosen
}
