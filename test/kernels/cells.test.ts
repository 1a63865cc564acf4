/**
 * Devices and ladder against the physics in plain double precision, and what must not matter: the tiling, the grid.
 * Fixed seeds; the reference kernels, which the fast ones equal bit by bit (tile.test.ts).
 */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { ladderVoltagesInto } from '../../src/domain/crossbar/ladder.js'
import { preDistorted } from '../../src/domain/crossbar/pre-distortion.js'
import { lifeAddresses, lifeOrigin, readAddress, readOrigin, type Address } from '../../src/domain/random/addresses.js'
import type { Ptr } from '../../src/kernels/heap.js'
import { panelsBytes } from '../../src/kernels/kernels.js'
import { deviceLawsBytes, writeDeviceLaws, type DeviceLaws, type Law } from '../../src/kernels/reference/law.js'
import { normals } from '../../src/kernels/reference/normal.js'
import { cellPlace, cellsLength, largestCell, paddedColumns } from '../../src/kernels/reference/vmm.js'
import { createScratch } from '../../src/kernels/scratch.js'
import { cellsBytes, readCellsScratchBytes } from '../../src/kernels/tile.js'
import { hermes1, ideal, pcm, tables } from './devices.js'
import { fast, heap, reference } from './paths.js'

const scratch = createScratch(heap)
const origin = { seed: 77, chip: 3, layer: 12 }
const life = lifeOrigin(origin)
const occasion = readOrigin({ ...origin, read: 4 })

/** A law in double precision, straight from its description. */
const evaluate = (law: Law, x: number): number => {
  const cubic = ([a, b, c, d]: readonly [number, number, number, number]): number => a + b * x + c * x ** 2 + d * x ** 3
  if (law.form === 'cubic') return cubic(law.cubic)
  if (law.form === 'table') {
    const [first, last] = [law.knots[0] ?? [0, 0], law.knots.at(-1) ?? [0, 0]]
    if (x <= first[0]) return first[1]
    if (x >= last[0]) return last[1]
    const k = law.knots.findIndex(([at]) => at > x)
    const [x0, y0] = law.knots[k - 1] ?? first
    const [x1, y1] = law.knots[k] ?? last
    return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0)
  }
  if (law.above !== undefined && x >= law.above.threshold) return cubic(law.above.cubic)
  const clipped = Math.min(law.high, Math.max(law.low, law.a * Math.log(Math.max(x, 1e-7)) + law.b))
  return law.form === 'power' ? Math.exp(clipped) : clipped
}

interface Occasion {
  readonly model: DeviceLaws
  readonly logTime: number
  readonly readScale: number
  readonly load: number
  readonly perVmm: boolean
  readonly rounds?: number
  readonly order?: readonly number[]
}
const usual: Occasion = { model: pcm, logTime: Math.log(181), readScale: 3.4, load: 0, perVmm: false }

const xi = ({ counter, index }: Address, key = life.key): number => normals(counter, key)[index] ?? NaN

/** One device: what is read, and the variance of its reading per VMM. */
const device = (
  o: Occasion,
  target: number,
  row: number,
  column: number,
  polarity: 'plus' | 'minus',
): [number, number] => {
  const cell = { row, column, polarity }
  const its = lifeAddresses(life, cell)
  const programmed = Math.max(0, target + evaluate(o.model.programming, target) * xi(its.programming))
  const nu = Math.abs(evaluate(o.model.driftMean, target) + evaluate(o.model.driftDeviation, target) * xi(its.drift))
  const drifted = programmed * Math.exp(-nu * o.logTime)
  const noise = evaluate(o.model.read, programmed) * o.readScale
  if (o.perVmm) return [drifted, (drifted * noise) ** 2]
  return [Math.max(0, drifted + drifted * noise * xi(readAddress(occasion, cell))), 0]
}

interface Block {
  readonly rows: number
  readonly columns: number
  readonly firstRow: number
  readonly firstColumn: number
}
const weightAt = (row: number, column: number): number => Math.sin(1 + 1.3 * row + 2.7 * column) * 0.5
const fullScaleAt = (column: number): number => 0.3 + 0.01 * (column % 30)

const floats = (length: number, f: (i: number) => number): Ptr => {
  const at = scratch.take(4 * length)
  heap.f32(at, length).set(Float32Array.from({ length }, (_, i) => f(i)))
  return at
}

interface Reading {
  /** Row by row. */
  readonly effective: number[]
  readonly cells: number[]
  readonly scales: number[]
  readonly variances: number[]
  readonly varianceScales: number[]
  readonly clipped: number
}
const read = ({ order, ...o }: Occasion, b: Block, kernels = reference): Reading =>
  scratch.within(() => {
    const { rows, columns } = b
    const rowOrder = order === undefined ? 0 : scratch.take(4 * rows)
    if (order !== undefined) heap.u32(rowOrder, rows).set(order)
    const width = paddedColumns(columns)
    const model = scratch.take(deviceLawsBytes(o.model))
    writeDeviceLaws(heap, model, o.model)
    const [cells, variances] = [
      scratch.take(cellsBytes(rows, columns, false)),
      scratch.take(cellsBytes(rows, columns, true)),
    ]
    const [scales, varianceScales] = [scratch.take(4 * width), scratch.take(4 * width)]
    const effective = scratch.take(panelsBytes(rows, columns))
    const counts = scratch.take(4)
    kernels.readCells({
      ...{ ...o, ...b, rowOrder, model, cells, scales, effective, varianceScales, counts, life, occasion },
      variances: o.perVmm ? variances : 0,
      w: floats(rows * columns, i => weightAt(b.firstRow + (i % rows), b.firstColumn + Math.floor(i / rows))),
      fullScales: floats(width, j => fullScaleAt(b.firstColumn + j)),
      maxCell: largestCell(rows, 127),
      scratch: scratch.take(readCellsScratchBytes(rows)),
    })
    const length = cellsLength(rows, columns)
    const table = (f: (i: number, j: number) => number): number[] =>
      Array.from({ length: rows * columns }, (_, at) => f(Math.floor(at / columns), at % columns))
    const [panel, packed, spread] = [
      heap.f32(effective, rows * width),
      heap.i16(cells, length),
      heap.u8(variances, length),
    ]
    return {
      effective: table((i, j) => panel[(j - (j % 16)) * rows + i * 16 + (j % 16)] ?? NaN),
      cells: table((i, j) => packed[cellPlace(rows, i, j)] ?? NaN),
      scales: [...heap.f32(scales, columns)],
      variances: table((i, j) => spread[cellPlace(rows, i, j)] ?? NaN),
      varianceScales: [...heap.f32(varianceScales, columns)],
      clipped: heap.u32(counts, 1)[0] ?? NaN,
    }
  })

/** Currents of a bit line by direct elimination: voltages x at the inputs, the last node at the ADC's 0. */
const directCurrent = (g: readonly number[], x: readonly number[], load: number): number => {
  const n = g.length
  const last = (g[n - 1] ?? 0) * (x[n - 1] ?? 0)
  if (n === 1) return last
  // Kirchhoff at node i, times the wire's resistance: neighbours, itself, input.
  const m = n - 1
  const diagonal = Array.from({ length: m }, (_, i) => (i === 0 ? 1 : 2) + load * (g[i] ?? 0))
  const right = Array.from({ length: m }, (_, i) => load * (g[i] ?? 0) * (x[i] ?? 0))
  for (let i = 1; i < m; i++) {
    const f = -1 / (diagonal[i - 1] ?? 1)
    diagonal[i] = (diagonal[i] ?? 0) + f
    right[i] = (right[i] ?? 0) - f * (right[i - 1] ?? 0)
  }
  let v = 0
  for (let i = m - 1; i >= 0; i--) {
    v = ((right[i] ?? 0) + v) / (diagonal[i] ?? 1)
    if (i === m - 1) right[m] = v
  }
  // Through the last wire, and from the last input straight into the ADC.
  return (right[m] ?? 0) / load + last
}

const occasions = fc.record({
  model: fc.constantFrom(pcm, hermes1, tables),
  logTime: fc.constantFrom(0, Math.log(181), Math.log(1.6e6)),
  readScale: fc.constantFrom(0, 2.5, 4),
  perVmm: fc.boolean(),
})

describe('devices', () => {
  test('a whole tile of 512 x 512, with IR drop, and a ragged one, pre-distorted: the same bits on every path', () => {
    const wired = { model: pcm, logTime: Math.log(181), readScale: 4, perVmm: false, load: 0.35 * 25e-6 }
    for (const [rows, columns, rounds] of [[512, 512, 0] as const, [600, 17, 4] as const]) {
      const o = { ...wired, rounds }
      const b = { rows, columns, firstRow: 3, firstColumn: 5 }
      const { cells, scales, clipped } = read(o, b)
      for (const [name, kernels] of fast) {
        const found = read(o, b, kernels)
        expect([name, found.clipped, found.scales]).toEqual([name, clipped, scales])
        expect([name, found.cells.findIndex((cell, i) => cell !== cells[i])]).toEqual([name, -1])
      }
    }
  })

  test.prop([occasions, fc.nat(1000), fc.nat(1000)], { numRuns: 40, seed: 4 })(
    'are programmed, drift and are read as in double precision, to 2e-6 of full scale',
    (occasionOf, firstRow, firstColumn) => {
      const o = { ...occasionOf, load: 0 }
      const b = { rows: 9, columns: 18, firstRow, firstColumn }
      const found = read(o, b)
      let clipped = 0
      for (let i = 0; i < b.rows; i++)
        for (let j = 0; j < b.columns; j++) {
          const [row, column] = [firstRow + i, firstColumn + j]
          const w = Math.fround(weightAt(row, column))
          const c = Math.fround(fullScaleAt(column))
          if (Math.abs(w) > c) clipped++
          const r = Math.min(1, Math.abs(w) / c)
          const plus = device(o, w > 0 ? r : 0, row, column, 'plus')
          const minus = device(o, w < 0 ? r : 0, row, column, 'minus')
          const at = i * b.columns + j
          expect(Math.abs((found.effective[at] ?? NaN) - (plus[0] - minus[0]))).toBeLessThan(2e-6)
          if (o.perVmm) {
            const step = found.varianceScales[j] ?? NaN
            const variance = (found.variances[at] ?? NaN) * step
            expect(Math.abs(variance - (plus[1] + minus[1]))).toBeLessThanOrEqual(0.5001 * step + 1e-12)
          }
        }
      expect(found.clipped).toBe(clipped)
    },
  )

  test.prop([fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 20 }), occasions], { numRuns: 40 })(
    'stand on the grid to half a step, which the largest of a column fills',
    (rows, columns, o) => {
      const found = read({ ...o, load: 0 }, { rows, columns, firstRow: 5, firstColumn: 6 })
      const largest = largestCell(rows, 127)
      for (let j = 0; j < columns; j++) {
        const scale = found.scales[j] ?? NaN
        let top = 0
        for (let i = 0; i < rows; i++) {
          const at = i * columns + j
          const cell = found.cells[at] ?? NaN
          top = Math.max(top, Math.abs(cell))
          expect(Math.abs((found.effective[at] ?? NaN) - cell * scale)).toBeLessThanOrEqual(scale * 0.505)
        }
        expect(top).toBe(scale === 0 ? 0 : largest)
      }
    },
  )

  const cut = fc.record({ rows: fc.integer({ min: 2, max: 40 }), columns: fc.integer({ min: 2, max: 40 }) })
  test.prop([cut, fc.nat(), fc.nat(), fc.nat(50), fc.nat(50), fc.boolean()], { numRuns: 30 })(
    'are the same however the layer is tiled',
    ({ rows, columns }, r, c, firstRow, firstColumn, perVmm) => {
      const o = { ...usual, perVmm }
      const whole = read(o, { rows, columns, firstRow, firstColumn })
      const [top, left] = [1 + (r % (rows - 1)), 1 + (c % (columns - 1))]
      for (const [i0, n] of [
        [0, top],
        [top, rows - top],
      ] as const)
        for (const [j0, m] of [
          [0, left],
          [left, columns - left],
        ] as const) {
          const part = read(o, { rows: n, columns: m, firstRow: firstRow + i0, firstColumn: firstColumn + j0 })
          for (let i = 0; i < n; i++)
            expect(part.effective.slice(i * m, (i + 1) * m)).toEqual(
              whole.effective.slice((i + i0) * columns + j0, (i + i0) * columns + j0 + m),
            )
        }
    },
  )

  test('without noise and drift hold their weights', () => {
    const b = { rows: 20, columns: 20, firstRow: 0, firstColumn: 0 }
    const found = read({ ...usual, model: ideal }, b)
    found.effective.forEach((g, at) => {
      const [i, j] = [Math.floor(at / 20), at % 20]
      const share = weightAt(i, j) / fullScaleAt(j)
      expect(g).toBeCloseTo(Math.max(-1, Math.min(1, share)), 6)
    })
  })

  test('refuses a table that does not grow or has one knot', () => {
    const at = heap.allocate(1024)
    for (const knots of [
      [[0, 1]],
      [
        [0, 1],
        [0, 2],
      ],
      [
        [1, 1],
        [0, 2],
      ],
    ] as const)
      expect(() => writeDeviceLaws(heap, at, { ...pcm, read: { form: 'table', knots } })).toThrow('"read" expected')
  })
})

describe('bit-line ladder', () => {
  const load = fc.constantFrom(1e-9, 0.35 * 25e-6, 1e-3, 0.5)
  test.prop([fc.integer({ min: 1, max: 600 }), load, fc.integer({ min: 1, max: 1000 })], { numRuns: 40 })(
    'weighs inputs as a direct solve with the inputs applied does, to 1e-9',
    (rows, resistance, s) => {
      scratch.within(() => {
        const g = floats(rows * 16, i => Math.abs(Math.sin(i * 1.7 + s)))
        const u = scratch.take(8 * rows * 16)
        for (const kernels of [reference, ...fast.map(([, k]) => k)]) {
          kernels.ladder({ u, g, rows, columns: 16, load: resistance })
          for (const column of [0, 7, 15]) {
            const line = Array.from({ length: rows }, (_, i) => heap.f32(g, rows * 16)[i * 16 + column] ?? NaN)
            const x = line.map((_, i) => Math.cos(3 * i + s))
            const shares = line.map((_, i) => heap.f64(u, rows * 16)[i * 16 + column] ?? NaN)
            const ours = line.reduce((sum, gi, i) => sum + gi * (shares[i] ?? NaN) * (x[i] ?? NaN), 0)
            const scale = line.reduce((sum, gi, i) => sum + gi * (shares[i] ?? NaN), 0)
            expect(Math.abs(ours - directCurrent(line, x, resistance))).toBeLessThan(1e-9 * scale)
          }
        }
      })
    },
  )

  test('takes nothing without resistance, nothing at the last row, and more the further away', () => {
    scratch.within(() => {
      const [rows, g, u] = [100, floats(1600, () => 0.5), scratch.take(8 * 1600)]
      reference.ladder({ u, g, rows, columns: 16, load: 0 })
      expect(heap.f64(u, 1600).every(share => share === 1)).toBe(true)
      reference.ladder({ u, g, rows, columns: 16, load: 1e-4 })
      const line = Array.from({ length: rows }, (_, i) => heap.f64(u, 1600)[i * 16] ?? NaN)
      expect(line.at(-1)).toBe(1)
      line.slice(1).forEach((share, i) => expect(share).toBeGreaterThan(line[i] ?? NaN))
    })
  })

  test('is part of a read: both polarities and their variances', () => {
    const b = { rows: 60, columns: 3, firstRow: 0, firstColumn: 0 }
    const o = { ...usual, load: 1e-3 }
    const without = read({ ...o, load: 0, perVmm: true }, b)
    const dropped = read({ ...o, perVmm: true }, b)
    for (let j = 0; j < b.columns; j++) {
      const lines = (['plus', 'minus'] as const).map(polarity =>
        Array.from({ length: b.rows }, (_, i) => {
          const r = Math.min(1, Math.abs(weightAt(i, j)) / fullScaleAt(j))
          const held = weightAt(i, j) > 0 === (polarity === 'plus')
          return device({ ...o, perVmm: true }, held ? r : 0, i, j, polarity)
        }),
      )
      for (let i = 0; i < b.rows; i++) {
        const x = Array.from({ length: b.rows }, (_, k) => (k === i ? 1 : 0))
        const [plus = [], minus = []] = lines
        const current = (line: readonly [number, number][]): number =>
          directCurrent(
            line.map(([g]) => g),
            x,
            o.load,
          )
        const share = (line: readonly [number, number][]): number => {
          const g = line[i]?.[0] ?? 0
          return g > 0 ? current(line) / g : 0
        }
        const at = i * b.columns + j
        expect(dropped.effective[at]).toBeCloseTo(current(plus) - current(minus), 5)
        const variance = (plus[i]?.[1] ?? 0) * share(plus) ** 2 + (minus[i]?.[1] ?? 0) * share(minus) ** 2
        const step = dropped.varianceScales[j] ?? NaN
        expect(Math.abs((dropped.variances[at] ?? NaN) * step - variance)).toBeLessThanOrEqual(0.501 * step)
      }
    }
    expect(dropped.effective).not.toEqual(without.effective)
  })

  /** Some order of the rows. */
  const shuffled = (rows: number, s: number): readonly number[] =>
    Array.from({ length: rows }, (_, i) => i).sort((a, b) => Math.sin(a * 7.3 + s) - Math.sin(b * 7.3 + s))

  test.prop([fc.integer({ min: 1, max: 90 }), fc.nat(1000)], { numRuns: 20 })(
    'sees its rows in the order they are placed in; cells keep theirs',
    (rows, s) => {
      const b = { rows, columns: 3, firstRow: 0, firstColumn: s }
      const order = shuffled(rows, s)
      const o = { ...usual, load: 1e-3, perVmm: true }
      const [bare, found] = [read({ ...o, load: 0 }, b), read({ ...o, order }, b)]
      for (let j = 0; j < b.columns; j++) {
        // Both polarities' devices, as drawn at their logical addresses.
        const lines = (['plus', 'minus'] as const).map(polarity =>
          Array.from({ length: rows }, (_, i) => {
            const [row, column] = [i, s + j]
            const r = Math.min(1, Math.abs(weightAt(row, column)) / fullScaleAt(column))
            const held = weightAt(row, column) > 0 === (polarity === 'plus')
            return device(o, held ? r : 0, row, column, polarity)[0]
          }),
        )
        const effective = lines.map(line => {
          const u = new Float64Array(rows)
          ladderVoltagesInto(
            u,
            Float64Array.from(order, i => line[i] ?? NaN),
            o.load * 1e6,
          )
          const out = new Float64Array(rows)
          order.forEach((i, place) => (out[i] = (line[i] ?? NaN) * (u[place] ?? NaN)))
          return out
        })
        for (let i = 0; i < rows; i++) {
          expect(bare.effective[i * 3 + j]).toBeCloseTo((lines[0]?.[i] ?? NaN) - (lines[1]?.[i] ?? NaN), 5)
          expect(found.effective[i * 3 + j]).toBeCloseTo((effective[0]?.[i] ?? NaN) - (effective[1]?.[i] ?? NaN), 5)
        }
      }
    },
  )

  test.prop([fc.integer({ min: 1, max: 512 }), fc.constantFrom(0.35, 1, 3), fc.boolean(), fc.nat(1000)], {
    numRuns: 20,
  })(
    'is compensated where targets are pre-distorted: noiseless devices yield their weights',
    (rows, ohm, placed, s) => {
      const b = { rows, columns: 2, firstRow: s, firstColumn: s }
      const load = ohm * 25e-6
      const line = { gMaxMicroSiemens: 25, wireResistanceOhm: ohm, idle: 0 }
      const order = placed ? shuffled(rows, s) : undefined
      const o = { ...usual, model: ideal, load, ...(order === undefined ? {} : { order }) }
      const [dropped, found] = [read(o, b), read({ ...o, rounds: 4 }, b)]
      expect(found.clipped).toBe(dropped.clipped)
      for (let j = 0; j < b.columns; j++) {
        const shares = Array.from({ length: rows }, (_, i) => {
          const share = weightAt(s + i, s + j) / fullScaleAt(s + j)
          return Math.max(-1, Math.min(1, share))
        })
        const targets = preDistorted(shares, { ...line, rowOrder: order ?? null })
        const u = new Float64Array(rows)
        for (const sign of [1, -1]) {
          const g = shares.map((share, i) => (sign * share > 0 ? (targets[i] ?? NaN) * 25 : 0))
          ladderVoltagesInto(u, g, ohm, order)
          shares.forEach((share, i) => {
            if (sign * share < 0) return
            const yielded = found.effective[i * 2 + j] ?? NaN
            // A round leaves about the dropped share of the error: 1 - u is up to 0.05, 0.14, 0.34 here.
            if ((targets[i] ?? NaN) < 1)
              expect(Math.abs(yielded - share)).toBeLessThan(1e-6 + (1 - Math.min(...u)) ** 5)
            else expect(yielded).toBeCloseTo(sign * (u[i] ?? NaN), 5)
          })
        }
      }
    },
  )
})
