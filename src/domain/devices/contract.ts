/**
 * What any device model must keep, as named checks for any test runner:
 *
 *     import { test } from 'vitest'
 *     import { deviceContract } from 'ohmflow/contract'
 *     import { myDevice } from './myDevice.js'
 *     for (const p of deviceContract(scales => myDevice(scales))) test(p.name, p.check)
 *
 * Not here: whether the model's constants describe a real device. Its author's own tests hold those.
 */
import type { NoiseScales } from '../experiment/hardware.js'
import { stream } from '../random/stream.js'
import { meanOf, squaresOf } from '../statistics/confidence.js'
import { normalDistribution, standardNormal } from '../statistics/normal.js'
import type { Device, DeviceFamily, DeviceModel } from './model.js'

export interface PropertyCheck {
  readonly name: string
  /** @throws Error that says what was broken, and where. */
  readonly check: () => void
}

export interface ContractOptions {
  /** Of the random draws; the same seed makes the same checks. */
  readonly seed: number
  /** Devices sampled at each point where the moments are compared with sampling. */
  readonly samples: number
  /** Probability that a model which keeps the contract fails in the comparison with sampling, at all points together. */
  readonly falseAlarm: number
  /** How far the mean may fall from one target to a larger one, relative to g_max: a fit's pieces may not quite meet. */
  readonly monotoneTolerance: number
}

const defaults: ContractOptions = { seed: 1, samples: 4000, falseAlarm: 1e-6, monotoneTolerance: 1e-3 }

const on: NoiseScales = { programming: 1, drift: 1, read: 1 }
const off: NoiseScales = { programming: 0, drift: 0, read: 0 }

/** Targets as shares of g_max; dense near 0, where devices are least linear. */
const shares = [0, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
/** A second, an hour, a day, a year. */
const times = [0, 1, 3600, 86_400, 31_536_000]
/** Draws far in both tails, and between. */
const draws = [-8, -3, -1, 0, 0.5, 2, 8]

const must = (kept: boolean, broken: string): void => {
  if (!kept) throw new Error(broken)
}

/** Equal up to rounding, relative to `scale`. */
const near = (a: number, b: number, scale: number): boolean => Math.abs(a - b) <= 1e-12 * scale

const targetsOf = (model: DeviceModel): readonly number[] => shares.map(share => share * model.gMaxMicroSiemens)

/** A device with a known history, to be followed through its life. */
interface Programmed {
  readonly where: string
  readonly target: number
  readonly device: Device
}

const devicesOf = (model: DeviceModel): readonly Programmed[] =>
  targetsOf(model).flatMap(target =>
    draws.flatMap(a =>
      draws.map(b => ({
        where: `a device of ${target} µS with draws ${a} and ${b}`,
        target,
        device: model.program(target, a, b),
      })),
    ),
  )

const refuses = (title: string, act: () => unknown): void => {
  try {
    act()
  } catch (e) {
    must(e instanceof RangeError, `${title}: expected a RangeError, got ${String(e)}`)
    return
  }
  throw new Error(`${title}: expected a RangeError, got a result`)
}

/** Two-sided probability of a standard normal at least this far out. */
const probability = (z: number): number => 2 * normalDistribution(-Math.abs(z))

/** The properties of a family, each to be run on its own. */
export const deviceContract = (
  family: DeviceFamily,
  options: Partial<ContractOptions> = {},
): readonly PropertyCheck[] => {
  const { seed, samples, falseAlarm, monotoneTolerance } = { ...defaults, ...options }
  const name = family(on).name
  const property = (what: string, check: () => void): PropertyCheck => ({ name: `${name}: ${what}`, check })
  return [
    property('conducts no less than nothing, whatever it draws and whenever it is read', () => {
      const model = family(on)
      for (const { where, device } of devicesOf(model)) {
        must(device.programmedMicroSiemens >= 0 && device.driftExponent >= 0, `${where} is ${JSON.stringify(device)}`)
        for (const seconds of times)
          for (const xi of draws) {
            const g = model.read(device, seconds, xi)
            must(g >= 0 && g < Infinity, `${where} reads ${g} µS after ${seconds} s with draw ${xi}`)
          }
      }
    }),

    property('is exact with every source of noise off', () => {
      const model = family(off)
      for (const { where, target, device } of devicesOf(model))
        for (const seconds of times)
          for (const xi of draws) {
            const g = model.read(device, seconds, xi)
            must(near(g, target, target), `${where} and no noise reads ${g} µS after ${seconds} s`)
            const { mean, variance } = model.moments(target, seconds)
            must(
              near(mean, target, target) && near(variance, 0, target * target),
              `${target} µS without noise has mean ${mean} and variance ${variance} after ${seconds} s`,
            )
          }
    }),

    property('forgets the draw of a source that is off', () => {
      const still = family({ ...on, programming: 0 })
      const steady = family({ ...on, drift: 0 })
      const quiet = family({ ...on, read: 0 })
      for (const target of targetsOf(still)) {
        const g = still.program(target, 3, 1).programmedMicroSiemens
        must(near(g, target, target), `programming noise off: ${target} µS is programmed to ${g}`)
        const { driftExponent } = steady.program(target, 1, 3)
        must(driftExponent === 0, `drift off: ${target} µS has the exponent ${driftExponent}`)
        const device = quiet.program(target, 1, 1)
        must(
          near(quiet.read(device, 3600, 3), quiet.drift(device, 3600), target),
          `read noise off: ${target} µS reads ${quiet.read(device, 3600, 3)}, not ${quiet.drift(device, 3600)}`,
        )
      }
    }),

    property('reads the drifted conductance itself with a draw of 0', () => {
      const model = family(on)
      for (const { where, device } of devicesOf(model))
        for (const seconds of times) {
          const drifted = model.drift(device, seconds)
          const g = model.read(device, seconds, 0)
          must(near(g, drifted, drifted), `${where} reads ${g} µS after ${seconds} s, not ${drifted}`)
        }
    }),

    property('is programmed as it stands at 0 s, and drifts downwards only', () => {
      const model = family(on)
      for (const { where, device } of devicesOf(model)) {
        const start = device.programmedMicroSiemens
        must(near(model.drift(device, 0), start, start), `${where} starts at ${model.drift(device, 0)}, not ${start}`)
        times.slice(1).forEach((seconds, i) => {
          const before = model.drift(device, times[i] ?? 0)
          const after = model.drift(device, seconds)
          must(after <= before * (1 + 1e-12), `${where} rises from ${before} to ${after} µS up to ${seconds} s`)
        })
      }
    }),

    property('has a mean that drift never raises', () => {
      const model = family({ ...on, read: 0 })
      for (const target of targetsOf(model))
        times.slice(1).forEach((seconds, i) => {
          const before = model.moments(target, times[i] ?? 0).mean
          const after = model.moments(target, seconds).mean
          must(
            after <= before * (1 + 1e-9),
            `the mean of ${target} µS rises from ${before} to ${after} up to ${seconds} s`,
          )
        })
    }),

    property('has a mean that grows with the target', () => {
      const model = family(on)
      for (const seconds of times)
        targetsOf(model).reduce((before, target) => {
          const { mean } = model.moments(target, seconds)
          must(
            mean >= before - monotoneTolerance * model.gMaxMicroSiemens,
            `the mean falls from ${before} to ${mean} µS at the target ${target} µS after ${seconds} s`,
          )
          return mean
        }, 0)
    }),

    property('has finite moments and no negative variance', () => {
      for (const scales of [on, off, { ...on, programming: 0 }, { ...on, drift: 0 }, { ...on, read: 0 }]) {
        const model = family(scales)
        for (const target of targetsOf(model))
          for (const seconds of times) {
            const { mean, variance } = model.moments(target, seconds)
            must(
              mean >= 0 && variance >= 0 && mean + variance < Infinity,
              `${target} µS after ${seconds} s has mean ${mean} and variance ${variance}`,
            )
          }
      }
    }),

    property('keeps its identity: the same draws make the same device, whatever was asked of it between', () => {
      const model = family(on)
      const first = devicesOf(model)
      for (const { device } of first) for (const seconds of times) model.read(device, seconds, 1)
      devicesOf(model).forEach(({ where, device }, i) => {
        const before = first[i]?.device
        must(
          device.programmedMicroSiemens === before?.programmedMicroSiemens &&
            device.driftExponent === before.driftExponent,
          `${where} was ${JSON.stringify(before)}, then ${JSON.stringify(device)}`,
        )
      })
    }),

    property('gives the same reads in any order', () => {
      const model = family(on)
      const s = stream(seed, 'contract: order of reads')
      const reads = devicesOf(model)
        .filter((_, i) => i % 7 === 0)
        .flatMap(({ where, device }) =>
          times.flatMap(seconds => draws.map(xi => ({ where, read: () => model.read(device, seconds, xi) }))),
        )
      const inOrder = new Map(reads.map(r => [r, r.read()]))
      for (const r of s.shuffle(reads)) {
        const again = r.read()
        must(again === inOrder.get(r), `${r.where} read ${inOrder.get(r) ?? NaN} µS, then ${again} in another order`)
      }
    }),

    property('has the moments that sampling shows', () => {
      const model = family(on)
      const points = [0, 0.05, 0.35, 1].flatMap(share =>
        [0, 86_400].map(seconds => ({ target: share * model.gMaxMicroSiemens, seconds })),
      )
      const least = falseAlarm / (2 * points.length)
      points.forEach(({ target, seconds }, index) => {
        const s = stream(seed, 'contract: sampling', index)
        const xi = (): number => standardNormal(s)
        const values = Array.from({ length: samples }, () =>
          model.read(model.program(target, xi(), xi()), seconds, xi()),
        )
        const exact = model.moments(target, seconds)
        const mean = meanOf(values)
        const squares = values.map(v => (v - exact.mean) ** 2)
        const variance = meanOf(squares)
        const where = `of ${target} µS after ${seconds} s`
        const meanError = Math.sqrt(exact.variance / samples)
        must(
          probability((mean - exact.mean) / (meanError + 1e-12 * exact.mean)) >= least,
          `the mean ${where} is ${mean} over ${samples} devices, not ${exact.mean}`,
        )
        const varianceError = Math.sqrt(squaresOf(squares, variance) / (samples - 1) / samples)
        must(
          probability((variance - exact.variance) / (varianceError + 1e-12 * exact.mean ** 2)) >= least,
          `the variance ${where} is ${variance} over ${samples} devices, not ${exact.variance}`,
        )
      })
    }),

    property('refuses a target outside 0 .. g_max and a time before programming', () => {
      const model = family(on)
      const gMax = model.gMaxMicroSiemens
      for (const target of [-1e-9 * gMax, gMax * (1 + 1e-9), NaN]) {
        refuses(`program ${target} µS`, () => model.program(target, 0, 0))
        refuses(`moments of ${target} µS`, () => model.moments(target, 0))
      }
      const device = model.program(gMax, 0, 0)
      for (const seconds of [-1e-9, NaN, Infinity]) {
        refuses(`drift after ${seconds} s`, () => model.drift(device, seconds))
        refuses(`read after ${seconds} s`, () => model.read(device, seconds, 0))
        refuses(`moments after ${seconds} s`, () => model.moments(gMax, seconds))
      }
    }),
  ]
}
