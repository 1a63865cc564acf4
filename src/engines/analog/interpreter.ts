/** A model on tiles in one thread. */
import { parameterOf } from '../digital/algebra.js'
import { forward } from '../forward.js'
import type { Interpreter } from '../interpreter.js'
import type { Workbench } from '../workbench.js'
import { analogAlgebra } from './algebra.js'
import type { AnalogParameters } from './parameters.js'
import { readTile, type TileReading } from './readTile.js'

/** Makes one tile ready for a pass. */
export interface ReadTile extends TileReading {
  readonly kind: 'read tile'
  readonly layer: string
  /** Position in the layer. */
  readonly tile: number
}

export const analogInterpreter = (bench: Workbench, parameters: AnalogParameters): Interpreter => ({
  run: (batch, { firstTokens = false, occasion }) =>
    bench.scratch.within(() => {
      if (occasion === undefined) throw new TypeError('"occasion" expected a pass over a chip, got undefined')
      const counts = new Uint32Array(2 * parameters.tiles)
      const algebra = analogAlgebra(bench, parameters, batch, occasion, counts)
      return { ...forward(bench, parameters.architecture, algebra, batch, firstTokens), counts }
    }),
  perform: task => {
    if (task.kind !== 'read tile') throw new TypeError(`"task" expected one of a model on tiles, got ${task.kind}`)
    const layer = parameterOf(parameters.layers, task.layer)
    const tile = layer.tiles[task.tile]
    if (tile === undefined) throw new RangeError(`no tile ${task.tile} in layer ${layer.name}`)
    readTile(bench, parameters.chip, layer, tile, task)
    return new Float64Array(0) // of its own: a thread transfers it, and Node 22 takes no array a second time
  },
})
