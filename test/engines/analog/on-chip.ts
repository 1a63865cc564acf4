/** The miniature laid out on a chip in this thread, open to the eye: every linear layer's inputs and outputs. */
import type { Batch } from '../../../src/domain/encoder/algebra.js'
import { linearLayers } from '../../../src/domain/encoder/architecture.js'
import { logits } from '../../../src/domain/encoder/roberta.js'
import type { HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import type { Repetition } from '../../../src/domain/experiment/plan.js'
import { analogAlgebra } from '../../../src/engines/analog/algebra.js'
import { layOut, type TileRanges } from '../../../src/engines/analog/parameters.js'
import { comparesWithFirst } from '../../../src/engines/analog/readTile.js'
import { inProcess } from '../../../src/engines/inProcess.js'
import { openWorkbench } from '../../../src/engines/workbench.js'
import { orThrow } from '../../../src/io/fault.js'
import { createHeap } from '../../../src/kernels/heap.js'
import { chipSettings, momentAt, placeMoments } from '../../../src/pipelines/analog.js'
import { chipWith, made, rangesOf, type Made } from './miniature.js'

export interface Seen {
  readonly layer: string
  readonly rows: number
  readonly x: Float32Array
  readonly y: Float32Array
}

export const onChip = async (
  change: HardwareOverride,
  { model = made(), ranges, seed = 7 }: { model?: Made; ranges?: readonly TileRanges[]; seed?: number } = {},
) => {
  const hardware = chipWith(change)
  const { architecture, readInto } = model.checkpoint
  const heap = createHeap()
  const bench = await orThrow(openWorkbench(heap, {}))
  const chip = chipSettings(heap, hardware, seed)
  const read = (name: string, out: Float32Array): Promise<void> => orThrow(readInto(name, out))
  const parameters = await layOut(
    { architecture, chip, ranges: ranges ?? rangesOf(model, hardware.tile), vectors: null },
    read,
    heap,
  )
  const engine = inProcess(bench, { kind: 'analog', parameters })

  const readChip = async ({ chip: number, read: of, timeSeconds }: Repetition): Promise<void> => {
    const moments = hardware.driftCompensation === 'least-squares' ? placeMoments(heap, hardware, timeSeconds) : 0
    for (const { name, inputs, outputs } of linearLayers(architecture)) {
      const weights = heap.allocate(4 * inputs * outputs)
      await read(`${name}.weight`, heap.f32(weights, inputs * outputs))
      for (const { index } of parameters.layers.get(name)?.tiles ?? [])
        await engine.perform({
          ...{ kind: 'read tile', layer: name, tile: index, weights },
          occasion: { chip: number, read: of },
          now: momentAt(hardware, timeSeconds),
          first: comparesWithFirst(hardware) ? momentAt(hardware, 0) : null,
          moments,
        })
      heap.free(weights)
    }
  }
  const seen = (batch: Batch, occasion = { chip: 0, read: 0 }) => {
    const layers: Seen[] = []
    const counts = new Uint32Array(2 * parameters.tiles)
    const out = bench.scratch.within(() => {
      const algebra = analogAlgebra(bench, parameters, batch, occasion, counts)
      const copied = (at: number, length: number): Float32Array => heap.f32(at, length).slice()
      const { at, rows, width } = logits(
        {
          ...algebra,
          linear: (layer, input) => {
            const output = algebra.linear(layer, input)
            const x = copied(input.at, input.rows * input.width)
            layers.push({ layer, rows: input.rows, x, y: copied(output.at, output.rows * output.width) })
            return output
          },
        },
        architecture,
        batch,
      )
      return copied(at, rows * width)
    })
    return { layers, counts, logits: out }
  }
  return { hardware, parameters, engine, bench, heap, readChip, seen }
}
