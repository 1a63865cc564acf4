/**
 * How a device's parameter depends on its relative conductance x = g / g_max, for every preset and for a user's tables;
 * evaluated in binary32. Not modelled: the constants (the device models have them), extrapolation of a table.
 */
import type { Heap, Ptr } from '../heap.js'
import { exp } from './exponential.js'

const { fround } = Math

/** c[0] + c[1] x + c[2] x^2 + c[3] x^3. */
export type Cubic = readonly [number, number, number, number]
export type LawKnots = readonly (readonly [x: number, y: number])[]

export type Law =
  | { readonly form: 'cubic'; readonly cubic: Cubic }
  | {
      /** l = clip(a ln x + b, low, high), of a power e^l; with `cubic`, only for x below `threshold`. */
      readonly form: 'logarithm' | 'power'
      readonly a: number
      readonly b: number
      readonly low: number
      readonly high: number
      readonly above?: { readonly threshold: number; readonly cubic: Cubic }
    }
  /** Piecewise linear between at least two knots by growing x, constant beyond them. */
  | { readonly form: 'table'; readonly knots: LawKnots }

/** A device in units of g_max. Scales of the noise sources are factors on these laws, made by the caller. */
export interface DeviceLaws {
  /** Standard deviation of the programmed conductance over the target. */
  readonly programming: Law
  /** Mean of the drift exponent over the target. */
  readonly driftMean: Law
  /** Standard deviation of the drift exponent over the target. */
  readonly driftDeviation: Law
  /** Relative 1/f noise Q over the programmed conductance. */
  readonly read: Law
}

/** Least argument of the logarithms. */
export const floor = fround(1e-7)

const lawWords = 12
const order = ['programming', 'driftMean', 'driftDeviation', 'read'] as const
const kinds = { logarithm: 1, power: 2, cubic: 4, table: 8 } as const

const segments = (law: Law): number => (law.form === 'table' ? law.knots.length - 1 : 0)

/** Bytes of a model on the heap. */
export const deviceLawsBytes = (model: DeviceLaws): number =>
  4 * order.reduce((sum, name) => sum + lawWords + 3 * segments(model[name]), 0)

/** Writes a model for `readCells` to deviceLawsBytes(model) bytes. @throws RangeError if a table has fewer than two knots or they do not grow. */
export const writeDeviceLaws = (heap: Heap, at: Ptr, model: DeviceLaws): void => {
  const words = deviceLawsBytes(model) / 4
  const u32 = heap.u32(at, words).fill(0)
  const f32 = heap.f32(at, words)
  let knotsAt = order.length * lawWords
  order.forEach((name, i) => {
    const law = model[name]
    const to = i * lawWords
    if (law.form === 'table') {
      const { knots } = law
      if (knots.length < 2 || knots.some(([x], k) => k > 0 && !(fround(x) > fround(knots[k - 1]?.[0] ?? x))))
        throw new RangeError(
          `"${name}" expected at least two knots by growing conductance, got ${JSON.stringify(knots)}`,
        )
      u32.set([kinds.table, at + 4 * knotsAt, knots.length - 1], to)
      f32.set([knots[0]?.[0] ?? 0, knots.at(-1)?.[0] ?? 0], to + 6)
      knots.slice(1).forEach(([x1, y1], k) => {
        const [x0, y0] = knots[k] ?? [0, 0]
        f32.set([x0, y0, (y1 - y0) / (x1 - x0)], knotsAt)
        knotsAt += 3
      })
    } else if (law.form === 'cubic') {
      u32[to] = kinds.cubic
      f32.set(law.cubic, to + 8)
    } else {
      u32[to] = kinds[law.form] | (law.above === undefined ? 0 : kinds.cubic)
      f32.set([law.above?.threshold ?? 0, law.a, law.b, law.low, law.high, ...(law.above?.cubic ?? [])], to + 3)
    }
  })
}

/** A law read back from the heap: its value at x, whose logarithm (of max(x, floor)) is given. */
export type LawFunction = (x: number, logarithm: number) => number

const lawAt = (heap: Heap, at: Ptr): LawFunction => {
  const [kind = 0, knotsAt = 0, count = 0] = heap.u32(at, 3)
  const [threshold = 0, a = 0, b = 0, low = 0, high = 0, c0 = 0, c1 = 0, c2 = 0, c3 = 0] = heap.f32(at + 12, 9)
  const clip = (x: number): number => {
    const raised = x < low ? low : x
    return raised > high ? high : raised
  }
  if (kind === kinds.table) {
    const knots = heap.f32(knotsAt, 3 * count)
    return x => {
      const z = clip(x)
      let y = 0
      for (let k = 0; k < 3 * count; k += 3) {
        const start = knots[k] ?? 0
        if (z >= start) y = fround((knots[k + 1] ?? 0) + fround((knots[k + 2] ?? 0) * fround(z - start)))
      }
      return y
    }
  }
  const cubic = (x: number): number => fround(fround(fround(fround(fround(fround(c3 * x) + c2) * x) + c1) * x) + c0)
  const bounded = (logarithm: number): number => clip(fround(fround(a * logarithm) + b))
  const lower = (kind & kinds.power) !== 0 ? (l: number): number => exp(bounded(l)) : bounded
  if (kind === kinds.cubic) return cubic
  if ((kind & kinds.cubic) === 0) return (_, logarithm) => lower(logarithm)
  return (x, logarithm) => (x < threshold ? lower(logarithm) : cubic(x))
}

/** The laws that writeDeviceLaws wrote. */
export const deviceLawsAt = (heap: Heap, at: Ptr): Readonly<Record<(typeof order)[number], LawFunction>> => {
  const law = (i: number): LawFunction => lawAt(heap, at + 4 * lawWords * i)
  return { programming: law(0), driftMean: law(1), driftDeviation: law(2), read: law(3) }
}
