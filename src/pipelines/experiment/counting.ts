/** What a unit's batches come to on the chip: the counts of every tile, over all that went through it. */
import { classifierLayers, linearLayers, type Architecture } from '../../domain/encoder/architecture.js'
import { tilesOf, type TileSize } from '../../domain/crossbar/tiling.js'
import type { TileCountRow } from '../../domain/tables/pass.js'
import type { Engine } from '../../engines/engine.js'

export interface Counting {
  /** The engine, everything it counts remembered. */
  readonly engine: Engine
  /** A row a tile, in the order of the model. */
  readonly rows: (architecture: Architecture, tile: TileSize) => readonly TileCountRow[]
}

export const counting = (engine: Engine): Counting => {
  let counts: Float64Array = new Float64Array(0)
  let tokens = 0
  let sequences = 0
  return {
    engine: {
      ...engine,
      run: async (batch, options) => {
        const outputs = await engine.run(batch, options)
        const { counts: more } = outputs
        const before = counts
        counts = Float64Array.from(more, (c, i) => c + (before[i] ?? 0))
        tokens += batch.ids.length
        sequences += batch.examples.length
        return outputs
      },
    },
    rows: (architecture, tile) => {
      const head = new Set(classifierLayers(architecture).map(l => l.name))
      return linearLayers(architecture)
        .flatMap(layer => tilesOf(layer, tile))
        .map(({ layer, rows, columns }, i) => {
          // The head sees the first token of every sequence only.
          const vectors = head.has(layer) ? sequences : tokens
          return {
            inputs: vectors * rows.size,
            clipped_inputs: counts[2 * i] ?? 0,
            outputs: vectors * columns.size,
            saturated_outputs: counts[2 * i + 1] ?? 0,
          }
        })
    },
  }
}
