/** A column's sums beyond its wires, against the exact ladder of every row. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { ladderVoltagesInto } from '../../../src/domain/crossbar/ladder.js'
import { rowOrder } from '../../../src/domain/crossbar/placement.js'
import { preDistorted } from '../../../src/domain/crossbar/pre-distortion.js'
import { interpolated } from '../../../src/domain/devices/moment-grid.js'
import { stream } from '../../../src/domain/random/stream.js'
import { wiredSums, wiresOf, type Weighing, type WiredSums } from '../../../src/domain/ranges/ir-drop.js'
import { columnSums, type TileObjective } from '../../../src/domain/ranges/objective.js'
import { placesOf } from '../../../src/domain/ranges/spare.js'
import { absMaxOf, momentsAt, tileOf } from './tiles.js'

const gMax = 25

interface Line {
  readonly ohm: number
  readonly order: Uint32Array | null
  readonly distorted: boolean
}

/** Row by row, u of each from the ladder of the whole line. */
const exactSums = (
  tile: TileObjective,
  column: number,
  fullScale: number,
  { ohm, order, distorted }: Line,
  weighing: Weighing,
): WiredSums => {
  const { mean, variance } = tile.times[0] ?? tile.first
  const weights = tile.weights.subarray(column * tile.rows, (column + 1) * tile.rows)
  const shares = Array.from(weights, w => Math.max(-1, Math.min(1, w / fullScale)))
  const idle = tile.first.mean[0] ?? NaN
  const lines = { gMaxMicroSiemens: gMax, wireResistanceOhm: ohm, rowOrder: order, idle }
  const targets = distorted ? preDistorted(shares, lines) : Float64Array.from(shares, Math.abs)
  const own = Array.from(targets, t => interpolated(mean, t))
  const u = [1, -1].map(sign => {
    const out = Float64Array.from(own, (g, i) => gMax * ((weights[i] ?? NaN) < 0 === sign < 0 ? g : (mean[0] ?? NaN)))
    ladderVoltagesInto(out, out, ohm, order)
    return out
  })
  let [cross, square, noise] = [0, 0, 0]
  weights.forEach((w, i) => {
    const [held = NaN, other = NaN] = (w < 0 ? u.toReversed() : u).map(line => line[i])
    const a = weighing === 'none' ? 1 : (tile.energies[column * tile.rows + i] ?? NaN)
    const m = held * (own[i] ?? NaN) - other * (mean[0] ?? NaN)
    cross += a * Math.abs(w) * m
    square += a * m * m
    noise += a * (held ** 2 * interpolated(variance, targets[i] ?? NaN) + other ** 2 * (variance[0] ?? NaN))
  })
  return { cross, square, noise }
}

const lines = fc.record({
  rows: fc.integer({ min: 2, max: 512 }),
  ohm: fc.constantFrom(0.35, 2),
  placed: fc.boolean(),
  distorted: fc.boolean(),
  share: fc.double({ min: 0.4, max: 2, noNaN: true }),
  seconds: fc.constantFrom(0, 3600),
  seed: fc.integer({ min: 1, max: 1e6 }),
})

describe('sums beyond wires', () => {
  test.prop([lines, fc.constantFrom<Weighing>('energies', 'none')], { numRuns: 60 })(
    'are those of the exact ladder, to three hundredths of what is dropped in plain order',
    ({ rows, ohm, placed, distorted, share, seconds, seed }, weighing) => {
      const s = stream(seed, 'inputs of the wires')
      const energies = Float32Array.from({ length: rows }, () => s.uniform() ** 4)
      const tile = tileOf({ rows, columns: 1, seed, times: [seconds], change: { energies } })
      const order = placed ? rowOrder(Float64Array.from(energies, (a, i) => a * (tile.weights[i] ?? NaN) ** 2)) : null
      const fullScale = share * (absMaxOf(tile)[0] ?? NaN)
      const wires = wiresOf(rows, { load: ohm * gMax * 1e-6, preDistorted: distorted, rowOrder: order })
      const times = [momentsAt(seconds), tile.first.mean[0] ?? NaN] as const
      const found = wiredSums(tile, wires, [0, fullScale], times, weighing)
      const exact = exactSums(tile, 0, fullScale, { ohm, order, distorted }, weighing)
      const whole = exactSums(tile, 0, fullScale, { ohm: 0, order: null, distorted: false }, weighing)
      const dropped = exactSums(tile, 0, fullScale, { ohm, order: null, distorted: false }, weighing)
      // Where targets are pre-distorted, what is capped depends on the last round.
      const tolerance = distorted ? 0.1 : 0.03
      for (const sum of ['cross', 'square', 'noise'] as const)
        expect(Math.abs(found[sum] - exact[sum])).toBeLessThan(tolerance * Math.abs(whole[sum] - dropped[sum]))
    },
  )

  test('are those without wires as the wires become short', () => {
    const tile = tileOf({ rows: 100, columns: 3 })
    const c = 0.8 * (absMaxOf(tile)[2] ?? NaN)
    const wired = { ...tile, wires: wiresOf(100, { load: 1e-12, preDistorted: true, rowOrder: null }) }
    const [bare, found] = [columnSums(tile, 2, c), columnSums(wired, 2, c)]
    expect((found.cross[0] ?? NaN) / (bare.cross[0] ?? NaN)).toBeCloseTo(1, 6)
    expect((found.power[0] ?? NaN) / (bare.power[0] ?? NaN)).toBeCloseTo(1, 6)
    // Of another column, then of the first again: nothing is left over.
    columnSums(wired, 0, c)
    expect(columnSums(wired, 2, c)).toEqual(found)
  })
})

describe('copies of rows', () => {
  test.prop([fc.integer({ min: 2, max: 200 }), fc.array(fc.nat(1e6), { maxLength: 60 }), fc.boolean(), fc.integer()])(
    'are rows of their own on longer lines, each with its share of the input',
    (rows, picked, distorted, seed) => {
      const owners = Uint16Array.from(picked, k => k % rows).sort()
      const places = placesOf(rows, owners)
      const lines = Array.from({ length: rows + owners.length }, (_, k) => (k < rows ? k : (owners[k - rows] ?? NaN)))
      const tile = tileOf({ rows, columns: 1, seed: Math.abs(seed) })
      const fullScale = 0.9 * (absMaxOf(tile)[0] ?? NaN)
      const wanted = { load: 5e-5, preDistorted: distorted, rowOrder: null }
      const times = [momentsAt(3600), tile.first.mean[0] ?? NaN] as const
      const found = (weighing: Weighing): WiredSums =>
        wiredSums(tile, wiresOf(rows, { ...wanted, rowCopies: owners }), [0, fullScale], times, weighing)
      /** All rows of devices as rows, their energies multiplied by a power of their shares. */
      const long = (power: number): WiredSums => {
        const weights = Float32Array.from(lines, i => tile.weights[i] ?? NaN)
        const energies = Float32Array.from(lines, i => (tile.energies[i] ?? NaN) / (places[i] ?? NaN) ** power)
        const own = { ...tile, rows: lines.length, columnStep: lines.length, weights, energies }
        return wiredSums(own, wiresOf(lines.length, wanted), [0, fullScale], times, 'energies')
      }
      // All energies of this tile are 1.
      for (const weighing of ['energies', 'none'] as const) {
        expect(Math.abs(found(weighing).cross / long(1).cross - 1)).toBeLessThan(1e-6)
        expect(Math.abs(found(weighing).square / long(1).square - 1)).toBeLessThan(1e-6)
        expect(Math.abs(found(weighing).noise / long(2).noise - 1)).toBeLessThan(1e-6)
      }
    },
  )
})
