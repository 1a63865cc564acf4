/**
 * The kernels' IR drop against the circuit itself, solved by dense nodal analysis (domain/crossbar/circuit.ts): the shares u of
 * the `ladder` kernel in binary64 to 1e-9, with the inputs applied and slot by slot of the pulses; then a whole tile, as far as
 * binary32 and the int16 grid allow.
 */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { lifeOrigin, noiseOrigin, readOrigin } from '../../src/domain/random/addresses.js'
import { stream } from '../../src/domain/random/stream.js'
import { createScratch } from '../../src/kernels/scratch.js'
import { bitLine, pulsed } from '../domain/crossbar/circuit.js'
import { ideal } from './devices.js'
import { fast, heap, reference } from './paths.js'
import { tileOf } from './tile-under-test.js'

const scratch = createScratch(heap)
const lanes = 16
const maxCode = 127
const origin = { seed: 1, chip: 0, read: 0, layer: 0, tile: 0 }

/** Conductances in units of g_max of a pair of lines, in binary32, `share` of them more than 0; and codes. */
const pair = (rows: number, share: number, seed: number) => {
  const s = stream(seed, 'pair of bit lines', rows)
  const line = (): Float32Array => Float32Array.from({ length: rows }, () => (s.uniform() < share ? s.uniform() : 0))
  return {
    plus: line(),
    minus: line(),
    codes: Int16Array.from({ length: rows }, () => s.below(2 * maxCode + 1) - maxCode),
  }
}

/** By the paths in turn: u of the lines, side by side in one panel. */
const shares = (lines: readonly Float32Array[], load: number): ReadonlyMap<string, readonly Float64Array[]> =>
  scratch.within(() => {
    const rows = lines[0]?.length ?? 0
    const [g, u] = [scratch.take(4 * rows * lanes), scratch.take(8 * rows * lanes)]
    const panel = heap.f32(g, rows * lanes).fill(0)
    lines.forEach((line, column) => line.forEach((value, i) => (panel[i * lanes + column] = value)))
    return new Map(
      [['reference', reference] as const, ...fast].map(([name, kernels]) => {
        kernels.ladder({ u, g, rows, columns: lanes, load })
        const found = heap.f64(u, rows * lanes)
        return [name, lines.map((_, c) => Float64Array.from({ length: rows }, (__, i) => found[i * lanes + c] ?? NaN))]
      }),
    )
  })

/** Largest error of any path, as a share of the terms' magnitudes: with the inputs applied at once, and slot by slot. */
const errors = (rows: number, share: number, load: number, seed: number): readonly [atOnce: number, slots: number] => {
  const { plus, minus, codes } = pair(rows, share, seed)
  const [up, down] = [bitLine(plus, load), bitLine(minus, load)]
  const x = Float64Array.from(codes, code => code / maxCode)
  const exact = [up(x) - down(x), pulsed(up, down, codes, maxCode)] as const
  let worst: [number, number] = [0, 0]
  for (const [u = [], v = []] of shares([plus, minus], load).values()) {
    let [sum, scale] = [0, Number.MIN_VALUE]
    codes.forEach((_, i) => {
      const [here, there] = [(plus[i] ?? NaN) * (u[i] ?? NaN), (minus[i] ?? NaN) * (v[i] ?? NaN)]
      sum += (here - there) * (x[i] ?? NaN)
      scale += (here + there) * Math.abs(x[i] ?? NaN)
    })
    worst = [Math.max(worst[0], Math.abs(sum - exact[0]) / scale), Math.max(worst[1], Math.abs(sum - exact[1]) / scale)]
  }
  return worst
}

const share = fc.constantFrom(0.05, 0.5, 1)
/** R g_max; 0.35 ohm and 25 µS are 8.75e-6. */
const load = fc.oneof(
  fc.constant(0.35 * 25e-6),
  fc.double({ min: -9, max: 2, noNaN: true }).map(e => 10 ** e),
)

describe('IR drop of the kernels', () => {
  test.prop([fc.integer({ min: 1, max: 60 }), share, load, fc.nat()], { numRuns: 40 })(
    'is that of the circuit, with the inputs applied and in each of the 127 slots of the pulses, to 1e-9',
    (rows, conducting, r, seed) => {
      const [atOnce, slots] = errors(rows, conducting, r, seed)
      expect(atOnce).toBeLessThanOrEqual(1e-9)
      expect(slots).toBeLessThanOrEqual(1e-9)
    },
  )

  test('is so with 512 rows, at 0.35 ohm and at a hundred times as much', () => {
    for (const r of [0.35 * 25e-6, 35 * 25e-6]) {
      const [atOnce, slots] = errors(512, 0.5, r, 3)
      expect(atOnce).toBeLessThanOrEqual(1e-9)
      expect(slots).toBeLessThanOrEqual(1e-9)
    }
  })

  test.prop([fc.integer({ min: 2, max: 40 }), fc.constantFrom(0.35 * 25e-6, 1e-3, 0.1), fc.nat()], { numRuns: 20 })(
    'makes a tile give the currents of its circuit in all slots, to half a step of the int16 grid a row',
    (rows, r, seed) => {
      const columns = 3
      const s = stream(seed, 'tile with IR drop', rows)
      const weights = Float32Array.from({ length: rows * columns }, () => 2 * s.uniform() - 1)
      const x = Float32Array.from({ length: rows }, () => (s.below(2 * maxCode + 1) - maxCode) / maxCode)
      for (const [name, kernels] of fast) {
        const tile = tileOf(kernels, heap, scratch)
        const reading = tile.read({
          ...{ rows, columns, firstRow: 0, firstColumn: 0, weights, fullScales: new Float32Array(columns).fill(1) },
          ...{ laws: ideal, logTime: 0, readScale: 0, load: r, perVmm: false, dacMaxCode: maxCode },
          ...{ life: lifeOrigin(origin), occasion: readOrigin(origin) },
        })
        const { y, codes } = tile.multiply(
          reading,
          { x, range: 1, tokens: [0], examples: [0] },
          {
            ...{ adcMaxCode: 0, bound: 1, outputNoise: 0 },
            ...{ output: noiseOrigin('output', origin), read: noiseOrigin('vmmRead', origin) },
          },
        )
        const driven = codes.reduce((sum, code) => sum + Math.abs(code) / maxCode, 0)
        for (let j = 0; j < columns; j++) {
          const line = weights.subarray(j * rows, (j + 1) * rows)
          const exact = pulsed(
            bitLine(
              line.map(w => Math.max(0, w)),
              r,
            ),
            bitLine(
              line.map(w => Math.max(0, -w)),
              r,
            ),
            codes,
            maxCode,
          )
          // Half a step a driven row, a hundredth of it and 2^-20 of full scale for binary32.
          const bound = driven * (0.505 * (reading.scales[j] ?? NaN) + 2 ** -20)
          expect(Math.abs((y[j] ?? NaN) - exact), `${name}, column ${j}`).toBeLessThanOrEqual(bound)
        }
      }
    },
  )
})
