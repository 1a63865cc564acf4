import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { attentionInto, attentionScratchLength } from '../../src/kernels/reference/attention.js'
import { layerNormInto } from '../../src/kernels/reference/layer-norm.js'
import { packInto, panelsLength, productInto } from '../../src/kernels/reference/product.js'

const { fround } = Math
const numbers = (seed: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(seed + i * 1.7) * 2)

/** The definition, term by term. */
const sumOfBlocks = (terms: readonly (readonly [number, number])[]): number => {
  let total = 0
  for (let from = 0; from < terms.length; from += 256)
    total = fround(total + terms.slice(from, from + 256).reduce((s, [a, b]) => fround(s + fround(a * b)), 0))
  return total
}

describe('reference product', () => {
  const size = fc.integer({ min: 1, max: 20 })
  test.prop([size, fc.integer({ min: 1, max: 600 }), size, fc.nat(1000)], { numRuns: 60 })(
    'is the sum of block sums, for either storage of either matrix',
    (rows, inner, columns, seed) => {
      const x = numbers(seed, rows * inner)
      const w = numbers(seed + 1, inner * columns)
      const bias = numbers(seed + 2, columns)
      for (const xs of [
        { row: inner, inner: 1 },
        { row: 1, inner: rows },
      ])
        for (const ws of [
          { row: inner, inner: 1 },
          { row: 1, inner: columns },
        ]) {
          const panels = new Float32Array(panelsLength(inner, columns))
          packInto(panels, w, inner, columns, ws)
          const y = new Float32Array(rows * columns)
          productInto(y, x, panels, bias, { rows, inner, columns }, xs, columns)
          for (let i = 0; i < rows; i++)
            for (let j = 0; j < columns; j++) {
              const terms = Array.from({ length: inner }, (_, k): [number, number] => [
                x[i * xs.row + k * xs.inner] ?? NaN,
                w[j * ws.row + k * ws.inner] ?? NaN,
              ])
              expect(y[i * columns + j]).toBe(fround(sumOfBlocks(terms) + (bias[j] ?? NaN)))
            }
        }
    },
  )
})

describe('reference attention', () => {
  test.prop(
    [
      fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 20 }),
    ],
    { numRuns: 30 },
  )('is softmax(q k^T scale) v of each sequence and head, to rounding', (lengths, heads, headSize) => {
    const offsets = Int32Array.from([0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b))])
    const tokens = offsets.at(-1) ?? 0
    const width = heads * headSize
    const [q, k, v] = [numbers(1, tokens * width), numbers(2, tokens * width), numbers(3, tokens * width)]
    const y = new Float32Array(tokens * width)
    const scale = 1 / Math.sqrt(headSize)
    const scratch = new Float32Array(attentionScratchLength(Math.max(...lengths), headSize))
    attentionInto(y, q, k, v, offsets, { heads, headSize, scale, row: width }, scratch)
    lengths.forEach((length, s) => {
      for (let h = 0; h < heads; h++)
        for (let i = 0; i < length; i++) {
          const at = (t: number, d: number): number => ((offsets[s] ?? 0) + t) * width + h * headSize + d
          const dims = Array.from({ length: headSize }, (_, d) => d)
          const z = Array.from({ length }, (_, t) =>
            Math.exp(scale * dims.reduce((sum, d) => sum + (q[at(i, d)] ?? NaN) * (k[at(t, d)] ?? NaN), 0)),
          )
          const total = z.reduce((a, b) => a + b)
          for (const d of dims) {
            const exact = z.reduce((sum, e, t) => sum + (e / total) * (v[at(t, d)] ?? NaN), 0)
            expect(Math.abs((y[at(i, d)] ?? NaN) - exact)).toBeLessThan(2e-5)
          }
        }
    })
  })
})

describe('reference layer norm', () => {
  test.prop([fc.integer({ min: 2, max: 100 }), fc.nat(1000)], { numRuns: 60 })(
    'has mean bias and deviation gain',
    (width, seed) => {
      const x = numbers(seed, width)
      const y = new Float32Array(width)
      layerNormInto(y, x, new Float32Array(width).fill(3), new Float32Array(width).fill(5), 1, width, 1e-5)
      const mean = x.reduce((a, b) => a + b, 0) / width
      const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / width
      y.forEach((value, i) =>
        expect(value).toBeCloseTo((((x[i] ?? NaN) - mean) / Math.sqrt(variance + 1e-5)) * 3 + 5, 3),
      )
    },
  )
})
