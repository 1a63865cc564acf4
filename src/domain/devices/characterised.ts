/**
 * The statistical PCM model with the curves of a preset or of a user's tables: programming noise, drift with an exponent of
 * each device's own, 1/f read noise. DESIGN.md, "The physics"; constants and their sources: constants.ts.
 * Not modelled: what model.ts leaves out; drift before t_0 (the conductance is as programmed at 0 s).
 */
import type { DeviceChoice, Knots, TableDevice } from '../experiment/device.js'
import type { NoiseScales } from '../experiment/hardware.js'
import { finite, inRange, nonNegative, positive } from '../quantity.js'
import { presets, type Characterisation } from './constants.js'
import { fitted, kinks, type Fit } from './fit.js'
import type { DeviceModel } from './model.js'
import { driftMoments, product, undriftedMoments } from './moments.js'

/** A model with the laws it is made of, each in its own slot, scales included. */
export interface CharacterisedDevice extends DeviceModel {
  /** Standard deviation of the programming noise [µS] over the target [µS]. */
  readonly programmingDeviation: (target: number) => number
  /** The exponent is |N(mean, deviation)|, over the target [µS]. */
  readonly driftMean: (target: number) => number
  readonly driftDeviation: (target: number) => number
  /** s_read Q L: deviation of a read relative to the drifted conductance, over the programmed one [µS] and seconds. */
  readonly readDeviation: (programmed: number, seconds: number) => number
}

/** A curve that falls from its cap as a power or logarithm is singular at 0: panels that grow with the distance from it. */
const graded = (fit: Fit): readonly number[] => {
  const own = kinks(fit)
  const first = own[0]
  if (first === undefined || fit.pieces.every(p => p.form === 'lines' || p.form === 'polynomial')) return own
  const growing = Array.from({ length: 12 }, (_, k) => first * 3 ** (k + 1)).filter(r => r < 2)
  return [...own, ...growing].sort((a, b) => a - b)
}

/**
 * @param gMaxMicroSiemens conductance of full scale [µS]; sigma scales with it
 * @throws RangeError if g_max exceeds the characterised one: a fit is not extrapolated; or if a scale is negative.
 */
export const characterisedDevice = (
  c: Characterisation,
  gMaxMicroSiemens: number,
  scales: NoiseScales,
): CharacterisedDevice => {
  const gMax = positive('gMaxMicroSiemens', gMaxMicroSiemens)
  if (gMax > c.gMax.value) {
    throw new RangeError(
      `"gMaxMicroSiemens" expected at most ${c.gMax.value}, up to which ${c.name} was characterised, got ${gMax}`,
    )
  }
  const programmingScale = nonNegative('programming noise scale', scales.programming) * (gMax / c.gMax.value)
  const driftScale = nonNegative('drift scale', scales.drift)
  const readScale = nonNegative('read noise scale', scales.read)
  ageOf(c, 0) // refuses times that are not positive
  const sigma = fitted(c.programmingDeviation)
  const mu = fitted(c.driftMean)
  const sd = fitted(c.driftDeviation)
  const q = fitted(c.readNoise)

  const aimed = (target: number): number => inRange('target conductance [µS]', target, 0, gMax)
  const driftTime = (seconds: number): number => ageOf(c, seconds).logTime
  const readSpread = (seconds: number): number => ageOf(c, seconds).readSpread

  const programmingDeviation = (target: number): number => programmingScale * sigma(aimed(target) / gMax)
  const driftMean = (target: number): number => driftScale * mu(aimed(target) / gMax)
  const driftDeviation = (target: number): number => driftScale * sd(aimed(target) / gMax)
  // A fitted deviation that falls below 0 far above g_max is none.
  const relativeNoise = (programmed: number): number => readScale * Math.max(0, q(programmed / gMax))
  const readDeviation = (programmed: number, seconds: number): number => relativeNoise(programmed) * readSpread(seconds)
  const drift: DeviceModel['drift'] = (device, seconds) =>
    device.programmedMicroSiemens * Math.exp(-device.driftExponent * driftTime(seconds))
  const cuts = graded(c.readNoise).map(r => r * gMax)

  return {
    name: c.name,
    gMaxMicroSiemens: gMax,
    programmingDeviation,
    driftMean,
    driftDeviation,
    readDeviation,
    program: (target, programmingXi, driftXi) => ({
      programmedMicroSiemens: Math.max(0, target + programmingDeviation(target) * programmingXi),
      driftExponent: Math.abs(driftMean(target) + driftDeviation(target) * driftXi),
    }),
    drift,
    read: (device, seconds, readXi) =>
      drift(device, seconds) * Math.max(0, 1 + readDeviation(device.programmedMicroSiemens, seconds) * readXi),
    moments: (target, seconds) => {
      const spread = readSpread(seconds)
      return product(
        driftMoments(driftMean(target), driftDeviation(target), driftTime(seconds)),
        undriftedMoments({ target, deviation: programmingDeviation(target) }, g => relativeNoise(g) * spread, cuts),
      )
    },
    kinksMicroSiemens: [
      ...new Set(
        [c.programmingDeviation, c.driftMean, c.driftDeviation, c.readNoise].flatMap(kinks).map(r => r * gMax),
      ),
    ]
      .filter(g => g < gMax)
      .sort((a, b) => a - b),
  }
}

/** @throws RangeError unless the knots grow from 0 to at least g_max. */
const lines = (
  { title, unit, check }: { title: string; unit: string; check: (title: string, value: number) => number },
  knots: Knots,
  gMax: number,
): Fit => {
  knots.forEach(([g, value], i) => {
    const before = knots[i - 1]?.[0]
    if (before === undefined ? g !== 0 : !(g > before)) {
      throw new RangeError(
        `"${title}" expected ${before === undefined ? '0' : `a conductance > ${before}`} at knot ${i}, got ${g}`,
      )
    }
    check(`${title} at knot ${i}`, value)
  })
  const last = knots.at(-1)?.[0] ?? NaN
  if (!(last >= gMax))
    throw new RangeError(`"${title}" expected knots from 0 to at least ${gMax} µS, got them up to ${last}`)
  return {
    unit,
    valid: [0, last / gMax],
    pieces: [{ form: 'lines', knots: knots.map(([g, value]) => [g / gMax, value] as const), below: Infinity }],
  }
}

/** A user's tables as a characterisation. @throws RangeError if a table does not cover [0, g_max]. */
export const tabulated = (table: TableDevice): Characterisation => {
  const gMax = positive('gMaxMicroSiemens', table.gMaxMicroSiemens)
  return {
    name: table.name,
    source: 'the config',
    gMax: { value: gMax, unit: 'µS' },
    referenceTime: { value: table.referenceTime, unit: 's' },
    readTime: { value: table.readTimeSeconds, unit: 's' },
    programmingDeviation: lines(
      { title: 'programmingDeviation', unit: 'µS', check: nonNegative },
      table.programmingDeviation,
      gMax,
    ),
    driftMean: lines({ title: 'driftMean', unit: '1', check: finite }, table.driftMean, gMax),
    driftDeviation: lines({ title: 'driftDeviation', unit: '1', check: nonNegative }, table.driftDeviation, gMax),
    readNoise: lines({ title: 'readNoise', unit: '1', check: nonNegative }, table.readNoise, gMax),
  }
}

/** The curves a config asks for. @throws RangeError if a table does not cover [0, g_max]. */
export const characterisationOf = (choice: DeviceChoice): Characterisation =>
  choice.kind === 'table' ? tabulated(choice) : presets[choice.preset]

/** The device a config asks for. @throws RangeError rather than extrapolate: see characterisedDevice, tabulated. */
export const deviceModel = (choice: DeviceChoice, scales: NoiseScales): CharacterisedDevice =>
  characterisedDevice(characterisationOf(choice), choice.gMaxMicroSiemens, scales)

/** Logarithms that a device's age enters by. */
export interface Age {
  /** lambda = ln(t / t_0), t = seconds + t_0. */
  readonly logTime: number
  /** L = sqrt(ln((t + t_read) / (2 t_read))). */
  readonly readSpread: number
}

/** @param seconds since programming. @throws RangeError if negative or not finite. */
export const ageOf = (c: Characterisation, seconds: number): Age => {
  const t0 = positive('referenceTime', c.referenceTime.value)
  const tRead = positive('readTime', c.readTime.value)
  const elapsed = nonNegative('seconds since programming', seconds)
  return {
    logTime: Math.log1p(elapsed / t0),
    readSpread: Math.sqrt(Math.log((elapsed + t0 + tRead) / (2 * tRead))),
  }
}
