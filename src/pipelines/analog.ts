/**
 * An engine for a checkpoint on a chip: tiles with room for their cells on a heap, read at a time after programming, used
 * for as many batches as wanted. Weights pass through while a chip is read; no state of a device is kept.
 */
import { deviceModel, characterisationOf } from '../domain/devices/characterised.js'
import { momentGrid } from '../domain/devices/moment-grid.js'
import { linearLayers, type LinearLayer } from '../domain/encoder/architecture.js'
import type { Hardware } from '../domain/experiment/hardware.js'
import type { Repetition } from '../domain/experiment/plan.js'
import {
  convertersOf,
  layOut,
  type AnalogParameters,
  type CalibrationVectors,
  type ChipSettings,
  type TileRanges,
} from '../engines/analog/parameters.js'
import { momentColumnsAt, momentGridBytes } from '../engines/analog/moments.js'
import { comparesWithFirst, usesMoments, type Moment } from '../engines/analog/readTile.js'
import type { Engine } from '../engines/engine.js'
import type { TaskEngine } from '../engines/interpreter.js'
import type { Checkpoint } from '../io/checkpoint/checkpoint.js'
import { orThrow } from '../io/fault.js'
import { deviceLaws, momentOf } from '../kernels/device-laws.js'
import type { Heap, Ptr } from '../kernels/heap.js'
import { deviceLawsBytes, writeDeviceLaws } from '../kernels/reference/law.js'
import { startEngine, type EngineOptions } from './digital.js'
import { checkpointed, uninterrupted } from './interruption.js'
import { largestLayer } from './ranges.js'

export interface AnalogEngine extends Engine {
  /** Which kernels run, for people. */
  readonly kernels: string
  /** Makes every tile ready for a pass over a chip; batches belong to the last one. Not while batches run. */
  readonly read: (pass: Repetition) => Promise<void>
  /** Factors of the drift compensation at the last read: of every column of every tile, in the order of the model. */
  readonly alphas: () => Float32Array
}

export interface ChipOptions {
  readonly hardware: Hardware
  readonly seed: number
  /** Of every tile, in the order of the model. */
  readonly ranges: readonly TileRanges[]
  /** Of every layer, for a compensation that is fitted on them; null: there is none. */
  readonly vectors: ReadonlyMap<string, CalibrationVectors> | null
}

/** The chip as its engines need it, the device's laws on the heap. */
export const chipSettings = (heap: Heap, hardware: Hardware, seed: number): ChipSettings => {
  const laws = deviceLaws(characterisationOf(hardware.device), hardware.noiseScales)
  const at = heap.allocate(deviceLawsBytes(laws))
  writeDeviceLaws(heap, at, laws)
  return { hardware, converters: convertersOf(hardware), seed, laws: at }
}

/** What a read takes of a moment in a chip's life. */
export const momentAt = ({ device, noiseScales }: Hardware, seconds: number): Moment =>
  momentOf(characterisationOf(device), noiseScales, seconds)

/** A device's moments at a time, on the heap. */
export const placeMoments = (heap: Heap, { device, noiseScales }: Hardware, seconds: number): Ptr => {
  const at = heap.allocate(momentGridBytes)
  const grid = momentGrid(deviceModel(device, noiseScales), seconds)
  const columns = momentColumnsAt({ heap }, at)
  columns.mean.set(grid.mean)
  columns.variance.set(grid.variance)
  return at
}

const alphasOf = (heap: Heap, { layers }: AnalogParameters): Float32Array => {
  const tiles = [...layers.values()].flatMap(layer => layer.tiles)
  const all = new Float32Array(tiles.reduce((sum, t) => sum + t.columns.size, 0))
  let at = 0
  for (const { columns, column } of tiles) {
    all.set(heap.f32(column.alphas, columns.size), at)
    at += columns.size
  }
  return all
}

/** Two layers' weights at a time: one is read from disk while the workers read the other's devices. */
const reader = (
  checkpoint: Checkpoint,
  heap: Heap,
  parameters: AnalogParameters,
  engine: TaskEngine,
  signal: AbortSignal,
) => {
  const layers = linearLayers(checkpoint.architecture)
  const bytes = 4 * largestLayer(layers)
  const rooms = [heap.allocate(bytes), heap.allocate(bytes)] as const
  const { hardware } = parameters.chip
  const moments = new Map<number, Ptr>()
  /** The chip whose measurement right after programming stands in the tiles. */
  let measured: number | null = null

  const momentsAt = (seconds: number): Ptr => {
    if (!usesMoments(hardware)) return 0
    const at = moments.get(seconds) ?? placeMoments(heap, hardware, seconds)
    moments.set(seconds, at)
    return at
  }
  return async ({ chip, read, timeSeconds }: Repetition): Promise<void> => {
    const reading = {
      occasion: { chip, read },
      now: momentAt(hardware, timeSeconds),
      first: comparesWithFirst(hardware) && measured !== chip ? momentAt(hardware, 0) : null,
      moments: momentsAt(timeSeconds),
    }
    measured = null
    const tilesOf = ({ name }: LinearLayer) => parameters.layers.get(name)?.tiles ?? []
    const busy: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()]
    try {
      for (const [i, layer] of layers.entries()) {
        const weights = rooms[i % 2 === 0 ? 0 : 1]
        await busy[i % 2]
        checkpointed(signal)
        await orThrow(checkpoint.readInto(`${layer.name}.weight`, heap.f32(weights, layer.inputs * layer.outputs)))
        const tasks = tilesOf(layer).map(({ index }) =>
          engine.perform({ kind: 'read tile', layer: layer.name, tile: index, weights, ...reading }),
        )
        // Over when all of them are, one that failed or not.
        busy[i % 2] = Promise.allSettled(tasks).then(() => Promise.all(tasks))
        busy[i % 2]?.catch(() => undefined) // awaited below, or before its room is used again
      }
      await Promise.all(busy)
    } finally {
      // After a failure too: what is still under way would write into tiles that the next read has made ready.
      await Promise.allSettled(busy)
    }
    measured = chip
  }
}

/** @throws Failure (in the promise) if the weights cannot be read or the kernels asked for are not there */
export const openAnalog = async (
  checkpoint: Checkpoint,
  { hardware, seed, ranges, vectors }: ChipOptions,
  options: EngineOptions,
): Promise<AnalogEngine> => {
  const { heap, engine, parameters, kernels } = await startEngine(options, async ({ heap }) => {
    const mapping = { architecture: checkpoint.architecture, chip: chipSettings(heap, hardware, seed), ranges, vectors }
    const parameters = await layOut(mapping, (name, out) => orThrow(checkpoint.readInto(name, out)), heap)
    return { kind: 'analog', parameters }
  })
  const readChip = reader(checkpoint, heap, parameters, engine, options.signal ?? uninterrupted)
  let occasion: { readonly chip: number; readonly read: number } | null = null
  return {
    ...{ labels: engine.labels, inFlight: engine.inFlight, kernels, close: engine.close },
    read: async pass => {
      occasion = null
      await readChip(pass)
      occasion = { chip: pass.chip, read: pass.read }
    },
    run: (batch, options) => {
      if (occasion === null) throw new TypeError('"read" expected before a batch, got none')
      return engine.run(batch, { ...options, occasion })
    },
    alphas: () => alphasOf(heap, parameters),
  }
}
