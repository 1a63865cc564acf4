/**
 * What guards the constants of the presets: each guard takes a table of constants, sound or spoiled, and says what it finds
 * wrong. The tests give it the real one; tools/perturb-constants.mts gives it one that is 5 % off in one place.
 */
import { readFileSync } from 'node:fs'
import { characterisedDevice, type CharacterisedDevice } from '../../../src/domain/devices/characterised.js'
import type { Characterisation, PresetName } from '../../../src/domain/devices/constants.js'
import type { NoiseScales } from '../../../src/domain/experiment/hardware.js'
import { stream } from '../../../src/domain/random/stream.js'
import { meanOf, squaresOf } from '../../../src/domain/statistics/confidence.js'
import { kolmogorovSmirnov, kolmogorovSmirnovProbability } from '../../../src/domain/statistics/kolmogorov-smirnov.js'
import {
  foldedNormalDistribution,
  normalDensity,
  normalDistribution,
  standardNormal,
} from '../../../src/domain/statistics/normal.js'
import { shared } from '../../shared.js'
import type { Comparison } from '../../statistical.js'
import { allOn } from './choices.js'
import { hermesMoments, laws, noiseAbove, spreads } from './expected.js'

export type Presets = Readonly<Record<PresetName, Characterisation>>

/** The g_max the literal values are for; not the table's own, which may be spoiled. */
const characterised = { pcm: 25, 'hermes-1': 10.35, 'hermes-2': 20.7 } as const

const device = (table: Presets, name: PresetName, share = 1, scales: NoiseScales = allOn): CharacterisedDevice =>
  characterisedDevice(table[name], characterised[name] * share, scales)

const differs = (name: string, found: number, expected: number, relative: number, absolute = 0): readonly string[] =>
  Math.abs(found - expected) <= relative * Math.abs(expected) + absolute
    ? []
    : [`${name}: expected ${expected}, got ${found}`]

/** Every law of one preset against its literal values, and the three functions against the laws put together by hand. */
export const literalValues = (table: Presets, name: PresetName): readonly string[] => {
  const model = device(table, name)
  const g = characterised[name]
  const [, , hour] = spreads[name]
  const above = model.readDeviation(1.15 * g, 3600)
  return [
    ...differs('Q above g_max', above / (hour?.[1] ?? NaN), noiseAbove[name], 1e-12),
    ...laws[name].flatMap(([ratio, sigma, mu, sd, q]) => {
      const target = ratio * g
      const born = model.program(target, 1.5, -0.7)
      const programmed = target + 1.5 * sigma
      const exponent = Math.abs(mu - 0.7 * sd)
      const settled = { programmedMicroSiemens: target, driftExponent: exponent }
      const at = `${name} at ${ratio}`
      return [
        ...differs(`sigma of ${at}`, model.programmingDeviation(target), sigma, 1e-12),
        ...differs(`mu of ${at}`, model.driftMean(target), mu, 1e-12),
        ...differs(`sd of ${at}`, model.driftDeviation(target), sd, 1e-12),
        ...differs(`programmed ${at}`, born.programmedMicroSiemens, programmed, 1e-12),
        ...differs(`programmed low ${at}`, model.program(target, -1.5, 0).programmedMicroSiemens, Math.max(0, target - 1.5 * sigma), 1e-12, 1e-13 * target), // prettier-ignore
        ...differs(`exponent of ${at}`, born.driftExponent, exponent, 1e-12),
        ...spreads[name].flatMap(([seconds, spread, lambda]) => [
          ...differs(`Q L of ${at}`, model.readDeviation(target, seconds), q * spread, 1e-12),
          ...differs(`drift of ${at}`, model.drift(settled, seconds), target * Math.exp(-exponent * lambda), 1e-12),
          ...differs(
            `read of ${at}`,
            model.read(settled, seconds, -1.2),
            target * Math.exp(-exponent * lambda) * Math.max(0, 1 - 1.2 * q * spread),
            1e-12,
          ),
        ]),
      ]
    }),
  ]
}

export interface ReferenceRow {
  readonly r: number
  readonly seconds: number
  readonly gMaxMicroSiemens: number
  readonly programmingNoiseScale: number
  readonly driftScale: number
  readonly readNoiseScale: number
  readonly mean: number
  readonly variance: number
}

export const referenceRows = (): readonly ReferenceRow[] =>
  (
    JSON.parse(readFileSync(shared('data/reference/pcm-moments.json'), 'utf8')) as {
      rows: readonly ReferenceRow[] // the file's own shape, see data/README.md
    }
  ).rows

interface KnownMoments {
  readonly name: string
  readonly model: CharacterisedDevice
  readonly target: number
  readonly seconds: number
  readonly mean: number
  readonly variance: number
}

/** Every known pair of moments of a preset, beside the model it is of. */
export const knownMoments = (table: Presets, name: PresetName): readonly KnownMoments[] =>
  name === 'pcm'
    ? referenceRows().map(row => ({
        name: `pcm at ${row.r} after ${row.seconds} s`,
        model: device(table, 'pcm', row.gMaxMicroSiemens / 25, {
          programming: row.programmingNoiseScale,
          drift: row.driftScale,
          read: row.readNoiseScale,
        }),
        target: row.r * row.gMaxMicroSiemens,
        seconds: row.seconds,
        mean: row.mean,
        variance: row.variance,
      }))
    : hermesMoments
        .filter(([preset]) => preset === name)
        .map(([, ratio, seconds, share, programming, drift, read, mean, variance]) => ({
          name: `${name} at ${ratio} after ${seconds} s`,
          model: device(table, name, share, { programming, drift, read }),
          target: ratio * characterised[name] * share,
          seconds,
          mean,
          variance,
        }))

/** Exact moments against the references. */
export const momentReference = (table: Presets, name: PresetName): readonly string[] =>
  knownMoments(table, name).flatMap(known => {
    const { mean, variance } = known.model.moments(known.target, known.seconds)
    return [
      ...differs(`mean of ${known.name}`, mean, known.mean, 1e-6, 1e-9),
      ...differs(`variance of ${known.name}`, variance, known.variance, 1e-6, 1e-9),
    ]
  })

/** Two-sided probability of a mean at least as far from the expected one, its error taken from the sample. */
const meanProbability = (values: readonly number[], expected: number): number => {
  const mean = meanOf(values)
  const error = Math.sqrt(squaresOf(values, mean) / (values.length - 1) / values.length)
  return 2 * normalDistribution(-Math.abs(mean - expected) / error)
}

const sampled = (count: number, draw: () => number): readonly number[] => Array.from({ length: count }, draw)

const samples = 20_000

/** The law rows that are sampled. */
const sampledLaws = (name: PresetName): (typeof laws)[PresetName] =>
  laws[name].filter(([ratio]) => [0, 0.01, 0.05, 0.09, 0.12, 0.2, 0.25, 0.32, 0.5, 1].includes(ratio))

/** Mean of max(0, N(m, s)), and its mean square about m. */
const cutNormal = (m: number, s: number): { readonly mean: number; readonly square: number } => {
  const inside = normalDistribution(m / s)
  const edge = s * normalDensity(m / s)
  const mean = m * inside + edge
  return { mean, square: (m * m + s * s) * inside + m * edge - 2 * m * mean + m * m }
}

/** Programmed conductances: mean and mean square about the target, against the normal cut at 0. */
export const programmingNoise = (table: Presets, name: PresetName): readonly Comparison[] =>
  sampledLaws(name).flatMap(([ratio, sigma], index) => {
    const model = device(table, name)
    const target = ratio * characterised[name]
    const s = stream(11, `programming noise of ${name}`, index)
    const values = sampled(samples, () => model.program(target, standardNormal(s), 0).programmedMicroSiemens)
    const { mean, square } = cutNormal(target, sigma)
    return [
      { name: `${name} at ${ratio}: mean`, probability: meanProbability(values, mean) },
      {
        name: `${name} at ${ratio}: mean square`,
        probability: meanProbability(
          values.map(v => (v - target) ** 2),
          square,
        ),
      },
    ]
  })

/** Drift exponents: the whole folded normal by Kolmogorov and Smirnov, and its mean square. */
export const driftExponent = (table: Presets, name: PresetName): readonly Comparison[] =>
  sampledLaws(name).flatMap(([ratio, , mu, sd], index) => {
    const model = device(table, name)
    const s = stream(12, `drift exponent of ${name}`, index)
    const values = sampled(
      samples,
      () => model.program(ratio * characterised[name], 0, standardNormal(s)).driftExponent,
    )
    const distance = kolmogorovSmirnov(values, x => foldedNormalDistribution(x, mu, sd))
    return [
      { name: `${name} at ${ratio}: distribution`, probability: kolmogorovSmirnovProbability(distance, samples) },
      {
        name: `${name} at ${ratio}: mean square about mu`,
        probability: meanProbability(
          values.map(v => (v - mu) ** 2),
          // E[(|X| - mu)^2] = sd^2 + 2 mu^2 - 2 mu E|X|
          sd * sd + 2 * mu * (mu - foldedMean(mu, sd)),
        ),
      },
    ]
  })

const foldedMean = (mu: number, sd: number): number =>
  2 * sd * normalDensity(mu / sd) + mu * (1 - 2 * normalDistribution(-mu / sd))

/** Reads of one device after an hour and a year: mean and mean square against the normal cut at 0. */
export const readNoise = (table: Presets, name: PresetName): readonly Comparison[] =>
  sampledLaws(name)
    .filter(([ratio]) => ratio > 0)
    .flatMap(([ratio, , , , q], index) => {
      const model = device(table, name)
      const settled = { programmedMicroSiemens: ratio * characterised[name], driftExponent: 0.05 }
      return [2, 3].map(time => {
        const [seconds, spread, lambda] = spreads[name][time] ?? [NaN, NaN, NaN]
        const drifted = settled.programmedMicroSiemens * Math.exp(-0.05 * lambda)
        const s = stream(13, `read noise of ${name}`, index * 4 + time)
        const values = sampled(samples, () => (model.read(settled, seconds, standardNormal(s)) - drifted) ** 2)
        return {
          name: `${name} at ${ratio} after ${seconds} s`,
          probability: meanProbability(values, cutNormal(drifted, drifted * q * spread).square),
        }
      })
    })

/** Devices from programming to read: mean and variance over all draws against the known moments. */
export const wholeDevices = (table: Presets, name: PresetName): readonly Comparison[] =>
  knownMoments(table, name)
    .filter((_, i) => (name === 'pcm' ? i % 11 === 0 : true))
    .flatMap((known, index) => {
      const s = stream(14, `whole devices of ${name}`, index)
      const values = sampled(samples, () =>
        known.model.read(
          known.model.program(known.target, standardNormal(s), standardNormal(s)),
          known.seconds,
          standardNormal(s),
        ),
      )
      return [
        { name: `mean of ${known.name}`, probability: meanProbability(values, known.mean) },
        {
          name: `variance of ${known.name}`,
          probability: meanProbability(
            values.map(v => (v - known.mean) ** 2),
            known.variance,
          ),
        },
      ]
    })

/** All comparisons of one preset by sampling. */
export const statistical = (table: Presets, name: PresetName): readonly Comparison[] =>
  [programmingNoise, driftExponent, readNoise, wholeDevices].flatMap(guard => guard(table, name))
