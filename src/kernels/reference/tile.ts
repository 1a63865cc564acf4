/**
 * The TypeScript definitions behind the interface of the fast tile kernels. Not modelled: speed.
 */
import type { Heap, Ptr } from '../heap.js'
import type { TileKernels } from '../tile.js'
import { readCellsInto } from './cells.js'
import { ladderInto } from './ladder.js'
import { deviceLawsAt } from './law.js'
import { normalsInto } from './normal.js'
import { encodeInto, squareShift } from './pulse-width.js'
import { readoutInto } from './readout.js'
import { span } from './span.js'
import { cellColumns, cellsLength, codeStep, packCellsInto, paddedColumns, vmmInto } from './vmm.js'

const { fround } = Math

export const referenceTileKernels = (heap: Heap): TileKernels => {
  const optional = <T>(at: Ptr, view: (at: Ptr) => T): T | null => (at === 0 ? null : view(at))
  const cells = (at: Ptr, length: number, narrow: boolean): Int16Array | Uint8Array =>
    narrow ? heap.u8(at, length) : heap.i16(at, length)
  return {
    encode: ({ rows, inner, xRowStep = inner, maxCode, range, copies = 0, copyCount = 0, ...at }) => {
      const shape = { rows, inner, xRowStep, maxCode, range: fround(range), scale: fround(maxCode / range) }
      const length = rows * codeStep(inner + copyCount)
      const counts = encodeInto(
        heap.i16(at.codes, length),
        optional(at.squares, p => heap.i16(p, length)),
        heap.f32(at.x, span(rows, xRowStep, inner, 1)),
        { ...shape, squareShift: squareShift(maxCode) },
        copyCount === 0 ? new Uint32Array(0) : heap.u32(copies, copyCount),
      )
      heap.u32(at.counts, 2).set(counts)
    },
    packCells: ({ inner, columns, columnStep = inner, innerStep = 1, narrow = false, ...at }) =>
      packCellsInto(
        cells(at.panels, cellsLength(inner, columns), narrow),
        heap.i16(at.w, span(columns, columnStep, inner, innerStep)),
        inner,
        columns,
        { column: columnStep, inner: innerStep },
      ),
    vmm: ({ rows, inner, columns, narrow = false, ...at }) =>
      vmmInto(
        heap.i32(at.sums, rows * paddedColumns(columns)),
        heap.i16(at.codes, rows * codeStep(inner)),
        cells(at.panels, cellsLength(inner, columns), narrow),
        rows,
        inner,
        columns,
      ),
    normals: ({ y, length, counter, key }) => normalsInto(heap.f32(y, length), counter, key),
    readout: ({ rows, columns, yRowStep = columns, real = false, residues = 0, output, read, ...a }) => {
      const width = paddedColumns(columns)
      const column = (at: Ptr): Float32Array => heap.f32(at, width)
      heap.u32(a.counts, 1)[0] = readoutInto(
        heap.f32(a.y, span(rows, yRowStep, columns, 1)),
        real ? heap.f32(a.sums, rows * width) : heap.i32(a.sums, rows * width),
        optional(a.variances, p => heap.i32(p, rows * width)),
        { rows, columns, yRowStep },
        {
          zScale: column(a.zScale),
          yScale: column(a.yScale),
          offset: optional(a.offset, column),
          bias: optional(a.bias, p => heap.f32(p, columns)),
          varianceScale: optional(a.varianceScale, column),
        },
        { maxCode: a.maxCode, adcScale: fround(a.adcScale), onward: a.onward },
        {
          outputNoise: fround(a.outputNoise),
          key: output.key,
          word2: output.word2,
          outputWord3: output.word3,
          readWord3: read.word3,
          tokens: heap.u32(a.tokens, rows),
          examples: heap.u32(a.examples, rows),
        },
        optional(residues, p => heap.f32(p, rows * width)),
      )
    },
    readCells: ({
      rows,
      columns,
      columnStep = rows,
      rowStep = 1,
      rowOrder = 0,
      rounds = 0,
      copies = 0,
      copyCount = 0,
      ...a
    }) => {
      const width = paddedColumns(columns)
      const length = cellsLength(rows, columns)
      heap.u32(a.counts, 1)[0] = readCellsInto(
        {
          cells: optional(a.cells, p => heap.i16(p, length)),
          maxCell: a.maxCell,
          scales: optional(a.scales, p => heap.f32(p, width)),
          variances: optional(a.variances, p => heap.u8(p, length)),
          varianceScales: optional(a.varianceScales, p => heap.f32(p, width)),
          effective: optional(a.effective, p => heap.f32(p, rows * width)),
        },
        heap.f32(a.w, span(columns, columnStep, rows - copyCount, rowStep)),
        heap.f32(a.fullScales, width),
        {
          ...deviceLawsAt(heap, a.model),
          logTime: fround(a.logTime),
          readScale: fround(a.readScale),
          ...{ load: a.load, rounds },
        },
        {
          ...{ rows, columns, firstRow: a.firstRow, firstColumn: a.firstColumn, columnStep, rowStep },
          rowOrder: optional(rowOrder, p => heap.u32(p, rows)),
          copies: copyCount === 0 ? new Uint32Array(0) : heap.u32(copies, copyCount),
          copiesFirstRow: a.copiesFirstRow ?? 0,
        },
        a.life,
        a.occasion,
      )
    },
    ladder: ({ rows, columns, load, ...at }) => {
      for (let first = 0; first < columns; first += cellColumns) {
        const u = heap.f64(at.u + 8 * first * rows, rows * cellColumns)
        const g = heap.f32(at.g + 4 * first * rows, rows * cellColumns)
        for (let column = 0; column < cellColumns; column++) ladderInto(u, g, rows, load, { column, step: cellColumns })
      }
    },
  }
}
