/**
 * How a layer's weights are laid out over crossbar tiles: an even split of its rows (inputs) and columns (outputs).
 * Not modelled: placement on a chip, several layers on one tile, routing between tiles.
 */
import type { LinearLayer } from '../encoder/architecture.js'

/** The largest crossbar: rows are inputs, columns outputs. */
export interface TileSize {
  readonly rows: number
  readonly columns: number
}

/** Rows or columns of a tile, at most: column sums of more would not fit the exact integers of the kernels. */
export const largestTile = 512

/** A run of rows or columns. */
export interface Piece {
  readonly first: number
  readonly size: number
}

export interface Tile {
  readonly layer: string
  /** Position within the layer, row pieces outermost. */
  readonly index: number
  readonly rows: Piece
  readonly columns: Piece
}

/** ceil(size / limit) pieces whose sizes differ by at most one, larger first. */
export const split = (size: number, limit: number): readonly Piece[] => {
  const pieces = Math.ceil(size / limit)
  const small = Math.floor(size / pieces)
  const large = size - small * pieces
  return Array.from({ length: pieces }, (_, i) => ({
    first: i * small + Math.min(i, large),
    size: small + (i < large ? 1 : 0),
  }))
}

/** The tiles of one layer, row piece by row piece. */
export const tilesOf = (layer: LinearLayer, tile: TileSize): readonly Tile[] => {
  const columns = split(layer.outputs, tile.columns)
  return split(layer.inputs, tile.rows).flatMap((rows, r) =>
    columns.map((piece, c) => ({ layer: layer.name, index: r * columns.length + c, rows, columns: piece })),
  )
}

/** Share of the crossbar's cells that hold a weight, or a copy of one. @param spare rows and columns that hold copies */
export const utilisation = (tile: Tile, size: TileSize, spare = { rows: 0, columns: 0 }): number =>
  ((tile.rows.size + spare.rows) * (tile.columns.size + spare.columns)) / (size.rows * size.columns)
