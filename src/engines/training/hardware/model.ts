/**
 * What a model in hardware-aware training has beside its tensors, on the kernels' heap: ranges of its tiles, the copies of its
 * weights that are computed with, the device's deviation, and room for what gradients of ranges are made of.
 * A plain value of places and sizes, for all workers. Not here: what is done with them.
 */
import { maxCodeOf } from '../../../domain/crossbar/converter.js'
import { tilesOf, type Piece } from '../../../domain/crossbar/tiling.js'
import { deviceModel } from '../../../domain/devices/characterised.js'
import { momentGrid } from '../../../domain/devices/moment-grid.js'
import { linearLayers } from '../../../domain/encoder/architecture.js'
import {
  checkHardwareAware,
  columnRangesOf,
  converts,
  inputRangesOf,
  type HardwareAware,
} from '../../../domain/training/hardware-aware.js'
import { residualDeviations } from '../../../domain/training/residual-noise.js'
import type { Heap, Ptr } from '../../../kernels/heap.js'
import { parameterOf } from '../../digital/algebra.js'
import type { Tensor, TrainingParameters } from '../parameters.js'

export interface HardwareTile {
  /** Position in its layer. */
  readonly index: number
  readonly rows: Piece
  readonly columns: Piece
  /** f32: beta. */
  readonly inputRange: Ptr
  /** f32 [columns]: c_j, learned, or the largest weights of the step. */
  readonly fullScales: Ptr
  /** f32 [columns]: sums over tokens of dy times the readout's residue; f32 [rows]: of quantiseGradient's products. */
  readonly columnSums: Ptr
  readonly rowSums: Ptr
}

export interface HardwareLayer {
  readonly name: string
  /** Position in the forward pass: part of every address of a random number. */
  readonly number: number
  readonly inputs: number
  readonly outputs: number
  /** Row piece by row piece. */
  readonly tiles: readonly HardwareTile[]
}

/** A range tensor, learned or not. */
export interface RangePlace {
  readonly at: Ptr
  readonly length: number
}

export interface HardwareModel {
  readonly settings: HardwareAware
  readonly layers: ReadonlyMap<string, HardwareLayer>
  /** Ranges by name, as a checkpoint keeps them: input ranges where inputs are converted, column ranges where learned. */
  readonly ranges: ReadonlyMap<string, RangePlace>
  /** Whether layers go through converters and noise, tile by tile. */
  readonly converts: boolean
  /** Whether layers compute with a changed copy of their weights. */
  readonly changes: boolean
  readonly dacMaxCode: number
  readonly adcMaxCode: number
  readonly learnsInputs: boolean
  readonly learnsColumns: boolean
  /** R g_max; 0: no IR drop. */
  readonly load: number
  /** f32 [deviationSteps + 1]; 0: the noise is not of a device. */
  readonly deviations: Ptr
}

/** Steps of the ADC in units of full scale: what a residue is multiplied by. */
export const adcStep = ({ adcMaxCode, settings }: HardwareModel): number =>
  adcMaxCode === 0 ? 1 : settings.adc.bound / adcMaxCode

const placeDeviations = (heap: Pick<Heap, 'allocate' | 'f32'>, settings: HardwareAware): Ptr => {
  const { weightNoise: noise, device, noiseScales } = settings
  if (noise.rule !== 'device') return 0
  const table = residualDeviations(momentGrid(deviceModel(device, noiseScales), noise.time), noise.scale)
  const at = heap.allocate(table.byteLength)
  heap.f32(at, table.length).set(table)
  return at
}

/**
 * The same model with room for training on this hardware: learned ranges among its tensors, copies under `used`. Ranges are 1
 * until they are initialised or written. @throws RangeError for settings out of range
 */
export const placeHardware = (
  parameters: TrainingParameters,
  settings: HardwareAware,
  heap: Pick<Heap, 'allocate' | 'f32' | 'i32'>,
): TrainingParameters => {
  checkHardwareAware(settings)
  const [dacMaxCode, adcMaxCode] = [maxCodeOf(settings.dac.bits), maxCodeOf(settings.adc.bits)]
  const converting = converts(settings)
  const learnsColumns = settings.learn.includes('column ranges')
  const load = settings.wireResistanceOhm * settings.device.gMaxMicroSiemens * 1e-6
  const changes = settings.weightNoise.rule !== 'none' || learnsColumns || load > 0
  const filled = (length: number, value: number): Ptr => {
    const at = heap.allocate(4 * length)
    heap.f32(at, length).fill(value)
    return at
  }
  const tensors = new Map<string, Tensor>(parameters.tensors)
  const ranges = new Map<string, RangePlace>()
  const placedRanges = (name: string, length: number, kept: boolean, learned: boolean): Ptr => {
    const at = filled(length, 1)
    if (kept) ranges.set(name, { at, length })
    if (learned) {
      const moments = { gradient: filled(length, 0), first: filled(length, 0), second: filled(length, 0) }
      tensors.set(name, { at, length, used: at, ...moments, index: tensors.size })
    }
    return at
  }
  const learnsInputs = converting && settings.learn.includes('input ranges')
  const layers = new Map<string, HardwareLayer>()
  for (const [number, layer] of linearLayers(parameters.architecture).entries()) {
    const tiles = tilesOf(layer, settings.tile)
    const columns = tiles.reduce((sum, t) => sum + t.columns.size, 0)
    const inputRanges = placedRanges(inputRangesOf(layer.name), tiles.length, converting, learnsInputs)
    let fullScales = placedRanges(columnRangesOf(layer.name), columns, learnsColumns, learnsColumns)
    const placed = tiles.map((tile, i): HardwareTile => {
      const own = fullScales
      fullScales += 4 * tile.columns.size
      return {
        ...{ index: tile.index, rows: tile.rows, columns: tile.columns },
        ...{ inputRange: inputRanges + 4 * i, fullScales: own },
        columnSums: learnsInputs || (converting && learnsColumns) ? filled(tile.columns.size, 0) : 0,
        rowSums: learnsInputs ? filled(tile.rows.size, 0) : 0,
      }
    })
    layers.set(layer.name, { ...layer, number, tiles: placed })
    if (changes) {
      const name = `${layer.name}.weight`
      const weight = parameterOf(tensors, name)
      tensors.set(name, { ...weight, used: heap.allocate(4 * weight.length) })
    }
  }
  const turns = heap.allocate(4 * tensors.size)
  heap.i32(turns, tensors.size).fill(0)
  return {
    ...{ ...parameters, tensors, turns },
    hardware: {
      ...{
        settings,
        layers,
        ranges,
        converts: converting,
        changes,
        dacMaxCode,
        adcMaxCode,
        learnsInputs,
        learnsColumns,
        load,
      },
      deviations: placeDeviations(heap, settings),
    },
  }
}

/** The ranges as a checkpoint keeps them: copies. */
export const readRanges = (heap: Pick<Heap, 'f32'>, { ranges }: HardwareModel): ReadonlyMap<string, Float32Array> =>
  new Map([...ranges].map(([name, { at, length }]) => [name, heap.f32(at, length).slice()]))

/** @throws RangeError unless every range is there, as long as it should be, and positive */
export const writeRanges = (
  heap: Pick<Heap, 'f32'>,
  { ranges }: HardwareModel,
  values: ReadonlyMap<string, Float32Array>,
): void => {
  for (const [name, { at, length }] of ranges) {
    const given = values.get(name)
    if (given?.length !== length || !given.every(x => x > 0 && x < Infinity))
      throw new RangeError(`"${name}" expected ${length} positive numbers, got ${given?.length ?? 'none'}`)
    heap.f32(at, length).set(given)
  }
}
