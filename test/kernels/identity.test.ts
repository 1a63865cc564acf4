/** Reference, WebAssembly and every native instruction set give the same bits, whatever floats go in. */
import { fc, test } from '@fast-check/vitest'
import { describe } from 'vitest'
import { binsOf, tailBins } from '../../src/domain/ranges/histogram.js'
import type { Ptr } from '../../src/kernels/heap.js'
import { attentionScratchBytes, panelsBytes, type Kernels } from '../../src/kernels/kernels.js'
import { floats, place, same, sameDoubles, scratch } from './agreement.js'
import { heap, reference } from './paths.js'

const size = fc.integer({ min: 1, max: 600 })
const small = fc.integer({ min: 1, max: 40 })
const seed = fc.integer()
const oddities = fc.constantFrom(0, 0, 0.001, 0.2)

describe('same bits on every path', () => {
  for (const name of ['exp', 'log', 'erf', 'tanh', 'gelu'] as const) {
    test.prop([fc.array(fc.float(), { maxLength: 100 })], { numRuns: 100 })(`${name} of any floats`, values => {
      scratch.within(() => {
        const x = place(Float32Array.from(values))
        same(values.length, (k, y) => k[name]({ y, x, length: values.length }))
      })
    })
    test(`${name} of a sweep over all floats`, () => {
      scratch.within(() => {
        const patterns = Int32Array.from({ length: 100_000 }, (_, i) => (i * 42_949) | 0)
        const x = place(patterns)
        same(patterns.length, (k, y) => k[name]({ y, x, length: patterns.length }))
      })
    })
  }

  test('turn over all floats', () => {
    scratch.within(() => {
      const patterns = Int32Array.from({ length: 100_003 }, (_, i) => (i * 42_949) | 0)
      const u = place(patterns)
      const length = patterns.length
      same(2 * length, (k, y) => k.turn({ sine: y, cosine: y + 4 * length, u, length }))
    })
  })

  test.prop([small, size, size, seed, oddities, fc.boolean(), fc.boolean(), fc.boolean()], { numRuns: 60 })(
    'product, of either storage, with and without bias',
    (rows, inner, columns, s, odd, biased, xTransposed, wTransposed) => {
      scratch.within(() => {
        const x = place(floats(rows * inner, s, odd))
        const w = place(floats(inner * columns, s + 1, odd))
        const bias = biased ? place(floats(columns, s + 2, odd)) : 0
        const panels = scratch.take(panelsBytes(inner, columns))
        const packing = wTransposed ? { columnStep: 1, innerStep: columns } : {}
        const steps = xTransposed ? { xRowStep: 1, xInnerStep: rows } : {}
        same(panelsBytes(inner, columns) / 4, (k, y) => k.pack({ panels: y, w, inner, columns, ...packing }))
        reference.pack({ panels, w, inner, columns, ...packing })
        same(rows * columns, (k, y) => k.product({ y, x, panels, bias, rows, inner, columns, ...steps }))
      })
    },
  )

  test.prop(
    [fc.integer({ min: 90, max: 300 }), fc.integer({ min: 1, max: 300 }), fc.integer({ min: 760, max: 1700 })],
    {
      numRuns: 3,
    },
  )('product beyond every cache block', (rows, inner, columns) => {
    scratch.within(() => {
      const x = place(floats(rows * inner, rows, 0))
      const bias = place(floats(columns, inner, 0))
      const panels = scratch.take(panelsBytes(inner, columns))
      reference.pack({ panels, w: place(floats(inner * columns, columns, 0)), inner, columns })
      same(rows * columns, (k, y) => k.product({ y, x, panels, bias, rows, inner, columns }))
      same(rows * columns, (k, y) =>
        k.product({ y, x, panels, bias, rows, inner, columns, xRowStep: 1, xInnerStep: rows }),
      )
    })
  })

  test.prop([small, fc.nat(20), seed], { numRuns: 20 })('product between other numbers', (columns, gap, s) => {
    scratch.within(() => {
      const [rows, inner] = [5, 30]
      const x = place(floats(rows * (inner + gap), s, 0))
      const panels = scratch.take(panelsBytes(inner, columns))
      reference.pack({ panels, w: place(floats(inner * columns, s + 1, 0)), inner, columns })
      const yRowStep = columns + gap
      const a = { x, panels, bias: 0, rows, inner, columns, xRowStep: inner + gap, yRowStep }
      same(rows * yRowStep, (k, y) => k.product({ ...a, y }))
    })
  })

  test.prop([small, size, seed, oddities], { numRuns: 60 })('layer norm', (rows, width, s, odd) => {
    scratch.within(() => {
      const x = place(floats(rows * width, s, odd))
      const gain = place(floats(width, s + 1, odd))
      const bias = place(floats(width, s + 2, odd))
      same(rows * width, (k, y) => k.layerNorm({ y, x, gain, bias, rows, width, epsilon: 1e-5 }))
    })
  })

  test.prop([small, size, fc.nat(40), seed, oddities], { numRuns: 60 })('softmax', (rows, width, gap, s, odd) => {
    scratch.within(() => {
      const rowStep = width + gap
      const x = place(floats(rows * rowStep, s, odd))
      same(rows * rowStep, (k, y) => k.softmax({ y, x, rows, width, rowStep, scale: 0.3 }))
    })
  })

  test.prop(
    [
      fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 5 }),
      fc.constantFrom(1, 2, 3),
      small,
      fc.nat(10),
      seed,
      oddities,
    ],
    { numRuns: 40 },
  )('attention of ragged sequences', (lengths, heads, headSize, gap, s, odd) => {
    scratch.within(() => {
      const ends = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b))
      const tokens = ends.at(-1) ?? 0
      const rowStep = heads * headSize + gap
      const [q, k, v] = [0, 1, 2].map(i => place(floats(tokens * rowStep, s + i, odd))) as [Ptr, Ptr, Ptr] // as: three of them
      const offsets = place(Int32Array.from([0, ...ends]))
      const work = scratch.take(attentionScratchBytes(Math.max(0, ...lengths), headSize))
      const a = { q, k, v, offsets, sequences: lengths.length, heads, headSize, rowStep, scale: 0.2, scratch: work }
      same(tokens * heads * headSize, (kernels, y) => kernels.attention({ ...a, y }))
    })
  })

  test("attention at the encoder's own size: 512 tokens and a short one, heads of 64", () => {
    scratch.within(() => {
      const [tokens, heads, headSize] = [519, 2, 64]
      const [q, k, v] = [0, 1, 2].map(i => place(floats(tokens * heads * headSize, 77 + i, 0))) as [Ptr, Ptr, Ptr] // as: three of them
      const work = scratch.take(attentionScratchBytes(512, headSize))
      const offsets = place(Int32Array.from([0, 512, tokens]))
      const a = { q, k, v, offsets, sequences: 2, heads, headSize, scale: 0.125, scratch: work }
      same(tokens * heads * headSize, (kernels, y) => kernels.attention({ ...a, y }))
    })
  })

  test('product at the size of a feed-forward layer, 600 rows', () => {
    scratch.within(() => {
      const [rows, inner, columns] = [600, 768, 77]
      const x = place(floats(rows * inner, 5, 0))
      const panels = scratch.take(panelsBytes(inner, columns))
      reference.pack({ panels, w: place(floats(columns * inner, 6, 0)), inner, columns })
      same(rows * columns, (k, y) => k.product({ y, x, panels, bias: 0, rows, inner, columns }))
    })
  })

  test.prop([size, seed, oddities], { numRuns: 30 })('add', (length, s, odd) => {
    scratch.within(() => {
      const a = place(floats(length, s, odd))
      const b = place(floats(length, s + 1, odd))
      same(length, (k, y) => k.add({ y, a, b, length }))
    })
  })

  test.prop([fc.array(fc.nat(19), { maxLength: 50 }), fc.integer({ min: 1, max: 100 }), seed, oddities], {
    numRuns: 30,
  })('embed and gather', (rows, width, s, odd) => {
    scratch.within(() => {
      const ids = place(Int32Array.from(rows))
      const places = place(Int32Array.from(rows, (_, i) => i))
      const words = place(floats(20 * width, s, odd))
      const positions = place(floats(50 * width, s + 1, odd))
      const type = place(floats(width, s + 2, odd))
      const tokens = rows.length
      same(tokens * width, (k, y) => k.embed({ y, ids, places, words, positions, type, tokens, width }))
      same(tokens * width, (k, y) => k.gather({ y, x: words, index: ids, rows: tokens, width }))
    })
  })

  test.prop([fc.integer({ min: 0, max: 5000 }), seed, oddities], { numRuns: 40 })('dot', (length, s, odd) => {
    scratch.within(() => {
      const a = place(floats(length, s, odd))
      const b = place(floats(length, s + 1, odd))
      sameDoubles(1, (k, y) => k.dot({ y, a, b, length }))
    })
  })

  test.prop([small, size, fc.nat(9), seed, oddities], { numRuns: 40 })(
    'moments of columns, however the rows are divided',
    (rows, columns, gap, s, odd) => {
      scratch.within(() => {
        const rowStep = columns + gap
        const x = place(floats(rows * rowStep, s, odd))
        const absMax = scratch.take(4 * columns)
        const into = (k: Kernels, y: Ptr, divided: boolean): void => {
          heap.f64(y, 2 * columns).fill(0.1)
          heap.f32(absMax, columns).fill(0)
          const a = { sum: y, squares: y + 8 * columns, absMax, columns, rowStep }
          if (divided) for (let i = 0; i < rows; i++) k.addMoments({ ...a, x: x + 4 * i * rowStep, rows: 1 })
          else k.addMoments({ ...a, x, rows })
        }
        sameDoubles(2 * columns, (k, y) => into(k, y, k === reference))
        same(columns, (k, y) => {
          scratch.within(() => into(k, scratch.take(16 * columns), k !== reference))
          heap.f32(y, columns).set(heap.f32(absMax, columns))
        })
      })
    },
  )

  test.prop([fc.integer({ min: 0, max: 3000 }), seed, oddities], { numRuns: 30 })('square', (length, s, odd) => {
    scratch.within(() => {
      const x = place(floats(length, s, odd))
      same(length, (k, y) => k.square({ y, x, length }))
    })
  })

  describe('histograms, however the rows are divided', () => {
    interface Placed {
      readonly x: Ptr
      readonly weights: Ptr
      readonly rows: number
      readonly columns: number
      readonly xRowStep: number
    }
    /** Numbers over all magnitudes, of both signs, with zeros of both, finite; and their weights. */
    const spread = (rows: number, columns: number, gap: number, s: number): Placed => {
      const xRowStep = columns + gap
      const x = Float32Array.from(floats(rows * xRowStep, s, 0), (v, i) =>
        i % 17 === 0 ? (i % 2 === 0 ? 0 : -0) : v * 2 ** (((i * 31) % 90) - 45),
      )
      return { x: place(x), weights: place(floats(rows * columns, s + 1, 0)), rows, columns, xRowStep }
    }
    /** Calls once, or row by row where the definition is computed. */
    const divided = (k: Kernels, { rows, ...a }: Placed, call: (a: Placed) => void): void => {
      if (k !== reference) call({ ...a, rows })
      else
        for (let r = 0; r < rows; r++)
          call({ ...a, x: a.x + 4 * r * a.xRowStep, weights: a.weights + 4 * r * a.columns, rows: 1 })
    }
    const gap = fc.nat(9)

    test.prop([small, size, gap, seed, fc.constantFrom(5, 9)], { numRuns: 40 })(
      'counts and weights',
      (rows, columns, more, s, bits) => {
        scratch.within(() => {
          const bins = binsOf(bits)
          const placed = spread(rows, columns, more, s)
          same(2 * bins.count, (k, y) => {
            heap.u32(y, 2 * bins.count).fill(7)
            divided(k, placed, a => k.countMagnitudes({ ...a, counts: y, bins }))
          })
          sameDoubles(bins.count, (k, y) => {
            heap.f64(y, bins.count).fill(0.1)
            divided(k, placed, a => k.weighMagnitudes({ ...a, slots: y, bins }))
          })
        })
      },
    )

    test.prop([small, size, gap, seed], { numRuns: 40 })('tails of columns', (rows, columns, more, s) => {
      scratch.within(() => {
        const placed = spread(rows, columns, more, s)
        const tops = scratch.take(4 * columns)
        const into = (k: Kernels, slots: Ptr): void => {
          heap.f64(slots, tailBins * columns).fill(0.1)
          heap.i32(tops, columns).fill(0)
          divided(k, placed, a => k.addToTails({ ...a, slots, tops }))
        }
        sameDoubles(tailBins * columns, into)
        same(columns, (k, y) => {
          scratch.within(() => into(k, scratch.take(8 * tailBins * columns)))
          heap.i32(y, columns).set(heap.i32(tops, columns))
        })
      })
    })
  })

  test.prop(
    [
      fc.integer({ min: 1, max: 600 }),
      fc.integer({ min: 1, max: 500 }),
      seed,
      fc.double({ min: 0.01, max: 100, noNaN: true }),
    ],
    {
      numRuns: 60,
    },
  )('sums over pairs', (rows, steps, s, fullScale) => {
    scratch.within(() => {
      const weights = place(floats(rows, s, 0))
      const energies = place(floats(rows, s + 1, 0))
      const doubles = (length: number, from: number): Ptr => {
        const at = scratch.take(8 * length)
        heap.f64(at, length).set(floats(length, from, 0))
        return at
      }
      const shares = doubles(rows, s + 2)
      const [mean, variance] = [doubles(steps + 1, s + 3), doubles(steps + 1, s + 4)]
      sameDoubles(3, (k, y) => k.pairSums({ y, weights, energies, shares, mean, variance, rows, steps, fullScale }))
    })
  })
})
