/** One linear layer on tiles in this thread: any weights, read as often as wanted, any inputs. */
import { tilesOf } from '../../../src/domain/crossbar/tiling.js'
import { characterisationOf, deviceModel } from '../../../src/domain/devices/characterised.js'
import { momentGrid, type MomentGrid } from '../../../src/domain/devices/moment-grid.js'
import type { HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import type { Repetition } from '../../../src/domain/experiment/plan.js'
import { layerInto } from '../../../src/engines/analog/algebra.js'
import {
  placeTile,
  placeVectors,
  type AnalogLayer,
  type CalibrationVectors,
} from '../../../src/engines/analog/parameters.js'
import { momentColumnsAt, momentGridBytes } from '../../../src/engines/analog/moments.js'
import { comparesWithFirst, readTile, usesMoments } from '../../../src/engines/analog/readTile.js'
import { openWorkbench } from '../../../src/engines/workbench.js'
import { orThrow } from '../../../src/io/fault.js'
import { createHeap } from '../../../src/kernels/heap.js'
import { chipSettings, momentAt } from '../../../src/pipelines/analog.js'
import { chipWith } from './miniature.js'

const heap = createHeap()
const bench = await orThrow(openWorkbench(heap, {}))

export interface Matrix {
  readonly inputs: number
  readonly outputs: number
  /** [outputs, inputs] */
  readonly weights: Float32Array
}

export const matrix = (inputs: number, outputs: number, weight: (output: number, input: number) => number): Matrix => ({
  ...{ inputs, outputs },
  weights: Float32Array.from({ length: inputs * outputs }, (_, at) => weight(Math.floor(at / inputs), at % inputs)),
})

export interface Placed {
  readonly inputRange?: number
  /** Of every column of every tile; else its largest weight there. */
  readonly fullScale?: number
  readonly seed?: number
  /** Owners of every tile's spare columns. */
  readonly copies?: Uint16Array
  /** Owners of every tile's spare rows. */
  readonly rowCopies?: Uint16Array
  /** Factors of the layer's rows; full scales are of the weights times them. */
  readonly rowScales?: Float32Array
  /** Rows of every tile at each place of its bit lines. */
  readonly rowOrder?: Uint32Array
  readonly preDistorted?: boolean
  readonly dynamic?: boolean
  readonly vectors?: CalibrationVectors | null
}

export const layerOnChip = (change: HardwareOverride, { inputs, outputs, weights }: Matrix, placement: Placed = {}) => {
  const { inputRange = 1, fullScale, seed = 3, copies, rowCopies, rowOrder, dynamic = false } = placement
  const { vectors = null, preDistorted = false, rowScales = new Float32Array(0) } = placement
  const hardware = chipWith({ tile: { rows: 512, columns: 512 }, ...change })
  const chip = chipSettings(heap, hardware, seed)
  const at = heap.allocate(4 * inputs * outputs)
  heap.f32(at, inputs * outputs).set(weights)
  const tiles = tilesOf({ name: 'layer', inputs, outputs }, hardware.tile).map(tile => {
    const fullScales = Float32Array.from({ length: tile.columns.size }, (_, j) => {
      const first = (tile.columns.first + j) * inputs + tile.rows.first
      const scaleOf = (row: number): number => rowScales[tile.rows.first + row] ?? 1
      const column = weights.subarray(first, first + tile.rows.size)
      return fullScale ?? column.reduce((m, w, i) => Math.max(m, Math.abs(Math.fround(w * scaleOf(i)))), 0)
    })
    return placeTile(
      heap,
      heap.allocate,
      tile,
      {
        inputRange,
        fullScales,
        ...{ dynamic, preDistorted },
        rowScales: rowScales.slice(tile.rows.first, tile.rows.first + tile.rows.size),
        ...(copies === undefined ? {} : { copies }),
        ...(rowCopies === undefined ? {} : { rowCopies }),
        ...(rowOrder === undefined ? {} : { rowOrder }),
      },
      chip.converters,
      tile.index,
      {
        ...{
          inputs,
          outputs,
          tiles: Math.ceil(inputs / hardware.tile.rows) * Math.ceil(outputs / hardware.tile.columns),
        },
      },
    )
  })
  const placed = vectors === null ? null : placeVectors(heap, 'layer', new Map([['layer', vectors]]))
  const layer: AnalogLayer = { name: 'layer', number: 4, inputs, outputs, bias: 0, tiles, vectors: placed }
  let occasion = { chip: 0, read: 0 }
  const grids = new Map<number, MomentGrid>()

  return {
    hardware,
    tiles,
    model: deviceModel(hardware.device, hardware.noiseScales),
    characterisation: characterisationOf(hardware.device),
    read: ({ chip: number, read, timeSeconds }: Repetition): void => {
      occasion = { chip: number, read }
      const moments = usesMoments(hardware) ? heap.allocate(momentGridBytes) : 0
      if (moments !== 0) {
        const grid =
          grids.get(timeSeconds) ?? momentGrid(deviceModel(hardware.device, hardware.noiseScales), timeSeconds)
        grids.set(timeSeconds, grid)
        momentColumnsAt({ heap }, moments).mean.set(grid.mean)
        momentColumnsAt({ heap }, moments).variance.set(grid.variance)
      }
      for (const tile of tiles)
        readTile(bench, chip, layer, tile, {
          ...{ weights: at, occasion, moments },
          now: momentAt(hardware, timeSeconds),
          first: comparesWithFirst(hardware) ? momentAt(hardware, 0) : null,
        })
      if (moments !== 0) heap.free(moments)
    },
    /** Factors, tile by tile. */
    alphas: (): readonly Float32Array[] => tiles.map(t => heap.f32(t.column.alphas, t.columns.size).slice()),
    /** y [rows, outputs] of x [rows, inputs]. */
    multiply: (x: Float32Array, examples: readonly number[], tokens: readonly number[] = examples.map(() => 0)) =>
      bench.scratch.within(() => {
        const rows = examples.length
        const words = (list: readonly number[]): number => {
          const place = bench.scratch.take(4 * rows)
          heap.u32(place, rows).set(list)
          return place
        }
        const [from, to] = [bench.scratch.take(4 * rows * inputs), bench.scratch.take(4 * rows * outputs)]
        heap.f32(from, rows * inputs).set(x)
        const counts = new Uint32Array(2 * tiles.length)
        layerInto(
          ...([bench, chip, layer] as const),
          [
            { at: from, rows, width: inputs },
            { at: to, rows, width: outputs },
          ],
          { occasion, output: 'output', vmmRead: 'vmmRead', tokens: words(tokens), examples: words(examples) },
          counts,
        )
        return heap.f32(to, rows * outputs).slice()
      }),
  }
}

/** Equal rows. */
export const repeated = (x: Float32Array, times: number): Float32Array =>
  Float32Array.from({ length: times * x.length }, (_, at) => x[at % x.length] ?? NaN)
