/**
 * Ranges of a method that outlive a run: task by task, layer by layer, tile by tile, as `ohmflow calibrate` leaves them and
 * the rule `fixed` takes them again. Not here: their file (io/rangesFile.ts), and whether they fit a model (pipelines/savedRanges.ts).
 */
import type { TileSize } from '../crossbar/tiling.js'
import type { Spare } from '../experiment/method.js'

export interface SavedTile {
  /** beta, in the unit of the activations; null: none that is fixed (dynamic). */
  readonly inputRange: number | null
  /** c_j of each column, in the unit of the weights; 0: a column of zeros. */
  readonly fullScales: Float32Array
  /** gamma_j of each column, digital factors beside the drift compensation. */
  readonly gains: Float32Array
  /** Of each idle column in use, the column that it is a copy of; of each idle row, ascending. null: nothing is said of them. */
  readonly copies: Uint16Array | null
  readonly rowCopies: Uint16Array | null
  /** Factor of each row, for which the ranges are; empty: rows are not scaled. */
  readonly rowScales: Float32Array
}

/** By layer, the tiles of each in their order. */
export type SavedLayers = ReadonlyMap<string, readonly SavedTile[]>

export interface SavedRanges {
  /** The method whose ranges they are. */
  readonly method: string
  /** Of the hardware they were found for. */
  readonly tile: TileSize
  /** What idle cells are used for; with "none", no tile says anything of copies. */
  readonly spare: Spare
  /** By the task's name. */
  readonly tasks: ReadonlyMap<string, SavedLayers>
}
