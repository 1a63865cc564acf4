/**
 * A model on crossbar tiles, as places on the heap and numbers: what a worker must know to program, read and use a tile.
 * Weights themselves are not here: they pass through while a chip is read, only the cells that come of them stay.
 */
import { maxCodeOf } from '../../domain/crossbar/converter.js'
import { tilesOf, type Piece } from '../../domain/crossbar/tiling.js'
import { linearLayers, type Architecture } from '../../domain/encoder/architecture.js'
import type { Hardware } from '../../domain/experiment/hardware.js'
import { panelsBytes } from '../../kernels/kernels.js'
import type { Heap, Ptr } from '../../kernels/heap.js'
import { squareShift } from '../../kernels/reference/pulse-width.js'
import { largestCell, paddedColumns } from '../../kernels/reference/vmm.js'
import { cellsBytes } from '../../kernels/tile.js'
import type { ReadTensor } from '../digital/parameters.js'
import { loadEmbedding, type EmbeddingParameters } from '../digital/parameters.js'

/** How a tile converts: 0 codes stand for an ideal converter. */
export interface Converters {
  readonly dacMaxCode: number
  readonly adcMaxCode: number
  /** Largest column sum that is not clipped, in full-scale weights times full-scale inputs. */
  readonly adcBound: number
  /** Standard deviation of the noise before the ADC, in the unit of the bound. */
  readonly outputNoise: number
  readonly perVmm: boolean
}

/** Codes that the variance of read noise per VMM is computed from. */
export interface VarianceCodes {
  readonly maxCode: number
  /** Their range over the tile's input range. */
  readonly rangeFactor: number
}

/**
 * The DAC's own codes; with an ideal DAC 12-bit ones over four input ranges, so that hardly an input is clipped and the
 * variance of a noise is good to a thousandth.
 */
export const varianceCodes = ({ dacMaxCode }: Converters): VarianceCodes =>
  dacMaxCode > 0 ? { maxCode: dacMaxCode, rangeFactor: 1 } : { maxCode: 2047, rangeFactor: 4 }

/** From a sum of squares times variance codes to the variance of z, but for the value of a variance code. */
export const varianceUnit = (c: Converters): number => {
  const { maxCode, rangeFactor } = varianceCodes(c)
  return (2 ** squareShift(maxCode) * rangeFactor ** 2) / maxCode ** 2
}

/** Per column [padded columns], in f32, within one block. */
export interface ColumnPlaces {
  /** c_j; 0: a column of zeros. */
  readonly fullScales: Ptr
  /** Value of a cell of 1, of a variance of 1. */
  readonly scales: Ptr
  readonly varianceScales: Ptr
  /** From a sum to z; from an ADC code to y; from a sum of variances to the variance of z. */
  readonly zScale: Ptr
  readonly yScale: Ptr
  readonly zVarianceScale: Ptr
  /** Drift compensation. */
  readonly alphas: Ptr
  /** f64: sums of |z| over the calibration vectors right after programming. */
  readonly firstSums: Ptr
}

export interface TilePlaces {
  /** Position in its layer, and in the model. */
  readonly index: number
  readonly number: number
  readonly rows: Piece
  readonly columns: Piece
  /** beta: largest input that is not clipped. */
  readonly inputRange: number
  /** int16 cells, or binary32 panels for an ideal DAC. */
  readonly cells: Ptr
  /** Panels of bytes; 0: read noise per read. */
  readonly variances: Ptr
  readonly column: ColumnPlaces
}

export interface AnalogLayer {
  readonly name: string
  /** Position in the forward pass: part of every address of a random number. */
  readonly number: number
  readonly inputs: number
  readonly outputs: number
  readonly bias: Ptr
  /** Row piece by row piece. */
  readonly tiles: readonly TilePlaces[]
}

export interface AnalogParameters extends EmbeddingParameters {
  readonly hardware: Hardware
  readonly converters: Converters
  readonly seed: number
  readonly layers: ReadonlyMap<string, AnalogLayer>
  readonly tiles: number
  /** deviceLawsBytes: the device's laws. */
  readonly model: Ptr
}

export const convertersOf = (h: Hardware): Converters => ({
  dacMaxCode: maxCodeOf(h.dac.bits),
  adcMaxCode: maxCodeOf(h.adc.bits),
  adcBound: h.adc.bound,
  outputNoise: h.outputNoise,
  perVmm: h.readNoise === 'per VMM' && h.noiseScales.read > 0,
})

/** Largest cell of a tile such that no column sum overflows. */
export const maxCellOf = (tile: Pick<TilePlaces, 'rows'>, c: Converters): number =>
  largestCell(tile.rows.size, Math.max(1, c.dacMaxCode))

/** Bytes of a tile's cells. */
export const tileBytes = (rows: number, columns: number, c: Converters): number =>
  c.dacMaxCode === 0 ? panelsBytes(rows, columns) : cellsBytes(rows, columns, false)

const columnPlaces = (heap: Pick<Heap, 'allocate'>, columns: number): ColumnPlaces => {
  const width = paddedColumns(columns)
  const at = heap.allocate(4 * width * 9)
  const place = (i: number): Ptr => at + 4 * width * i
  return {
    fullScales: place(0),
    scales: place(1),
    varianceScales: place(2),
    zScale: place(3),
    yScale: place(4),
    zVarianceScale: place(5),
    alphas: place(6),
    firstSums: place(7),
  }
}

/** beta of each tile of a layer, in the order of its tiles. */
export type InputRanges = ReadonlyMap<string, readonly number[]>

export interface Mapping {
  readonly architecture: Architecture
  readonly hardware: Hardware
  readonly seed: number
  readonly inputRanges: InputRanges
  /** Where the device's laws stand. */
  readonly model: Ptr
}

/** Room for every tile, and what of the model stays digital. @throws RangeError if an input range is missing. */
export const layOut = async (
  m: Mapping,
  read: ReadTensor,
  heap: Pick<Heap, 'allocate' | 'f32'>,
): Promise<AnalogParameters> => {
  const { architecture, hardware, seed, model } = m
  const converters = convertersOf(hardware)
  const layers = new Map<string, AnalogLayer>()
  let number = 0
  for (const [position, layer] of linearLayers(architecture).entries()) {
    const ranges = m.inputRanges.get(layer.name) ?? []
    const bias = heap.allocate(4 * layer.outputs)
    await read(`${layer.name}.bias`, heap.f32(bias, layer.outputs))
    const tiles = tilesOf(layer, hardware.tile).map((tile): TilePlaces => {
      const inputRange = ranges[tile.index]
      if (inputRange === undefined) throw new RangeError(`no input range for tile ${tile.index} of ${layer.name}`)
      const { rows, columns } = tile
      return {
        ...{ index: tile.index, number: number++, rows, columns, inputRange },
        cells: heap.allocate(tileBytes(rows.size, columns.size, converters)),
        variances: converters.perVmm ? heap.allocate(cellsBytes(rows.size, columns.size, true)) : 0,
        column: columnPlaces(heap, columns.size),
      }
    })
    layers.set(layer.name, { ...layer, number: position, bias, tiles })
  }
  const embedding = await loadEmbedding(architecture, read, heap)
  return { ...embedding, hardware, converters, seed, layers, tiles: number, model }
}
