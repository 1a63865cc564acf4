/** What a checkpoint is made of, layer by layer: shapes, tiles, and statistics of its columns (outputs). */
import { split, tilesOf, utilisation, type TileSize } from '../domain/crossbar/tiling.js'
import { classifierLayers, linearLayers, tensorShapes, type Architecture } from '../domain/encoder/architecture.js'
import type { Checkpoint } from '../io/checkpoint/checkpoint.js'
import { orThrow } from '../io/fault.js'

export interface Spread {
  readonly least: number
  readonly mean: number
  readonly greatest: number
}

export interface LayerInspection {
  readonly name: string
  readonly inputs: number
  readonly outputs: number
  readonly tiles: number
  readonly rowPieces: number
  readonly columnPieces: number
  /** Share of the tiles' cells that hold a weight. */
  readonly utilisation: number
  readonly absMax: number
  /** Over the columns: largest magnitude in each. */
  readonly columnAbsMax: Spread
  /** Over the columns: standard deviation of the weights in each. */
  readonly columnDeviation: Spread
}

export interface Inspection {
  readonly architecture: Architecture
  readonly labelNames: readonly string[]
  readonly tile: TileSize
  readonly layers: readonly LayerInspection[]
  readonly totals: {
    readonly tiles: number
    readonly encoderTiles: number
    /** On tiles: those of the linear layers, without their biases, which are added digitally. */
    readonly weights: number
    readonly biases: number
    readonly utilisation: number
    readonly parameters: number
  }
}

const spread = (values: Float64Array): Spread => ({
  least: values.reduce((a, b) => Math.min(a, b), Infinity),
  mean: values.reduce((a, b) => a + b, 0) / values.length,
  greatest: values.reduce((a, b) => Math.max(a, b), -Infinity),
})

interface ColumnStatistics {
  readonly absMax: Float64Array
  readonly deviation: Float64Array
}

/** Statistics of each output's weights; `weights` is [outputs, inputs]. */
const columnStatistics = (weights: Float32Array, outputs: number, inputs: number): ColumnStatistics => {
  const absMax = new Float64Array(outputs)
  const deviation = new Float64Array(outputs)
  for (let j = 0; j < outputs; j++) {
    const column = weights.subarray(j * inputs, (j + 1) * inputs)
    let sum = 0
    let largest = 0
    for (const w of column) {
      sum += w
      largest = Math.max(largest, Math.abs(w))
    }
    const mean = sum / inputs
    let squares = 0
    for (const w of column) squares += (w - mean) ** 2
    absMax[j] = largest
    deviation[j] = Math.sqrt(squares / inputs)
  }
  return { absMax, deviation }
}

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

/** Reads every linear layer once. @throws Failure (in the promise) if the weights cannot be read. */
export const inspection = async (checkpoint: Checkpoint, tile: TileSize): Promise<Inspection> => {
  const a = checkpoint.architecture
  const layers: LayerInspection[] = []
  for (const layer of linearLayers(a)) {
    const weights = new Float32Array(layer.inputs * layer.outputs)
    await orThrow(checkpoint.readInto(`${layer.name}.weight`, weights))
    const tiles = tilesOf(layer, tile)
    const statistics = columnStatistics(weights, layer.outputs, layer.inputs)
    layers.push({
      ...layer,
      tiles: tiles.length,
      rowPieces: split(layer.inputs, tile.rows).length,
      columnPieces: split(layer.outputs, tile.columns).length,
      utilisation: total(tiles.map(t => utilisation(t, tile))) / tiles.length,
      absMax: statistics.absMax.reduce((x, y) => Math.max(x, y), 0),
      columnAbsMax: spread(statistics.absMax),
      columnDeviation: spread(statistics.deviation),
    })
  }
  const tiles = total(layers.map(l => l.tiles))
  const head = new Set(classifierLayers(a).map(l => l.name))
  const weights = total(layers.map(l => l.inputs * l.outputs))
  return {
    architecture: a,
    labelNames: checkpoint.labelNames,
    tile,
    layers,
    totals: {
      tiles,
      encoderTiles: total(layers.filter(l => !head.has(l.name)).map(l => l.tiles)),
      weights,
      biases: total(layers.map(l => l.outputs)),
      utilisation: weights / (tiles * tile.rows * tile.columns),
      parameters: total([...tensorShapes(a).values()].map(shape => shape.reduce((x, y) => x * y, 1))),
    },
  }
}
