/**
 * A model on crossbar tiles, as places on the heap and numbers: what a worker must know to program, read and use a tile.
 * Weights themselves are not here: they pass through while a chip is read, only the cells that come of them stay.
 */
import { maxCodeOf } from '../../domain/crossbar/converter.js'
import { tilesOf, type Piece, type Tile } from '../../domain/crossbar/tiling.js'
import { linearLayers, type Architecture } from '../../domain/encoder/architecture.js'
import type { Hardware } from '../../domain/experiment/hardware.js'
import { limits } from '../../domain/random/addresses.js'
import { placesOf } from '../../domain/ranges/spare.js'
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
  /** gamma_j: digital factors beside the drift compensation, over how many columns' outputs are averaged. */
  readonly gains: Ptr
  /** b_j, added digitally: the offset of a compensation that has one and, on the layer's last row tile, the bias. */
  readonly offsets: Ptr
}

/** Copies of a tile's rows on rows that would lie idle, below the tile's own. */
export interface RowCopies {
  /** uint32 [count], ascending: of each, the row of the tile that it is a copy of. */
  readonly at: Ptr
  readonly count: number
  /** Address of the first one's devices: beyond the layer's inputs. */
  readonly firstRow: number
}

/** Columns side by side on a tile: those of the layer, or spare ones. */
export interface ColumnBlock {
  /** In the addresses of noise: the position in the layer of the tile, spare columns after all of them. */
  readonly index: number
  readonly rows: Piece
  /** Addresses of devices; spare columns have theirs beyond the layer's outputs. */
  readonly columns: Piece
  /** int16 cells, or binary32 panels for an ideal DAC. */
  readonly cells: Ptr
  /** Panels of bytes; 0: read noise per read. */
  readonly variances: Ptr
  readonly column: ColumnPlaces
  readonly rowCopies: RowCopies
  /** uint32 [rows of devices]: the row at each place of the bit lines, the ADC's last; 0: in their own order. */
  readonly rowOrder: Ptr
  /** Targets are pre-distorted against the IR drop. */
  readonly preDistorted: boolean
}

/** Copies of a tile's columns on columns that would lie idle. */
export interface SpareBlock extends ColumnBlock {
  /** Of each spare column: the column of the tile that it is a copy of. */
  readonly owners: Uint16Array
}

export interface TilePlaces extends ColumnBlock {
  /** Position in the model; `index` is that in its layer. */
  readonly number: number
  /** beta: largest input that is not clipped. */
  readonly inputRange: number
  /** Each input vector has a range of its own, its largest magnitude, in units of `inputRange`. */
  readonly dynamic: boolean
  /** f32 [rows]: what each input is divided by before the DAC, and each weight multiplied by; 0: nothing. */
  readonly rowScales: Ptr
  readonly spare: SpareBlock | null
}

/** Rows of devices that a block takes. */
export const deviceRows = ({ rows, rowCopies }: Pick<ColumnBlock, 'rows' | 'rowCopies'>): number =>
  rows.size + rowCopies.count

/** On how many rows each of the tile's stands. */
export const rowPlaces = (
  { u32 }: Pick<Heap, 'u32'>,
  { rows, rowCopies: { at, count } }: Pick<ColumnBlock, 'rows' | 'rowCopies'>,
): Uint16Array => placesOf(rows.size, Uint16Array.from(count === 0 ? [] : u32(at, count)))

/** All columns of a tile, the layer's first. */
export const blocksOf = (tile: TilePlaces): readonly ColumnBlock[] =>
  tile.spare === null ? [tile] : [tile, tile.spare]

/** How many columns' outputs are averaged, of each column of the layer's. */
export const averagedIn = ({ columns, spare }: TilePlaces): Uint16Array =>
  placesOf(columns.size, spare?.owners ?? new Uint16Array(0))

/** Calibration vectors of a layer on the heap: f32 [count, inputs], and how much each output counts, f32 [count, outputs]. */
export interface VectorPlaces {
  readonly count: number
  readonly x: Ptr
  readonly h: Ptr
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
  /** What a compensation with an offset is fitted on; null: there is none. */
  readonly vectors: VectorPlaces | null
}

/** What all tiles of a model have in common. */
export interface ChipSettings {
  readonly hardware: Hardware
  readonly converters: Converters
  readonly seed: number
  /** deviceLawsBytes: the device's laws. */
  readonly laws: Ptr
}

export interface AnalogParameters extends EmbeddingParameters {
  readonly chip: ChipSettings
  readonly layers: ReadonlyMap<string, AnalogLayer>
  readonly tiles: number
}

export const convertersOf = (h: Hardware): Converters => ({
  dacMaxCode: maxCodeOf(h.dac.bits),
  adcMaxCode: maxCodeOf(h.adc.bits),
  adcBound: h.adc.bound,
  outputNoise: h.outputNoise,
  perVmm: h.readNoise === 'per VMM' && h.noiseScales.read > 0,
})

/** R g_max: a bit line's wire segment against a device at full scale; 0 without IR drop. */
export const loadOf = ({ wireResistanceOhm, device }: Hardware): number =>
  wireResistanceOhm * device.gMaxMicroSiemens * 1e-6

/** Largest cell of a tile such that no column sum overflows. */
export const maxCellOf = (tile: Pick<ColumnBlock, 'rows' | 'rowCopies'>, c: Converters): number =>
  largestCell(deviceRows(tile), Math.max(1, c.dacMaxCode))

/** Bytes of a tile's cells. */
export const tileBytes = (rows: number, columns: number, c: Converters): number =>
  c.dacMaxCode === 0 ? panelsBytes(rows, columns) : cellsBytes(rows, columns, false)

/** How many rows of devices and columns a block has. */
interface Extent {
  readonly rows: number
  readonly rowCopies: number
  readonly columns: number
}

/** Bytes of the blocks that a tile takes. */
const roomsOf = ({ rows, rowCopies, columns }: Extent, c: Converters) => ({
  cells: tileBytes(rows, columns, c),
  variances: c.perVmm ? cellsBytes(rows, columns, true) : 0,
  columns: 4 * paddedColumns(columns) * 11,
  order: 4 * rows,
  rowCopies: 4 * rowCopies,
})

/** As heaps and scratch stacks align their blocks. */
const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64

const roomOfBlock = (block: Extent, c: Converters): number => {
  const { cells, variances, columns, order, rowCopies } = roomsOf(block, c)
  return aligned(cells) + aligned(variances) + aligned(columns) + aligned(order) + aligned(rowCopies)
}

/** Bytes of a tile's blocks one after the other. @param spare columns and rows in use */
export const roomOf = (
  { rows, columns }: Pick<Tile, 'rows' | 'columns'>,
  c: Converters,
  { copies, rowCopies, rowScales }: Pick<TileRanges, 'copies' | 'rowCopies' | 'rowScales'> = {},
): number => {
  const ofRows = { rows: rows.size + (rowCopies?.length ?? 0), rowCopies: rowCopies?.length ?? 0 }
  const spare = copies?.length ?? 0
  return (
    aligned(4 * (rowScales?.length ?? 0)) +
    roomOfBlock({ ...ofRows, columns: columns.size }, c) +
    (spare === 0 ? 0 : roomOfBlock({ ...ofRows, columns: spare }, c))
  )
}

const columnPlaces = (at: Ptr, columns: number): ColumnPlaces => {
  const width = paddedColumns(columns)
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
    gains: place(9),
    offsets: place(10),
  }
}

/** What a tile's ranges come to: chosen once for a model and its hardware, by whatever rule. */
export interface TileRanges {
  /** beta: largest input that is not clipped; positive. */
  readonly inputRange: number
  /** c_j of each column, in the unit of the weights; 0: a column of zeros. */
  readonly fullScales: Float32Array
  /** gamma_j: what each column's output is multiplied by digitally, beside beta c_j and the drift compensation; default 1. */
  readonly gains?: Float32Array
  /** Of each spare column in use: the column of the tile that it is a copy of; default: none is used. */
  readonly copies?: Uint16Array
  /** Of each spare row in use, ascending: the row of the tile that it is a copy of; default: none is used. */
  readonly rowCopies?: Uint16Array
  /** Factor of each row, which its inputs are divided by and its weights multiplied by; default, and if empty: none. */
  readonly rowScales?: Float32Array
  /** Whether each input vector has a range of its own, its largest magnitude; `inputRange` is 1 then. */
  readonly dynamic?: boolean
  /** The row at each place of the bit lines, copies after the tile's own, the ADC's last; default: in this order. */
  readonly rowOrder?: Uint32Array
  /** Whether targets are pre-distorted against the IR drop; default: they are not. */
  readonly preDistorted?: boolean
}

/** Calibration vectors of a layer, and how much an error in each output counts there. */
export interface CalibrationVectors {
  readonly count: number
  /** [count, inputs]. */
  readonly x: Float32Array
  /** [count, outputs]. */
  readonly h: Float32Array
}

/** What a layer's tiles have in common, as their places need it. */
export type LayerOfTiles = Pick<AnalogLayer, 'outputs' | 'inputs'> & { readonly tiles: number }

const placeBlock = (
  heap: Pick<Heap, 'f32' | 'u32'>,
  allocate: Heap['allocate'],
  { index, rows, columns }: Pick<ColumnBlock, 'index' | 'rows' | 'columns'>,
  {
    fullScales,
    gains,
    rowOrder,
    preDistorted = false,
    rowCopies,
  }: Required<Pick<TileRanges, 'fullScales' | 'gains'>> &
    Pick<TileRanges, 'rowOrder' | 'preDistorted'> & {
      readonly rowCopies: { readonly owners: Uint16Array; readonly firstRow: number }
    },
  converters: Converters,
): ColumnBlock => {
  const { owners, firstRow } = rowCopies
  const devices = rows.size + owners.length
  const rooms = roomsOf({ rows: devices, rowCopies: owners.length, columns: columns.size }, converters)
  const block: ColumnBlock = {
    ...{ index, rows, columns },
    cells: allocate(rooms.cells),
    variances: converters.perVmm ? allocate(rooms.variances) : 0,
    column: columnPlaces(allocate(rooms.columns), columns.size),
    ...{ rowOrder: rowOrder === undefined ? 0 : allocate(rooms.order), preDistorted },
    rowCopies: { at: owners.length === 0 ? 0 : allocate(rooms.rowCopies), count: owners.length, firstRow },
  }
  if (rowOrder !== undefined) heap.u32(block.rowOrder, devices).set(rowOrder)
  if (owners.length > 0) heap.u32(block.rowCopies.at, owners.length).set(owners)
  const width = paddedColumns(columns.size)
  heap.f32(block.column.fullScales, width).fill(0).set(fullScales)
  heap.f32(block.column.gains, width).fill(1).set(gains)
  heap.f32(block.column.offsets, width).fill(0)
  return block
}

/**
 * The layers on tiles with room for their cells, full scales written.
 * @param allocate where: the heap's, or a thread's scratch stack for tiles that live shortly
 * @param number of the tile in the model
 */
export const placeTile = (
  heap: Pick<Heap, 'f32' | 'u32'>,
  allocate: Heap['allocate'],
  { index, rows, columns }: Tile,
  ranges: TileRanges,
  converters: Converters,
  number: number,
  layer: LayerOfTiles,
): TilePlaces => {
  const { inputRange, fullScales, gains, copies, rowCopies, dynamic = false, rowOrder, preDistorted = false } = ranges
  const { rowScales = new Float32Array(0) } = ranges
  const scalesAt = rowScales.length === 0 ? 0 : allocate(4 * rowScales.length)
  if (scalesAt !== 0) heap.f32(scalesAt, rowScales.length).set(rowScales)
  const owners = copies ?? new Uint16Array(0)
  const shares = Float32Array.from(placesOf(columns.size, owners), (k, j) => (gains?.[j] ?? 1) / k)
  const against = {
    ...{ preDistorted, ...(rowOrder === undefined ? {} : { rowOrder }) },
    // Beyond the layer's inputs, and beyond the spare rows of the tiles before.
    rowCopies: { owners: rowCopies ?? new Uint16Array(0), firstRow: layer.inputs + limits.tileColumn * index },
  }
  const block = placeBlock(
    heap,
    allocate,
    { index, rows, columns },
    { fullScales, gains: shares, ...against },
    converters,
  )
  const copied = (of: Float32Array): Float32Array => Float32Array.from(owners, j => of[j] ?? NaN)
  const spare =
    owners.length === 0
      ? null
      : placeBlock(
          ...([heap, allocate] as const),
          // Beyond the layer's columns, and beyond the spare ones of the tiles before.
          {
            index: layer.tiles + index,
            rows,
            columns: { first: layer.outputs + limits.tileColumn * index, size: owners.length },
          },
          { fullScales: copied(fullScales), gains: copied(shares), ...against },
          converters,
        )
  return {
    ...{ ...block, number, inputRange, dynamic, rowScales: scalesAt },
    spare: spare === null ? null : { ...spare, owners },
  }
}

export interface Mapping {
  readonly architecture: Architecture
  readonly chip: ChipSettings
  /** Of every tile, in the order of the model. */
  readonly ranges: readonly TileRanges[]
  /** Of every layer, for a compensation that is fitted on them; null: there is none. */
  readonly vectors: ReadonlyMap<string, CalibrationVectors> | null
}

/** On the heap. @throws RangeError if the layer has none, though others have */
export const placeVectors = (
  heap: Pick<Heap, 'allocate' | 'f32'>,
  layer: string,
  all: ReadonlyMap<string, CalibrationVectors> | null,
): VectorPlaces | null => {
  if (all === null) return null
  const own = all.get(layer)
  if (own === undefined) throw new RangeError(`no calibration vectors of ${layer}`)
  const placed = (numbers: Float32Array): Ptr => {
    const at = heap.allocate(numbers.byteLength)
    heap.f32(at, numbers.length).set(numbers)
    return at
  }
  return { count: own.count, x: placed(own.x), h: placed(own.h) }
}

/** Room for every tile, and what of the model stays digital. @throws RangeError if a tile has no ranges. */
export const layOut = async (
  { architecture, chip, ranges, vectors }: Mapping,
  read: ReadTensor,
  heap: Pick<Heap, 'allocate' | 'f32' | 'u32'>,
): Promise<AnalogParameters> => {
  const layers = new Map<string, AnalogLayer>()
  let number = 0
  for (const [position, layer] of linearLayers(architecture).entries()) {
    const bias = heap.allocate(4 * layer.outputs)
    await read(`${layer.name}.bias`, heap.f32(bias, layer.outputs))
    const described = tilesOf(layer, chip.hardware.tile)
    // One block of the heap a layer: it looks through all its blocks for each new one.
    const first = number
    const room = (tile: Tile, k: number): number => roomOf(tile, chip.converters, ranges[first + k])
    let next = heap.allocate(described.reduce((sum, tile, k) => sum + room(tile, k), 0))
    const take = (bytes: number): Ptr => {
      const at = next
      next += aligned(bytes)
      return at
    }
    const tiles = described.map(tile => {
      const own = ranges[number]
      if (own === undefined) throw new RangeError(`no ranges for tile ${tile.index} of ${layer.name}`)
      return placeTile(heap, take, tile, own, chip.converters, number++, {
        ...{ inputs: layer.inputs, outputs: layer.outputs, tiles: described.length },
      })
    })
    layers.set(layer.name, {
      ...layer,
      ...{ number: position, bias, tiles },
      vectors: placeVectors(heap, layer.name, vectors),
    })
  }
  return { ...(await loadEmbedding(architecture, read, heap)), chip, layers, tiles: number }
}
