/**
 * Pulse-width codes and column readout against their formulas in double precision, and the batches that must not matter.
 * The reference kernels, which the fast ones equal bit by bit (tile.test.ts).
 */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { noiseAddress, noiseOrigin, type Origin } from '../../src/domain/random/addresses.js'
import type { Ptr } from '../../src/kernels/heap.js'
import { normals } from '../../src/kernels/reference/normal.js'
import { pulseWidth, squared, squareShift } from '../../src/kernels/reference/pulse-width.js'
import { paddedColumns } from '../../src/kernels/reference/vmm.js'
import { createScratch } from '../../src/kernels/scratch.js'
import type { Readout } from '../../src/kernels/tile.js'
import { heap, reference } from './paths.js'

const { fround } = Math
const scratch = createScratch(heap)
const bits = fc.integer({ min: 2, max: 12 })
const maxCodeOf = (b: number): number => 2 ** (b - 1) - 1
const float = fc.float({ noNaN: true, noDefaultInfinity: true })

const roundHalfEven = (x: number): number => {
  const below = Math.floor(x)
  const rest = x - below
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below
}
const clamp = (x: number, max: number): number => Math.min(max, Math.max(-max, x))

describe('pulse-width codes', () => {
  test.prop([
    bits,
    fc.float({ min: fround(0.01), max: 100, noNaN: true }),
    fc.double({ min: -1.5, max: 1.5, noNaN: true }),
  ])('are the nearest codes, ties aside to binary32', (b, range, share) => {
    const maxCode = maxCodeOf(b)
    const x = fround(share * range)
    const exact = (maxCode * x) / range
    const code = pulseWidth(x, fround(maxCode / range), maxCode)
    expect(Math.abs(clamp(exact, maxCode) - code)).toBeLessThanOrEqual(0.5 + maxCode * 2 ** -22)
  })
  test.prop([bits, fc.integer({ min: -2200, max: 2200 }), fc.boolean()])('ties go to even', (b, n, half) => {
    const maxCode = maxCodeOf(b)
    const x = n + (half ? 0.5 : 0)
    expect(pulseWidth(x, 1, maxCode) + 0).toBe(clamp(roundHalfEven(x), maxCode) + 0)
  })
  test.prop([bits, float, float])('are odd', (b, x, scale) => {
    expect(pulseWidth(-x, scale, maxCodeOf(b)) + pulseWidth(x, scale, maxCodeOf(b))).toBe(0)
  })
  test('of NaN are 0, of infinities the largest', () => {
    expect([NaN, Infinity, -Infinity].map(x => pulseWidth(x, 2, 127))).toEqual([0, 127, -127])
  })
  test.prop([bits, fc.nat({ max: 2047 })])('have squares of at most 14 bits, right to half a step', (b, n) => {
    const maxCode = maxCodeOf(b)
    const code = n % (maxCode + 1)
    const shift = squareShift(maxCode)
    expect(shift === 0).toBe(b <= 8)
    expect(squared(code, shift)).toBeLessThanOrEqual(2 ** 14)
    expect(Math.abs(squared(code, shift) * 2 ** shift - code * code)).toBeLessThanOrEqual(
      shift === 0 ? 0 : 2 ** (shift - 1),
    )
  })
  test('clipped inputs and NaNs are counted', () => {
    const x = scratch.take(64)
    heap.f32(x, 9).set([1, -1, 1.0000001192092896, -2, Infinity, NaN, NaN, 0, -Infinity])
    const [codes, counts] = [scratch.take(64), scratch.take(8)]
    reference.encode({ codes, squares: 0, x, rows: 1, inner: 9, maxCode: 127, range: 1, counts })
    expect([...heap.u32(counts, 2)]).toEqual([4, 2])
    expect([...heap.i16(codes, 10)]).toEqual([127, -127, 127, -127, 127, 0, 0, 0, -127, 0])
  })
})

interface Batch {
  readonly columns: number
  readonly rows: readonly { readonly token: number; readonly example: number }[]
}
const tile = { seed: 3, chip: 1, read: 2, layer: 3, tile: 4 }
const origins = { output: noiseOrigin('output', tile), read: noiseOrigin('vmmRead', tile) }

/** A sum that belongs to what it is of, not to where in the batch it stands. */
const sumAt = (example: number, token: number, j: number): number =>
  Math.round(4e6 * Math.sin(example * 7 + token * 3 + j))
const varianceAt = (example: number, token: number, j: number): number => Math.abs(sumAt(example, token, j + 1))

const floats = (length: number, f: (i: number) => number): Ptr => {
  const at = scratch.take(4 * length)
  heap.f32(at, length).set(Float32Array.from({ length }, (_, i) => f(i)))
  return at
}
const factors = {
  zScale: (j: number): number => 3e-6 * (1 + (j % 5)),
  yScale: (j: number): number => 0.1 + 0.01 * j,
  offset: (j: number): number => 0.02 * j - 1,
  bias: (j: number): number => 0.5 - 0.01 * j,
  varianceScale: (j: number): number => 1e-8 * (1 + (j % 3)),
}
interface Settings {
  readonly maxCode: number
  readonly outputNoise: number
  readonly perVmm: boolean
  readonly onward: boolean
  readonly bound: number
}
const outputs = ({ columns, rows }: Batch, o: Settings): { y: number[]; saturated: number } =>
  scratch.within(() => {
    const width = paddedColumns(columns)
    const ints = (f: (example: number, token: number, j: number) => number): Ptr => {
      const at = scratch.take(4 * rows.length * width)
      heap
        .i32(at, rows.length * width)
        .set(rows.flatMap(({ example, token }) => Array.from({ length: width }, (_, j) => f(example, token, j))))
      return at
    }
    const words = (numbers: number[]): Ptr => {
      const at = scratch.take(4 * numbers.length)
      heap.u32(at, numbers.length).set(numbers)
      return at
    }
    const y = floats(rows.length * columns, () => 0.25)
    const counts = scratch.take(4)
    const a: Readout = {
      ...{ y, sums: ints(sumAt), rows: rows.length, columns, onward: o.onward, maxCode: o.maxCode, counts },
      ...{ adcScale: o.maxCode / o.bound, outputNoise: o.outputNoise, ...origins },
      zScale: floats(width, factors.zScale),
      yScale: floats(width, factors.yScale),
      offset: floats(width, factors.offset),
      bias: floats(columns, factors.bias),
      varianceScale: floats(width, factors.varianceScale),
      variances: o.perVmm ? ints(varianceAt) : 0,
      tokens: words(rows.map(r => r.token)),
      examples: words(rows.map(r => r.example)),
    }
    reference.readout(a)
    return { y: [...heap.f32(y, rows.length * columns)], saturated: heap.u32(counts, 1)[0] ?? NaN }
  })

const settings = fc.record({
  maxCode: fc.constantFrom(0, 7, 127),
  outputNoise: fc.constantFrom(0, 0.04),
  perVmm: fc.boolean(),
  onward: fc.boolean(),
  bound: fc.constantFrom(5, 12),
})
const batch = fc.record({
  columns: fc.integer({ min: 1, max: 150 }),
  rows: fc.uniqueArray(fc.record({ token: fc.nat({ max: 65_535 }), example: fc.nat({ max: 2 ** 32 - 1 }) }), {
    minLength: 1,
    maxLength: 6,
    selector: r => `${r.token} ${r.example}`,
  }),
})

describe('column readout', () => {
  const xi = (origin: Origin, example: number, token: number, tileColumn: number): number => {
    const { counter, index } = noiseAddress(origin, { example, token, tileColumn })
    return normals(counter, origin.key)[index] ?? NaN
  }
  test.prop([batch, settings], { numRuns: 60 })('is its formula, noise at its addresses', (b, o) => {
    const found = outputs(b, o)
    let [surely, perhaps] = [0, 0]
    b.rows.forEach(({ example, token }, r) => {
      for (let j = 0; j < b.columns; j++) {
        let z = sumAt(example, token, j) * factors.zScale(j) + o.outputNoise * xi(origins.output, example, token, j)
        if (o.perVmm)
          z += Math.sqrt(varianceAt(example, token, j) * factors.varianceScale(j)) * xi(origins.read, example, token, j)
        if (Math.abs(z) > o.bound * 1.00001) surely++
        if (Math.abs(z) > o.bound * 0.99999) perhaps++
        const exact = o.maxCode === 0 ? z : clamp((z * o.maxCode) / o.bound, o.maxCode)
        const after = (code: number): number =>
          (o.onward ? 0.25 : 0) + code * factors.yScale(j) + factors.offset(j) + factors.bias(j)
        const y = found.y[r * b.columns + j] ?? NaN
        // Within a hair of a tie either code is right.
        const candidates =
          o.maxCode === 0 ? [z] : [Math.round(exact - 1e-4), Math.round(exact + 1e-4), roundHalfEven(exact)]
        expect(Math.min(...candidates.map(code => Math.abs(after(code) - y)))).toBeLessThan(1e-4)
      }
    })
    expect(found.saturated).toBeGreaterThanOrEqual(o.maxCode === 0 ? 0 : surely)
    expect(found.saturated).toBeLessThanOrEqual(o.maxCode === 0 ? 0 : perhaps)
  })

  test.prop([batch, settings, fc.nat()], { numRuns: 40 })(
    'of a row does not depend on the batch or its order',
    (b, o, n) => {
      const whole = outputs(b, o)
      const order = [...b.rows.slice(n % b.rows.length), ...b.rows.slice(0, n % b.rows.length)]
      const turned = outputs({ ...b, rows: order }, o)
      let saturated = 0
      b.rows.forEach((row, r) => {
        const alone = outputs({ ...b, rows: [row] }, o)
        saturated += alone.saturated
        const expected = whole.y.slice(r * b.columns, (r + 1) * b.columns)
        expect(alone.y).toEqual(expected)
        const at = order.indexOf(row)
        expect(turned.y.slice(at * b.columns, (at + 1) * b.columns)).toEqual(expected)
      })
      expect(saturated).toBe(whole.saturated)
    },
  )
})
