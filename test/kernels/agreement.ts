/** Whether every path gives the reference's bits, and what to try it with. */
import { expect } from 'vitest'
import type { Ptr } from '../../src/kernels/heap.js'
import type { Kernels } from '../../src/kernels/kernels.js'
import { createScratch } from '../../src/kernels/scratch.js'
import { fast, heap, reference } from './paths.js'

export const scratch = createScratch(heap)

/** Ordinary numbers, with a sprinkling of what goes wrong: zeros, subnormals, huge numbers, infinities, NaN. */
const special = [0, -0, 1e-45, -1e-40, 1.1754943508222875e-38, 3.4e38, -3.4e38, Infinity, -Infinity, NaN]
export const floats = (length: number, seed: number, oddities: number): Float32Array => {
  let state = (seed ^ 0x9e3779b9) | 1
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  return Float32Array.from({ length }, () =>
    next() < oddities ? (special[Math.floor(next() * special.length)] ?? 0) : (next() - 0.5) * 2 ** (next() * 8 - 4),
  )
}
export const place = (numbers: Float32Array | Int32Array | Uint32Array): Ptr => {
  const at = scratch.take(numbers.byteLength)
  if (numbers instanceof Float32Array) heap.f32(at, numbers.length).set(numbers)
  else heap.i32(at, numbers.length).set(numbers)
  return at
}

/** Bit patterns, all NaNs alike. */
const pattern = (numbers: Float32Array): Int32Array => {
  const copy = Float32Array.from(numbers)
  const bits = new Int32Array(copy.buffer)
  copy.forEach((x, i) => {
    if (Number.isNaN(x)) bits[i] = 0x7fc00000
  })
  return bits
}

/** Runs `work` into fresh memory by the reference and by every fast path, and compares `length` numbers and a guard after them. */
export const same = (length: number, work: (kernels: Kernels, y: Ptr) => void): void =>
  scratch.within(() => {
    const guard = 64
    const y = scratch.take(4 * (length + guard))
    const once = (kernels: Kernels): Int32Array => {
      heap.f32(y, length + guard).fill(-77)
      work(kernels, y)
      return pattern(heap.f32(y, length + guard))
    }
    const expected = once(reference)
    expect(pattern(heap.f32(y + 4 * length, guard))).toEqual(pattern(new Float32Array(guard).fill(-77)))
    for (const [name, kernels] of fast) {
      const found = once(kernels)
      const at = found.findIndex((bits, i) => bits !== expected[i])
      if (at >= 0) expect.fail(`${name}: number ${at} of ${length}: ${found[at] ?? ''} is not ${expected[at] ?? ''}`)
    }
  })

/** As `same`, for f64 results. */
export const sameDoubles = (length: number, work: (kernels: Kernels, y: Ptr) => void): void =>
  scratch.within(() => {
    const y = scratch.take(8 * length)
    const once = (kernels: Kernels): Float64Array => {
      work(kernels, y)
      return heap.f64(y, length).slice()
    }
    const expected = once(reference)
    for (const [name, kernels] of fast)
      once(kernels).forEach((found, i) => {
        if (!Object.is(found, expected[i]))
          expect.fail(`${name}: number ${i} of ${length}: ${found} is not ${expected[i] ?? ''}`)
      })
  })
