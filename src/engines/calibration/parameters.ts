/**
 * A model that is calibrated, on the kernels' heap: its tensors as they are in the checkpoint, and beside every linear layer
 * room for what is found out about it. The room depends on the model and its tiles, not on how many tokens are seen.
 */
import { split, tilesOf, type Piece, type Tile, type TileSize } from '../../domain/crossbar/tiling.js'
import { linearLayers, type LinearLayer } from '../../domain/encoder/architecture.js'
import { coarseBins, fineBins, tailBins } from '../../domain/ranges/histogram.js'
import type { Sample } from '../../domain/ranges/sample.js'
import type { Heap, Ptr } from '../../kernels/heap.js'
import type { TrainingParameters } from '../training/parameters.js'

/**
 * What is looked at: the inputs of layers; the outputs of their tiles; or what the tiles' errors depend on, which the
 * objective of the optimal ranges is made of.
 */
export type Observed = 'inputs' | 'outputs' | 'errors'

/** Sums over rows of numbers and of their squares, largest magnitudes; a kernel's order (`addMoments`). */
export interface MomentPlaces {
  /** f64. */
  readonly sum: Ptr
  readonly squares: Ptr
  /** f32. */
  readonly absMax: Ptr
}

/** Room for a sample of calibration vectors (domain/ranges/sample.ts): at most `size`. */
export interface SamplePlaces {
  readonly size: number
  /** f64 [size], f64 [size]. */
  readonly priorities: Ptr
  readonly weights: Ptr
  /** uint32 [size], uint32 [size]. */
  readonly examples: Ptr
  readonly tokens: Ptr
  /** int32, f64. */
  readonly count: Ptr
  readonly threshold: Ptr
  /** f32 [size, inputs]: x_ti; f32 [size, outputs]: h_tj. */
  readonly x: Ptr
  readonly h: Ptr
}

/** 0 where it is not looked at. */
export interface LayerPlaces extends LinearLayer {
  /** Position in the forward pass. */
  readonly number: number
  readonly pieces: readonly Piece[]
  readonly tiles: readonly Tile[]
  /** Of each input. */
  readonly inputMoments: MomentPlaces
  /** uint32 [pieces, sign, fineBins]: how many inputs, the positive ones first. */
  readonly counts: Ptr
  /** Of each output of each row piece, without the bias. */
  readonly outputMoments: MomentPlaces
  /** f32 [outputs, inputs]: sum of h_tj x_ti^2. */
  readonly energies: Ptr
  /** f64 [outputs]: sum of h_tj. */
  readonly masses: Ptr
  /** f64 [pieces, outputs, tailBins] and int32 [pieces, outputs]: |y_tj| weighted by h_tj. */
  readonly tails: Ptr
  readonly tops: Ptr
  /** f64 [tiles, coarseBins]: |x_ti| weighted by the sum over the tile's columns of h_tj w_ij^2. */
  readonly weighted: Ptr
  /** The same of each row of each tile: f64 [rows of all tiles, tailBins] and int32 [rows of all tiles]; 0: not wanted. */
  readonly rowTails: Ptr
  readonly rowTops: Ptr
  /** Of its input vectors; null: none are kept. */
  readonly sample: SamplePlaces | null
}

export interface CalibrationParameters extends TrainingParameters {
  readonly observed: Observed
  readonly layers: ReadonlyMap<string, LayerPlaces>
}

/** Place of a tile's first row among the rows of all of the layer's tiles. @param tile its position in the layer */
export const firstTail = ({ tiles }: Pick<LayerPlaces, 'tiles'>, tile: number): number =>
  tiles.slice(0, tile).reduce((sum, t) => sum + t.rows.size, 0)

export const sampleAt = (heap: Pick<Heap, 'f64' | 'u32' | 'i32'>, { size, ...p }: SamplePlaces): Sample => ({
  priorities: heap.f64(p.priorities, size),
  weights: heap.f64(p.weights, size),
  examples: heap.u32(p.examples, size),
  tokens: heap.u32(p.tokens, size),
  count: heap.i32(p.count, 1),
  threshold: heap.f64(p.threshold, 1),
})

/**
 * Everything is zero at first.
 * @param training the model without gradients and moments
 * @param kept how many input vectors of each layer, where errors are observed; and whether inputs are told row by row
 */
export const placeCalibration = (
  training: TrainingParameters,
  observed: Observed,
  size: TileSize,
  heap: Pick<Heap, 'allocate' | 'u8'>,
  { vectors = 0, rows: byRow = false }: { readonly vectors?: number; readonly rows?: boolean } = {},
): CalibrationParameters => {
  const zeros = (of: Observed, bytes: number): Ptr => {
    if (of !== observed) return 0
    const at = heap.allocate(bytes)
    heap.u8(at, bytes).fill(0)
    return at
  }
  const moments = (of: Observed, numbers: number): MomentPlaces => ({
    sum: zeros(of, 8 * numbers),
    squares: zeros(of, 8 * numbers),
    absMax: zeros(of, 4 * numbers),
  })
  const sampleOf = ({ inputs, outputs }: LinearLayer): SamplePlaces | null => {
    if (vectors === 0 || observed !== 'errors') return null
    const room = (bytes: number): Ptr => zeros('errors', bytes)
    return {
      size: vectors,
      ...{ priorities: room(8 * vectors), weights: room(8 * vectors) },
      ...{ examples: room(4 * vectors), tokens: room(4 * vectors), count: room(4), threshold: room(8) },
      ...{ x: room(4 * vectors * inputs), h: room(4 * vectors * outputs) },
    }
  }
  const layers = linearLayers(training.architecture).map((layer, number): [string, LayerPlaces] => {
    const { inputs, outputs } = layer
    const pieces = split(inputs, size.rows)
    const tiles = tilesOf(layer, size)
    const columns = pieces.length * outputs
    const tileRows = byRow ? tiles.reduce((sum, t) => sum + t.rows.size, 0) : 0
    return [
      layer.name,
      {
        ...{ ...layer, number, pieces, tiles },
        inputMoments: moments('inputs', inputs),
        counts: zeros('inputs', 4 * 2 * fineBins.count * pieces.length),
        outputMoments: moments('outputs', columns),
        energies: zeros('errors', 4 * inputs * outputs),
        masses: zeros('errors', 8 * outputs),
        tails: zeros('errors', 8 * tailBins * columns),
        tops: zeros('errors', 4 * columns),
        weighted: zeros('errors', 8 * coarseBins.count * tiles.length),
        rowTails: byRow ? zeros('errors', 8 * tailBins * tileRows) : 0,
        rowTops: byRow ? zeros('errors', 4 * tileRows) : 0,
        sample: sampleOf(layer),
      },
    ]
  })
  return { ...training, observed, layers: new Map(layers) }
}
