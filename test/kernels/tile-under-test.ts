/**
 * One tile as two plain functions of arrays: `read` gives what its devices hold, `multiply` what comes out for inputs.
 * What properties are stated over (tile-properties.ts); `tileOf` is the tile that a set of kernels makes.
 */
import type { Origin } from '../../src/domain/random/addresses.js'
import type { Heap, Ptr } from '../../src/kernels/heap.js'
import { panelsBytes, type Kernels } from '../../src/kernels/kernels.js'
import { deviceLawsBytes, writeDeviceLaws, type DeviceLaws } from '../../src/kernels/reference/law.js'
import { squareShift } from '../../src/kernels/reference/pulse-width.js'
import { cellPlace, cellsLength, codeStep, largestCell, paddedColumns } from '../../src/kernels/reference/vmm.js'
import type { Scratch } from '../../src/kernels/scratch.js'
import { cellsBytes, codesBytes, readCellsScratchBytes, sumsBytes } from '../../src/kernels/tile.js'

/** Devices, and the occasion of their reading. */
export interface Crossbar {
  readonly rows: number
  readonly columns: number
  /** Of the first cell, in the layer: where its random numbers stand. */
  readonly firstRow: number
  readonly firstColumn: number
  /** [columns, rows], as a layer is stored. */
  readonly weights: Float32Array
  /** c_j [columns]. */
  readonly fullScales: Float32Array
  readonly laws: DeviceLaws
  readonly logTime: number
  readonly readScale: number
  /** R g_max; 0: no IR drop. */
  readonly load: number
  readonly perVmm: boolean
  /** Of the DAC; decides how fine the integer grid may be. 0: no grid is needed. */
  readonly dacMaxCode: number
  readonly life: Origin
  readonly occasion: Origin
}

/** Tables are [rows, columns], in units of full scale. */
export interface Reading {
  readonly rows: number
  readonly columns: number
  readonly fullScales: Float32Array
  readonly dacMaxCode: number
  readonly perVmm: boolean
  /** Before the integer grid. */
  readonly effective: Float32Array
  readonly cells: Int16Array
  /** [columns] */
  readonly scales: Float32Array
  readonly variances: Uint8Array
  readonly varianceScales: Float32Array
  /** Weights beyond their full scale. */
  readonly clipped: number
}

export interface Inputs {
  /** [tokens, rows] */
  readonly x: Float32Array
  /** beta */
  readonly range: number
  /** Of each input vector. */
  readonly tokens: readonly number[]
  readonly examples: readonly number[]
}

/** What the columns do with their sums. */
export interface Columns {
  /** 0: the ADC is off. */
  readonly adcMaxCode: number
  readonly bound: number
  readonly outputNoise: number
  readonly output: Origin
  readonly read: Origin
}

export interface Outputs {
  /** [tokens, columns] */
  readonly y: Float32Array
  /** [tokens, rows]; empty with an ideal DAC. */
  readonly codes: Int16Array
  readonly clippedInputs: number
  readonly saturated: number
}

export interface TileUnderTest {
  readonly read: (c: Crossbar) => Reading
  readonly multiply: (r: Reading, i: Inputs, a: Columns) => Outputs
}

/** The tile of these kernels over this heap, put together as an engine does it. */
export const tileOf = (kernels: Kernels, heap: Heap, scratch: Scratch): TileUnderTest => {
  const floats = (values: Float32Array, length = values.length): Ptr => {
    const at = scratch.take(4 * length)
    heap.f32(at, length).fill(0).set(values)
    return at
  }
  const words = (values: readonly number[]): Ptr => {
    const at = scratch.take(4 * values.length)
    heap.u32(at, values.length).set(values)
    return at
  }
  const shorts = (values: ArrayLike<number>): Ptr => {
    const at = scratch.take(2 * values.length)
    heap.i16(at, values.length).set(values)
    return at
  }

  const read: TileUnderTest['read'] = c =>
    scratch.within(() => {
      const { rows, columns, perVmm, fullScales, dacMaxCode } = c
      const width = paddedColumns(columns)
      const model = scratch.take(deviceLawsBytes(c.laws))
      writeDeviceLaws(heap, model, c.laws)
      const cells = scratch.take(cellsBytes(rows, columns, false))
      const variances = scratch.take(cellsBytes(rows, columns, true))
      const effective = scratch.take(panelsBytes(rows, columns))
      const [scales, varianceScales, counts] = [scratch.take(4 * width), scratch.take(4 * width), scratch.take(4)]
      kernels.readCells({
        ...{ cells, scales, varianceScales, effective, model, rows, columns, counts },
        ...{ firstRow: c.firstRow, firstColumn: c.firstColumn, life: c.life, occasion: c.occasion },
        ...{ logTime: c.logTime, readScale: c.readScale, load: c.load },
        variances: perVmm ? variances : 0,
        w: floats(c.weights),
        fullScales: floats(fullScales, width),
        maxCell: largestCell(rows, Math.max(1, dacMaxCode)),
        scratch: scratch.take(readCellsScratchBytes(rows)),
      })
      const length = cellsLength(rows, columns)
      const [panel, packed] = [heap.f32(effective, rows * width), heap.i16(cells, length)]
      const spread = heap.u8(variances, length)
      const tabled = <T extends Float32Array | Int16Array | Uint8Array>(
        out: T,
        f: (i: number, j: number) => number,
      ) => {
        for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[i * columns + j] = f(i, j)
        return out
      }
      const size = rows * columns
      return {
        ...{ rows, columns, fullScales, dacMaxCode, perVmm },
        effective: tabled(
          new Float32Array(size),
          (i, j) => panel[(j - (j % 16)) * rows + i * 16 + (j % 16)] ?? NaN, // a panel is [rows][16]
        ),
        cells: tabled(new Int16Array(size), (i, j) => packed[cellPlace(rows, i, j)] ?? NaN),
        scales: heap.f32(scales, columns).slice(),
        variances: perVmm
          ? tabled(new Uint8Array(size), (i, j) => spread[cellPlace(rows, i, j)] ?? NaN)
          : new Uint8Array(0),
        varianceScales: perVmm ? heap.f32(varianceScales, columns).slice() : new Float32Array(0),
        clipped: heap.u32(counts, 1)[0] ?? NaN,
      }
    })

  const multiply: TileUnderTest['multiply'] = (r, i, a) =>
    scratch.within(() => {
      const { rows: inner, columns, dacMaxCode } = r
      const rows = i.tokens.length
      const width = paddedColumns(columns)
      const x = floats(i.x)
      // An ideal DAC has no codes for the variances: 12 bits over four ranges, as the engine takes them.
      const coding = dacMaxCode > 0 ? { maxCode: dacMaxCode, factor: 1 } : { maxCode: 2047, factor: 4 }
      const [codes, squares] = [scratch.take(codesBytes(rows, inner)), scratch.take(codesBytes(rows, inner))]
      const counts = scratch.take(64)
      const sums = scratch.take(sumsBytes(rows, columns))
      const variances = scratch.take(sumsBytes(rows, columns))
      kernels.encode({
        ...{ codes, squares, x, rows, inner, counts, maxCode: coding.maxCode, range: i.range * coding.factor },
      })
      const clippedInputs = heap.u32(counts, 2)[0] ?? NaN
      if (dacMaxCode > 0) {
        const panels = scratch.take(cellsBytes(inner, columns, false))
        kernels.packCells({ panels, w: shorts(r.cells), inner, columns, columnStep: 1, innerStep: columns })
        kernels.vmm({ sums, codes, panels, rows, inner, columns })
      } else {
        const panels = scratch.take(panelsBytes(inner, columns))
        kernels.pack({ panels, w: floats(r.effective), inner, columns, columnStep: 1, innerStep: columns })
        kernels.product({ y: sums, x, panels, bias: 0, rows, inner, columns, yRowStep: width })
      }
      if (r.perVmm) {
        const panels = scratch.take(cellsBytes(inner, columns, true))
        kernels.packCells({
          ...{ panels, w: shorts(r.variances), inner, columns, columnStep: 1, innerStep: columns, narrow: true },
        })
        kernels.vmm({ sums: variances, codes: squares, panels, rows, inner, columns, narrow: true })
      }
      const column = (f: (j: number) => number): Ptr =>
        floats(
          Float32Array.from({ length: columns }, (_, j) => f(j)),
          width,
        )
      const unit = (2 ** squareShift(coding.maxCode) * coding.factor ** 2) / coding.maxCode ** 2
      const level = a.adcMaxCode === 0 ? 1 : a.bound / a.adcMaxCode
      const y = scratch.take(4 * rows * columns)
      kernels.readout({
        ...{ y, sums, real: dacMaxCode === 0, rows, columns, offset: 0, bias: 0, onward: false, counts },
        ...{ maxCode: a.adcMaxCode, adcScale: a.adcMaxCode / a.bound, outputNoise: a.outputNoise },
        ...{ output: a.output, read: a.read },
        zScale: column(j => (dacMaxCode === 0 ? 1 / i.range : (r.scales[j] ?? NaN) / dacMaxCode)),
        yScale: column(j => level * i.range * (r.fullScales[j] ?? NaN)),
        variances: r.perVmm ? variances : 0,
        varianceScale: column(j => (r.varianceScales[j] ?? 0) * unit),
        tokens: words(i.tokens),
        examples: words(i.examples),
      })
      const step = codeStep(inner)
      const coded = heap.i16(codes, rows * step)
      return {
        y: heap.f32(y, rows * columns).slice(),
        codes: Int16Array.from({ length: dacMaxCode > 0 ? rows * inner : 0 }, (_, at) => {
          return coded[Math.floor(at / inner) * step + (at % inner)] ?? NaN
        }),
        clippedInputs,
        saturated: heap.u32(counts, 1)[0] ?? NaN,
      }
    })

  return { read, multiply }
}
