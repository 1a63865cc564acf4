/** Gradients, dropout and the optimiser give the reference's bits on every path, whatever floats go in. */
import { fc, test } from '@fast-check/vitest'
import { describe } from 'vitest'
import type { Ptr } from '../../src/kernels/heap.js'
import { attentionScratchBytes, panelsBytes } from '../../src/kernels/kernels.js'
import { attentionGradientScratchBytes, type MaskPlaces } from '../../src/kernels/training.js'
import { floats, place, same, scratch } from './agreement.js'
import { heap, reference } from './paths.js'

const size = fc.integer({ min: 1, max: 600 })
const small = fc.integer({ min: 1, max: 40 })
const seed = fc.integer()
const oddities = fc.constantFrom(0, 0, 0.001, 0.2)
const lengths = fc.array(
  fc.oneof({ arbitrary: fc.integer({ min: 1, max: 40 }), weight: 4 }, fc.constantFrom(256, 300)),
  {
    maxLength: 4,
  },
)

/** Starts of sequences of these lengths, and the end of the last. */
const offsetsOf = (sizes: readonly number[]): readonly number[] =>
  sizes.reduce<number[]>((ends, length) => [...ends, (ends.at(-1) ?? 0) + length], [0])

const masks = (s: number, threshold: number): MaskPlaces => ({
  ...{ key: [s >>> 0, 7], word2: 3 << 16, word3: 0x90000005 },
  ...{ threshold, scale: 1.25 },
})
const thresholds = fc.constantFrom(0, 1, 429_496_730, 2 ** 31, 2 ** 32 - 1)

describe('same bits on every path', () => {
  test.prop([lengths, size, fc.integer({ min: 1, max: 300 }), fc.nat(5), seed, oddities, fc.boolean()], {
    numRuns: 30,
  })('weight gradient, of ragged sequences', (sizes, rows, columns, gap, s, odd, onward) => {
    scratch.within(() => {
      const ends = offsetsOf(sizes)
      const tokens = ends.at(-1) ?? 0
      const dyRowStep = rows + gap
      const yRowStep = columns + gap
      const panels = scratch.take(panelsBytes(tokens, columns))
      const w = place(floats(tokens * columns, s, odd))
      reference.pack({ panels, w, inner: tokens, columns, columnStep: 1, innerStep: columns })
      const dy = place(floats(tokens * dyRowStep, s + 1, odd))
      const a = { dy, panels, offsets: place(Int32Array.from(ends)), sequences: sizes.length, rows, columns }
      same(rows * yRowStep, (k, y) => k.weightGradient({ ...a, y, dyRowStep, yRowStep, onward }))
    })
  })

  test('weight gradient beyond every cache block', () => {
    scratch.within(() => {
      const [rows, columns, tokens] = [200, 900, 330]
      const panels = scratch.take(panelsBytes(tokens, columns))
      const w = place(floats(tokens * columns, 1, 0))
      reference.pack({ panels, w, inner: tokens, columns, columnStep: 1, innerStep: columns })
      const offsets = place(Int32Array.from([0, 10, 300, tokens]))
      const a = { dy: place(floats(tokens * rows, 2, 0)), panels, offsets, sequences: 3, rows, columns }
      same(rows * columns, (k, y) => k.weightGradient({ ...a, y, onward: false }))
    })
  })

  test.prop([lengths, size, seed, oddities, fc.boolean()], { numRuns: 40 })(
    'column sums',
    (sizes, columns, s, odd, onward) => {
      scratch.within(() => {
        const ends = offsetsOf(sizes)
        const a = {
          x: place(floats((ends.at(-1) ?? 0) * columns, s, odd)),
          ...{ offsets: place(Int32Array.from(ends)), sequences: sizes.length, columns, onward },
        }
        same(columns, (k, y) => k.columnSums({ ...a, y }))
      })
    },
  )

  test.prop([small, size, seed, oddities], { numRuns: 60 })('layer norm gradient', (rows, width, s, odd) => {
    scratch.within(() => {
      const length = rows * width
      const [dy, x] = [place(floats(length, s, odd)), place(floats(length, s + 1, odd))]
      const a = { dy, x, gain: place(floats(width, s + 2, odd)), rows, width, epsilon: 1e-5 }
      same(2 * length, (k, y) => k.layerNormGradient({ ...a, dx: y, products: y + 4 * length }))
    })
  })

  for (const name of ['geluGradient', 'tanhGradient'] as const)
    test.prop([fc.array(fc.float(), { maxLength: 100 }), seed], { numRuns: 60 })(
      `${name} of any floats`,
      (values, s) => {
        scratch.within(() => {
          const x = place(Float32Array.from(values))
          const dy = place(floats(values.length, s, 0.1))
          same(values.length, (k, dx) => k[name]({ dx, dy, x, length: values.length }))
        })
      },
    )

  test.prop([lengths, fc.constantFrom(1, 2, 3), small, seed, oddities, thresholds], { numRuns: 25 })(
    'attention with dropout, and its gradient',
    (sizes, heads, headSize, s, odd, threshold) => {
      scratch.within(() => {
        const ends = offsetsOf(sizes)
        const length = (ends.at(-1) ?? 0) * heads * headSize
        const [q, k, v, dy] = [0, 1, 2, 3].map(i => place(floats(length, s + i, odd))) as [Ptr, Ptr, Ptr, Ptr] // as: four of them
        const longest = Math.max(0, ...sizes)
        const a = {
          ...{ q, k, v, offsets: place(Int32Array.from(ends)), sequences: sizes.length, heads, headSize, scale: 0.2 },
          dropout: { ...masks(s, threshold), examples: place(Uint32Array.from(sizes, (_, i) => 2 ** 32 - 1 - i)) },
        }
        const forward = scratch.take(attentionScratchBytes(longest, headSize))
        same(length, (kernels, y) => kernels.attention({ ...a, y, scratch: forward }))
        const backward = scratch.take(attentionGradientScratchBytes(longest, headSize))
        same(3 * length, (kernels, y) => {
          const to = { dq: y, dk: y + 4 * length, dv: y + 8 * length }
          kernels.attentionGradient({ ...a, ...to, dy, scratch: backward })
        })
      })
    },
  )

  test.prop([small, size, seed, oddities, thresholds], { numRuns: 40 })('dropout', (rows, width, s, odd, threshold) => {
    scratch.within(() => {
      const x = place(floats(rows * width, s, odd))
      const tokens = place(Uint32Array.from({ length: rows }, (_, i) => (i === 0 ? 65_535 : i)))
      const examples = place(Uint32Array.from({ length: rows }, (_, i) => (s + i) >>> 0))
      same(rows * width, (k, y) => k.dropout({ ...masks(s, threshold), y, x, rows, width, tokens, examples }))
    })
  })

  test.prop([fc.array(fc.nat(19), { maxLength: 50 }), fc.integer({ min: 1, max: 100 }), seed, oddities, fc.nat(3)], {
    numRuns: 30,
  })('scatter-add', (rows, width, s, odd, skip) => {
    scratch.within(() => {
      const index = place(Int32Array.from(rows))
      const x = place(floats(rows.length * width, s, odd))
      const before = floats(20 * width, s + 1, odd)
      same(20 * width, (k, table) => {
        heap.f32(table, before.length).set(before)
        k.scatterAdd({ table, x, index, rows: rows.length, width, skip: skip - 1 })
      })
    })
  })

  test.prop([size, seed, oddities], { numRuns: 40 })('AdamW', (length, s, odd) => {
    scratch.within(() => {
      const g = place(floats(length, s, odd))
      const before = [1, 2, 3].map(i => floats(length, s + i, odd).map(i === 3 ? Math.abs : Number))
      const step = { ...{ clip: 0.7, beta1: 0.9, rest1: 0.1, beta2: 0.999, rest2: 0.001 }, root: 31.6, epsilon: 1e-8 }
      same(3 * length, (k, w) => {
        before.forEach((numbers, i) => heap.f32(w + 4 * i * length, length).set(numbers))
        k.adamW({ ...step, rate: 5e-4, decay: 5e-7, w, g, m: w + 4 * length, v: w + 8 * length, length })
      })
    })
  })
})
