/** The kernels of hardware-aware training give the reference's bits on every path, whatever floats go in. */
import { fc, test } from '@fast-check/vitest'
import { describe } from 'vitest'
import { trainingOutputsOrigin, trainingWeightsOrigin } from '../../src/domain/random/addresses.js'
import { lineScratchBytes } from '../../src/kernels/hardware.js'
import { paddedColumns } from '../../src/kernels/reference/vmm.js'
import { floats, place, same, scratch } from './agreement.js'
import { heap } from './paths.js'

const size = fc.integer({ min: 1, max: 200 })
const small = fc.integer({ min: 1, max: 30 })
const gap = fc.nat(5)
const seed = fc.integer()
const oddities = fc.constantFrom(0, 0, 0.001, 0.2)
const maxCode = fc.constantFrom(1, 7, 127, 2047)
const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(256, 300)), { maxLength: 4 })
const offsetsOf = (sizes: readonly number[]): readonly number[] =>
  sizes.reduce<number[]>((ends, length) => [...ends, (ends.at(-1) ?? 0) + length], [0])
const numRuns = { numRuns: 40 }

/** Runs on a copy of `before`, for what is changed in place. */
const onto = (before: Float32Array, work: (y: number) => void) => (y: number) => {
  heap.f32(y, before.length).set(before)
  work(y)
}

describe('same bits on every path', () => {
  test.prop([small, size, gap, seed, oddities, maxCode, fc.boolean()], numRuns)(
    'quantise, and its gradient',
    (rows, width, more, s, odd, codes, onward) => {
      scratch.within(() => {
        const xRowStep = width + more
        const a = { x: place(floats(rows * xRowStep, s, odd)), rows, width, xRowStep, maxCode: codes, range: 3 }
        same(rows * width, (k, y) => k.quantise({ ...a, y, unit: 0.7 }))
        const before = floats(rows * (xRowStep + width), s + 1, odd)
        same(before.length, (k, y) =>
          onto(before, d => k.quantiseGradient({ ...a, d, dx: d + 4 * rows * width, onward }))(y),
        )
      })
    },
  )

  test.prop([small, size, gap, seed, oddities], numRuns)('straight through', (rows, columns, more, s, odd) => {
    scratch.within(() => {
      const steps = { dyRowStep: columns + more, residueRowStep: columns + 2 * more }
      const dy = place(floats(rows * steps.dyRowStep, s, odd))
      const residues = place(floats(rows * steps.residueRowStep, s + 1, odd))
      same(rows * columns, (k, y) => k.straightThrough({ y, dy, residues, rows, columns, ...steps }))
    })
  })

  test.prop([lengths, size, gap, seed, oddities, fc.boolean()], numRuns)(
    'sums of products over ragged sequences',
    (sizes, columns, more, s, odd, onward) => {
      scratch.within(() => {
        const ends = offsetsOf(sizes)
        const [tokens, xRowStep, zRowStep] = [ends.at(-1) ?? 0, columns + more, columns + 2 * more]
        const [x, z] = [place(floats(tokens * xRowStep, s, odd)), place(floats(tokens * zRowStep, s + 1, odd))]
        const a = { x, z, offsets: place(Int32Array.from(ends)), sequences: sizes.length, columns, xRowStep, zRowStep }
        same(columns, (k, y) => k.columnDots({ ...a, y, onward }))
      })
    },
  )

  test.prop([size, small, gap, seed, oddities, fc.nat(200), fc.boolean(), fc.boolean(), fc.boolean()], numRuns)(
    'disturbed weights, largest weights, and the way back',
    (rows, columns, more, s, odd, firstRow, clips, noisy, tabled) => {
      scratch.within(() => {
        const rowStep = rows + more
        const length = columns * rowStep
        const a = { w: place(floats(length, s, odd)), rows, columns, rowStep }
        same(columns, (k, y) => k.columnMaxima({ ...a, y }))
        const scales = floats(columns, s + 1, odd).map(Math.abs)
        if (columns > 1) scales[1] = 0
        const full = { fullScales: place(scales), deviations: place(floats(columns, s + 2, odd)) }
        const noise = noisy ? trainingWeightsOrigin({ seed: 2 ** 40 + 5, step: 9, layer: 3 }) : null
        const table = tabled ? place(floats(33, s + 3, odd)) : 0
        same(length, (k, y) =>
          k.disturb({ ...a, ...full, y, table, steps: 32, clips, noise, firstRow, firstColumn: 70 }),
        )
        const used = tabled ? place(floats(length, s + 4, odd)) : 0
        const before = floats(length, s + 5, odd)
        same(length + columns, (k, y) =>
          onto(before, gradient =>
            k.clipGradient({ ...a, ...full, y: y + 4 * length, gradient, used, table, steps: 32 }),
          )(y),
        )
      })
    },
  )

  test.prop([size, small, gap, seed, oddities, fc.constantFrom(0, 0.5, 2.5), fc.boolean()], numRuns)(
    'clipped weights, and IR drop on them',
    (rows, columns, more, s, odd, deviations, divides) => {
      scratch.within(() => {
        const rowStep = rows + more
        const before = floats(columns * rowStep, s, odd)
        const a = { rows, columns, rowStep }
        same(before.length, (k, y) => onto(before, w => k.clipWeights({ ...a, w, deviations, limit: 0.8 }))(y))
        const full = { w: place(floats(before.length, s + 1, odd)), fullScales: place(floats(columns, s + 2, odd)) }
        const work = { load: 1e-4, divides, scratch: scratch.take(lineScratchBytes(rows)) }
        same(before.length, (k, y) => onto(before, at => k.lineFactors({ ...a, ...full, ...work, y: at }))(y))
      })
    },
  )

  test.prop([small, size, seed, oddities, fc.constantFrom(0, 1, 127), fc.constantFrom(0, 0.1)], numRuns)(
    'residues of a readout, in place of the sums',
    (rows, columns, s, odd, codes, outputNoise) => {
      scratch.within(() => {
        const width = paddedColumns(columns)
        const before = floats(rows * width, s, odd)
        const origin = trainingOutputsOrigin({ seed: 7, step: 3, layer: 2, tile: 1 })
        const factors = () => place(floats(width, s + 1, odd))
        const a = {
          ...{ real: true, rows, columns, zScale: factors(), yScale: factors(), offset: 0, bias: 0, onward: false },
          ...{ maxCode: codes, adcScale: codes === 0 ? 0 : codes / 3, outputNoise, output: origin, read: origin },
          ...{ tokens: place(Uint32Array.from({ length: rows }, (_, i) => i)), variances: 0, varianceScale: 0 },
          ...{ examples: place(new Uint32Array(rows).fill(5)), counts: scratch.take(4) },
        }
        same(before.length + rows * columns, (k, y) =>
          onto(before, sums => k.readout({ ...a, sums, residues: sums, y: y + 4 * before.length }))(y),
        )
      })
    },
  )
})
