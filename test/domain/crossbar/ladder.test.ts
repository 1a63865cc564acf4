import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { effectiveConductances, ladderCurrent, ladderVoltagesInto, pulsedLadderCurrent } from '../../../src/domain/crossbar/ladder.js' // prettier-ignore
import { stream } from '../../../src/domain/random/stream.js'
import { bitLine as nodal, pulsed, type BitLine } from './circuit.js'

/** A bit line and the codes on its word lines: `load` is the share of devices that conduct at all. */
const bitLine = (rows: number, load: number, seed: number) => {
  const s = stream(seed, 'bit line', rows)
  return {
    conductances: Float64Array.from({ length: rows }, () => (s.uniform() < load ? 25 * s.uniform() : 0)),
    codes: Int32Array.from({ length: rows }, () => s.below(255) - 127),
  }
}

const sum = (values: Float64Array, by: (i: number) => number): number =>
  values.reduce((total, v, i) => total + v * by(i), 0)

/** Node voltages by the textbook elimination of the tridiagonal system, pivots and all; the ADC's node is at 0. */
const voltages = (g: Float64Array, x: Float64Array, resistance: number): Float64Array => {
  const last = g.length - 1
  const r = resistance * 1e-6
  const [above, right, v] = [new Float64Array(g.length), new Float64Array(g.length), new Float64Array(g.length)]
  for (let i = 0; i < last; i++) {
    const pivot = r * (g[i] ?? NaN) + (i === 0 ? 1 : 2) - (above[i - 1] ?? 0)
    above[i] = 1 / pivot
    right[i] = (r * (g[i] ?? NaN) * (x[i] ?? NaN) + (right[i - 1] ?? 0)) / pivot
  }
  for (let i = last - 1; i >= 0; i--) v[i] = (right[i] ?? NaN) + (above[i] ?? NaN) * (v[i + 1] ?? NaN)
  return v
}

const rows = fc.constantFrom(1, 2, 3, 17, 128, 512)
const load = fc.constantFrom(0.02, 0.3, 1)
const ohm = fc.constantFrom(0, 1e-6, 0.01, 0.35, 5, 100, 1e5)

describe('the bit-line ladder', () => {
  test.prop([rows, load, ohm, fc.nat()], { numRuns: 150 })(
    'is read by its effective conductances as by solving it with the inputs applied',
    (n, share, resistance, seed) => {
      const { conductances, codes } = bitLine(n, share, seed)
      const x = Float64Array.from(codes, c => c / 127)
      const effective = effectiveConductances(conductances, resistance)
      const scale = sum(effective, i => Math.abs(x[i] ?? NaN))
      const solved = ladderCurrent(conductances, x, resistance)
      expect(Math.abs(sum(effective, i => x[i] ?? NaN) - solved)).toBeLessThanOrEqual(1e-12 * scale)
    },
  )

  test.prop([rows, load, fc.constantFrom(0.01, 0.35, 5, 100), fc.nat()])(
    'carries to the ADC what the devices let in, at the node voltages of the textbook solution',
    (n, share, resistance, seed) => {
      const { conductances, codes } = bitLine(n, share, seed)
      const x = Float64Array.from(codes, c => c / 127)
      const v = voltages(conductances, x, resistance)
      const into = sum(conductances, i => (x[i] ?? NaN) - (v[i] ?? NaN))
      const scale = sum(conductances, i => Math.abs(x[i] ?? NaN))
      expect(Math.abs(into - ladderCurrent(conductances, x, resistance))).toBeLessThanOrEqual(1e-9 * scale)
    },
  )

  test.prop([rows, load, ohm, fc.nat()], { numRuns: 30 })(
    'is linear: the sum over all pulse-width slots is the same',
    (n, share, resistance, seed) => {
      const { conductances, codes } = bitLine(n, share, seed)
      const effective = effectiveConductances(conductances, resistance)
      const scale = sum(effective, i => Math.abs((codes[i] ?? NaN) / 127))
      const pulsed = pulsedLadderCurrent(conductances, codes, 127, resistance)
      expect(Math.abs(sum(effective, i => (codes[i] ?? NaN) / 127) - pulsed)).toBeLessThanOrEqual(1e-12 * scale)
    },
  )

  const micro = 1e-6
  test.prop([fc.integer({ min: 1, max: 90 }), load, fc.double({ min: -9, max: 2, noNaN: true }), fc.nat()], {
    numRuns: 60,
  })('gives the current of the whole circuit by nodal analysis, for any R g, to 1e-9', (n, share, exponent, seed) => {
    const { conductances, codes } = bitLine(n, share, seed)
    const resistance = 10 ** exponent / (25 * micro)
    const x = Float64Array.from(codes, c => c / 127)
    const effective = effectiveConductances(conductances, resistance)
    const scale = sum(effective, i => Math.abs(x[i] ?? NaN))
    const direct = nodal(conductances, resistance * micro)(x)
    expect(Math.abs(sum(effective, i => x[i] ?? NaN) - direct)).toBeLessThanOrEqual(1e-9 * scale)
    expect(Math.abs(ladderCurrent(conductances, x, resistance) - direct)).toBeLessThanOrEqual(1e-9 * scale)
  })

  /** The largest difference of a pair of lines read by effective conductances, as a share of the terms' magnitudes. */
  const slotBySlot = (n: number, resistance: number, seed: number): number => {
    const [plus, minus] = [bitLine(n, 0.5, seed), bitLine(n, 0.5, seed + 1)]
    const { codes } = plus
    const [up, down] = [plus, minus].map(l => effectiveConductances(l.conductances, resistance))
    const [line, other] = [plus, minus].map(l => nodal(l.conductances, resistance * micro)) as [BitLine, BitLine] // two lines
    let [ours, scale] = [0, 0]
    codes.forEach((code, i) => {
      ours += (((up?.[i] ?? NaN) - (down?.[i] ?? NaN)) * code) / 127
      scale += (((up?.[i] ?? NaN) + (down?.[i] ?? NaN)) * Math.abs(code)) / 127
    })
    return Math.abs(ours - pulsed(line, other, codes, 127)) / Math.max(scale, Number.MIN_VALUE)
  }
  test.prop([fc.integer({ min: 1, max: 60 }), fc.constantFrom(0.01, 0.35, 5, 100, 1e5), fc.nat()], { numRuns: 30 })(
    'gives the currents of a pair of lines solved in each of the 127 slots of the pulses, to 1e-9',
    (n, resistance, seed) => {
      expect(slotBySlot(n, resistance, seed)).toBeLessThanOrEqual(1e-9)
    },
  )

  test('and so it does with 512 rows at 0.35 and at 35 ohm', () => {
    expect(slotBySlot(512, 0.35, 8)).toBeLessThanOrEqual(1e-9)
    expect(slotBySlot(512, 35, 9)).toBeLessThanOrEqual(1e-9)
  })

  test('gives the currents of two and three cross-points worked out by hand', () => {
    // 1 S, 1 S and 1 ohm: the far device is in series with the wire, 1/2 S; the near one is at the ADC.
    expect([...effectiveConductances([1e6, 1e6], 1)]).toEqual([0.5e6, 1e6])
    expect(ladderCurrent([1e6, 1e6], [1, 0], 1)).toBeCloseTo(0.5e6, 6)
    expect(ladderCurrent([1e6, 1e6], [0, 1], 1)).toBe(1e6)
    // Three: u = (1, 2, 5) / 5.
    const [far = NaN, middle = NaN, near = NaN] = effectiveConductances([1e6, 1e6, 1e6], 1)
    expect(far).toBeCloseTo(0.2e6, 6)
    expect(middle).toBeCloseTo(0.4e6, 6)
    expect(near).toBe(1e6)
    expect(ladderCurrent([1e6, 1e6, 1e6], [1, 0, 0], 1)).toBeCloseTo(0.2e6, 6)
  })

  test.prop([rows, load, fc.nat()])('loses more with every ohm, and farther from the ADC', (n, share, seed) => {
    const { conductances } = bitLine(n, share, seed)
    const lossy = effectiveConductances(conductances, 1)
    const lossier = effectiveConductances(conductances, 2)
    let before = 0
    conductances.forEach((g, i) => {
      if (g === 0) return
      const u = (lossy[i] ?? NaN) / g
      expect(u > 0 && u <= 1 && u >= before).toBe(true)
      expect((lossier[i] ?? NaN) / g).toBeLessThanOrEqual(u)
      before = u
    })
  })

  test('loses nothing without resistance, and may be worked out in place', () => {
    const { conductances } = bitLine(64, 1, 5)
    expect(effectiveConductances(conductances, 0)).toEqual(conductances)
    const inPlace = Float64Array.from(conductances)
    ladderVoltagesInto(inPlace, inPlace, 0.35)
    expect(inPlace.map((u, i) => (conductances[i] ?? NaN) * u)).toEqual(effectiveConductances(conductances, 0.35))
  })

  test('loses 22 % at 0.35 ohm with 512 devices of 25 µS', () => {
    // Continuous limit, u = cosh(k i) / cosh(k n) with k^2 = R g: mean tanh(a) / a, a = 512 sqrt(0.35 * 25e-6) = 1.5145.
    const effective = effectiveConductances(new Float64Array(512).fill(25), 0.35)
    const kept = sum(effective, () => 1) / (512 * 25)
    const a = 512 * Math.sqrt(0.35 * 25e-6)
    expect(Math.abs(kept - Math.tanh(a) / a)).toBeLessThan(2e-3)
  })

  test('refuses a negative resistance and inputs of another length', () => {
    expect(() => effectiveConductances([1], -1)).toThrow('"wireResistanceOhm" expected a finite number >= 0, got -1')
    expect(() => ladderCurrent([1], [1], NaN)).toThrow(RangeError)
    expect(() => ladderCurrent([1, 2], [1], 1)).toThrow('"inputs" expected 2 values, got 1')
    expect([ladderCurrent([], [], 1), effectiveConductances([], 1).length]).toEqual([0, 0])
  })
})
