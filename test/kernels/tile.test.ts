/** The tile kernels: same bits on every path, and no sum that leaves an int32. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { lifeOrigin, noiseOrigin, readOrigin } from '../../src/domain/random/addresses.js'
import type { Ptr } from '../../src/kernels/heap.js'
import { panelsBytes, type Kernels } from '../../src/kernels/kernels.js'
import { deviceLawsBytes, writeDeviceLaws, type DeviceLaws } from '../../src/kernels/reference/law.js'
import { cellsLength, largestCell, paddedColumns } from '../../src/kernels/reference/vmm.js'
import { cellsBytes, codesBytes, readCellsScratchBytes, sumsBytes, type Readout } from '../../src/kernels/tile.js'
import { createScratch } from '../../src/kernels/scratch.js'
import { hermes1, pcm, tables } from './devices.js'
import { fast, heap, reference } from './paths.js'

const scratch = createScratch(heap)

const generator = (seed: number): (() => number) => {
  let state = (seed ^ 0x9e3779b9) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
const special = [0, -0, 1e-45, -1e-40, 1.1754943508222875e-38, 3.4e38, -3.4e38, Infinity, -Infinity, NaN]
/** Ordinary numbers of magnitude up to `scale`, with a share of zeros, subnormals, infinities, NaN. */
const floats = (length: number, seed: number, oddities = 0, scale = 1): Ptr => {
  const next = generator(seed)
  const at = scratch.take(4 * length)
  heap
    .f32(at, length)
    .set(
      Float32Array.from({ length }, () =>
        next() < oddities ? (special[Math.floor(next() * special.length)] ?? 0) : (2 * next() - 1) * scale,
      ),
    )
  return at
}
/** Integers of magnitude up to `max`; with `extreme`, only +-max. */
const shorts = (length: number, seed: number, max: number, extreme = false): Ptr => {
  const next = generator(seed)
  const at = scratch.take(2 * length)
  heap
    .i16(at, length)
    .set(
      Int16Array.from({ length }, () => (extreme ? (next() < 0.5 ? -max : max) : Math.round((2 * next() - 1) * max))),
    )
  return at
}
const words = (numbers: readonly number[]): Ptr => {
  const at = scratch.take(4 * numbers.length)
  heap.u32(at, numbers.length).set(numbers)
  return at
}

/** Any rows, ascending, some of them several times. */
const copiesOf = (rows: number, count: number): Ptr =>
  words(Array.from({ length: count }, (_, k) => (k * k * 7) % rows).sort((a, b) => a - b))

/** The bytes as 16-bit integers; of floats, all NaNs alike. */
const patternOf = (at: Ptr, bytes: number, real: boolean): Int32Array => {
  if (!real) return Int32Array.from(heap.u8(at, bytes))
  const copy = Float32Array.from(heap.f32(at, bytes / 4))
  const bits = new Int32Array(copy.buffer)
  copy.forEach((x, i) => {
    if (Number.isNaN(x)) bits[i] = 0x7fc00000
  })
  return bits
}

/** Runs `work` by the reference and by every fast path into fresh memory; compares what they wrote, and guards behind it. */
const same = (
  outputs: readonly { readonly bytes: number; readonly real?: boolean }[],
  work: (k: Kernels, ...at: Ptr[]) => void,
): void =>
  scratch.within(() => {
    const guard = 256
    const places = outputs.map(({ bytes }) => scratch.take(bytes + guard))
    const once = (k: Kernels): Int32Array[] => {
      outputs.forEach(({ bytes }, i) => heap.u8(places[i] ?? 0, bytes + guard).fill(0xa5))
      work(k, ...places)
      return outputs.map(({ bytes, real = false }, i) => patternOf(places[i] ?? 0, bytes + guard, real))
    }
    const expected = once(reference)
    outputs.forEach(({ bytes }, i) =>
      expect(
        heap.u8((places[i] ?? 0) + bytes, guard).every(b => b === 0xa5),
        `guard ${i} of the reference`,
      ).toBe(true),
    )
    for (const [name, kernels] of fast)
      once(kernels).forEach((found, o) => {
        const at = found.findIndex((bits, i) => bits !== expected[o]?.[i])
        if (at >= 0) expect.fail(`${name}, output ${o}: ${at} is ${found[at] ?? ''}, not ${expected[o]?.[at] ?? ''}`)
      })
  })

const size = fc.integer({ min: 1, max: 600 })
const small = fc.integer({ min: 1, max: 12 })
const seed = fc.integer()
const oddities = fc.constantFrom(0, 0.01, 0.3)
const maxCodes = fc.constantFrom(1, 7, 127, 511, 2047)

describe('pulse-width codes', () => {
  test.prop([small, size, fc.nat(20), maxCodes, seed, oddities, fc.boolean(), fc.nat(40)], { numRuns: 80 })(
    'same bits on every path',
    (rows, inner, gap, maxCode, s, odd, wantSquares, copyCount) => {
      scratch.within(() => {
        const xRowStep = inner + gap
        const x = floats(rows * xRowStep, s, odd, 3)
        const copies = copiesOf(inner, copyCount)
        const bytes = codesBytes(rows, inner + copyCount)
        same([{ bytes }, { bytes: wantSquares ? bytes : 0 }, { bytes: 8 }], (k, codes, squares = 0, counts = 0) =>
          k.encode({
            codes,
            squares: wantSquares ? squares : 0,
            x,
            rows,
            inner,
            xRowStep,
            maxCode,
            range: 2.5,
            ...{ copies, copyCount, counts },
          }),
        )
      })
    },
  )
})

describe('tile VMM', () => {
  test.prop([small, size, size, maxCodes, fc.boolean(), fc.boolean(), seed], { numRuns: 40 })(
    'same bits on every path, packed either way',
    (rows, inner, columns, maxCode, extreme, narrow, s) => {
      scratch.within(() => {
        const w = shorts(inner * columns, s, narrow ? 255 : 32767, extreme)
        const codes = shorts(codesBytes(rows, inner) / 2, s + 1, maxCode, extreme)
        const panels = scratch.take(cellsBytes(inner, columns, narrow))
        same([{ bytes: cellsBytes(inner, columns, narrow) }], (k, at = 0) =>
          k.packCells({ panels: at, w, inner, columns, columnStep: 1, innerStep: columns, narrow }),
        )
        reference.packCells({ panels, w, inner, columns, narrow })
        same([{ bytes: sumsBytes(rows, columns) }], (k, sums = 0) =>
          k.vmm({ sums, codes, panels, rows, inner, columns, narrow }),
        )
      })
    },
  )

  for (const bits of [2, 8, 12])
    test(`512 rows of extreme ${bits}-bit codes and cells stay within an int32`, () => {
      scratch.within(() => {
        const [rows, inner, columns] = [2, 512, 3]
        const maxCode = 2 ** (bits - 1) - 1
        const cell = largestCell(inner, maxCode)
        const codes = scratch.take(codesBytes(rows, inner))
        heap
          .i16(codes, rows * inner)
          .set(Array.from({ length: rows * inner }, (_, i) => (i < inner ? maxCode : -maxCode)))
        const w = scratch.take(2 * inner * columns)
        heap.i16(w, inner * columns).set(Array.from({ length: inner * columns }, (_, i) => (i < inner ? cell : -cell)))
        const panels = scratch.take(cellsBytes(inner, columns, false))
        reference.packCells({ panels, w, inner, columns })
        for (const [name, k] of [['reference', reference] as const, ...fast]) {
          const sums = scratch.take(sumsBytes(rows, columns))
          k.vmm({ sums, codes, panels, rows, inner, columns })
          const exact = inner * maxCode * cell
          expect(exact, name).toBeLessThanOrEqual(2 ** 31 - 1)
          expect([...heap.i32(sums, 3), ...heap.i32(sums + 4 * paddedColumns(columns), 3)], name).toEqual([
            ...[exact, -exact, -exact],
            ...[-exact, exact, exact],
          ])
        }
      })
    })

  test('squares of extreme codes times extreme variances stay within an int32', () => {
    for (const maxCode of [127, 255, 2047])
      scratch.within(() => {
        const [inner, columns] = [512, 1]
        const x = floats(inner, 1)
        heap.f32(x, inner).fill(1)
        const [codes, squares] = [scratch.take(2 * inner), scratch.take(2 * inner)]
        reference.encode({ codes, squares, x, rows: 1, inner, maxCode, range: 1, counts: scratch.take(8) })
        const panels = scratch.take(cellsBytes(inner, columns, true))
        heap.u8(panels, cellsLength(inner, columns)).fill(255)
        const square = heap.i16(squares, 1)[0] ?? 0
        expect(square).toBeGreaterThan(15_000)
        for (const [name, k] of [['reference', reference] as const, ...fast]) {
          const sums = scratch.take(sumsBytes(1, columns))
          k.vmm({ sums, codes: squares, panels, rows: 1, inner, columns, narrow: true })
          expect(heap.i32(sums, 1)[0], name).toBe(square * 255 * inner)
        }
      })
  })

  test.prop([small, fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 70 }), seed], { numRuns: 20 })(
    'is the sum of products',
    (rows, inner, columns, s) => {
      scratch.within(() => {
        const step = codesBytes(1, inner) / 2
        const codes = shorts(rows * step, s, 2047)
        const w = shorts(inner * columns, s + 1, 32767)
        const panels = scratch.take(cellsBytes(inner, columns, false))
        const sums = scratch.take(sumsBytes(rows, columns))
        reference.packCells({ panels, w, inner, columns })
        reference.vmm({ sums, codes, panels, rows, inner, columns })
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++) {
            const exact = heap
              .i16(w + 2 * j * inner, inner)
              .reduce((sum, cell, k) => sum + cell * (heap.i16(codes + 2 * (i * step + k), 1)[0] ?? 0), 0)
            expect(heap.i32(sums, rows * paddedColumns(columns))[i * paddedColumns(columns) + j]).toBe(exact | 0)
          }
      })
    },
  )
})

describe('normals', () => {
  const word = fc.integer({ min: 0, max: 0xffffffff })
  test.prop([size, fc.tuple(word, word, word, word), fc.tuple(word, word)], { numRuns: 60 })(
    'same bits on every path',
    (length, counter, key) =>
      same([{ bytes: 4 * length, real: true }], (k, y = 0) => k.normals({ y, length, counter, key })),
  )
  test('same bits on every path for a hundred thousand of them', () => {
    const length = 100_003
    same([{ bytes: 4 * length, real: true }], (k, y = 0) =>
      k.normals({ y, length, counter: [0xffffff00, 1, 2, 3], key: [4, 5] }),
    )
  })
})

describe('readout', () => {
  test.prop(
    [
      small,
      size,
      fc.record({
        gap: fc.nat(5),
        real: fc.boolean(),
        onward: fc.boolean(),
        offset: fc.boolean(),
        bias: fc.boolean(),
        perVmm: fc.boolean(),
        maxCode: fc.constantFrom(0, 1, 127, 2047),
        outputNoise: fc.constantFrom(0, 0.04),
      }),
      seed,
      oddities,
    ],
    { numRuns: 60 },
  )('same bits on every path', (rows, columns, o, s, odd) => {
    scratch.within(() => {
      const width = paddedColumns(columns)
      const yRowStep = columns + o.gap
      const y0 = floats(rows * yRowStep, s)
      const sums = floats(rows * width, s + 1, odd)
      const variances = scratch.take(4 * rows * width)
      const next = generator(s + 2)
      if (!o.real) heap.i32(sums, rows * width).set(Array.from({ length: rows * width }, () => (next() * 2 ** 32) | 0))
      heap.i32(variances, rows * width).set(Array.from({ length: rows * width }, () => next() * 2 ** 31))
      const tile = { seed: 2 ** 40 + 3, chip: 5, read: 6, layer: 7, tile: 8 }
      const a: Omit<Readout, 'y' | 'counts'> = {
        ...{ sums, rows, columns, yRowStep, real: o.real, onward: o.onward, maxCode: o.maxCode },
        zScale: floats(width, s + 3, 0, o.real ? 1 : 1e-8),
        yScale: floats(width, s + 4, odd),
        offset: o.offset ? floats(width, s + 5, odd) : 0,
        bias: o.bias ? floats(columns, s + 6, odd) : 0,
        variances: o.perVmm ? variances : 0,
        varianceScale: floats(width, s + 7, 0, 1e-9),
        ...{ adcScale: o.maxCode / 3, outputNoise: o.outputNoise },
        output: noiseOrigin('output', tile),
        read: noiseOrigin('vmmRead', tile),
        tokens: words(Array.from({ length: rows }, (_, i) => 65_535 - i)),
        examples: words(Array.from({ length: rows }, (_, i) => (i * 0x9e3779b9) >>> 0)),
      }
      heap.f32(a.varianceScale, width).forEach((v, i, all) => (all[i] = Math.abs(v)))
      same([{ bytes: 4 * rows * yRowStep, real: true }, { bytes: 4 }], (k, y = 0, counts = 0) => {
        heap.f32(y, rows * yRowStep).set(heap.f32(y0, rows * yRowStep))
        k.readout({ ...a, y, counts })
      })
    })
  })
})

/** A device model on the heap. */
const placed = (model: DeviceLaws): Ptr => {
  const at = scratch.take(deviceLawsBytes(model))
  writeDeviceLaws(heap, at, model)
  return at
}

/** Its rank among unequal numbers: of all of them, a permutation. */
const rankAmong = (x: number, _: number, all: readonly number[]): number => all.filter(y => y < x).length

describe('devices', () => {
  test.prop(
    [
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 40 }),
      fc.record({
        model: fc.constantFrom(pcm, hermes1, tables),
        perVmm: fc.boolean(),
        effective: fc.boolean(),
        load: fc.constantFrom(0, 8.75e-6, 0.01),
        logTime: fc.constantFrom(0, 5.2, 17),
        firstRow: fc.constantFrom(0, 1, 511, 2 ** 31),
        firstColumn: fc.constantFrom(0, 3, 2 ** 32 - 64),
        transposed: fc.boolean(),
        rounds: fc.constantFrom(0, 1, 4),
        placed: fc.boolean(),
        copies: fc.nat(30),
        copiesFirstRow: fc.constantFrom(0, 7, 2 ** 32 - 64),
      }),
      seed,
      oddities,
    ],
    { numRuns: 80 },
  )('same bits on every path', (own, columns, o, s, odd) => {
    scratch.within(() => {
      const rows = own + o.copies
      const width = paddedColumns(columns)
      const w = floats(own * columns, s, odd)
      const fullScales = floats(width, s + 1, odd / 4)
      heap.f32(fullScales, width).forEach((c, i, all) => (all[i] = Math.abs(c)))
      const model = placed(o.model)
      const work = scratch.take(readCellsScratchBytes(rows))
      const steps = o.transposed ? { columnStep: 1, rowStep: columns } : { columnStep: own }
      // Any permutation: by a generator of residues.
      const rowOrder = o.placed ? words(Array.from({ length: rows }, (_, i) => ((i + 1) * 83) % 127).map(rankAmong)) : 0
      same(
        [
          { bytes: cellsBytes(rows, columns, false) },
          { bytes: 4 * width, real: true },
          { bytes: o.perVmm ? cellsBytes(rows, columns, true) : 0 },
          { bytes: o.perVmm ? 4 * width : 0, real: true },
          { bytes: o.effective ? panelsBytes(rows, columns) : 0, real: true },
          { bytes: 4 },
        ],
        (k, cells = 0, scales = 0, variances = 0, varianceScales = 0, effective = 0, counts = 0) =>
          k.readCells({
            ...{ cells, scales, w, fullScales, model, rows, columns, ...steps, counts, scratch: work },
            ...{ variances: o.perVmm ? variances : 0, varianceScales: o.perVmm ? varianceScales : 0 },
            effective: o.effective ? effective : 0,
            ...{ rowOrder, rounds: o.rounds },
            ...{ logTime: o.logTime, readScale: 3.4, load: o.load, maxCell: largestCell(512, 127) },
            ...{ firstRow: o.firstRow, firstColumn: o.firstColumn },
            ...{ copies: copiesOf(own, o.copies), copyCount: o.copies, copiesFirstRow: o.copiesFirstRow },
            life: lifeOrigin({ seed: 9, chip: 4095, layer: 65_535 }),
            occasion: readOrigin({ seed: 9, chip: 4095, layer: 65_535, read: 65_535 }),
          }),
      )
    })
  })

  test.prop([size, fc.integer({ min: 1, max: 40 }), seed, fc.constantFrom(0, 1e-9, 8.75e-6, 1, 1e6)], { numRuns: 40 })(
    'ladder: same bits on every path',
    (rows, columns, s, load) => {
      scratch.within(() => {
        const length = rows * paddedColumns(columns)
        const g = floats(length, s)
        heap.f32(g, length).forEach((x, i, all) => (all[i] = Math.abs(x)))
        same([{ bytes: 8 * length }], (k, u = 0) => k.ladder({ u, g, rows, columns, load }))
      })
    },
  )
})
