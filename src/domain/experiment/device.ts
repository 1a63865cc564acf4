/**
 * Which device model a config asks for: one of the presets, or a user's own piecewise-linear tables.
 * Not the model itself: the constants of the presets and the physics stand in the devices' own files.
 */
import { presets, type PresetName } from '../devices/constants.js'
import type { Seconds } from './duration.js'

export type DevicePreset = PresetName

/** Presets and the largest conductance [µS] each was characterised at: its default, and its bound. */
export const presetGMaxMicroSiemens: Readonly<Record<DevicePreset, number>> = {
  pcm: presets.pcm.gMax.value,
  'hermes-1': presets['hermes-1'].gMax.value,
  'hermes-2': presets['hermes-2'].gMax.value,
}

export interface PresetDevice {
  readonly kind: 'preset'
  readonly preset: DevicePreset
  /** Conductance that stands for full scale [µS]; at most the characterised one. */
  readonly gMaxMicroSiemens: number
}

/** Knots [conductance in µS, value] of a piecewise-linear function, by growing conductance, from 0 to the largest one. */
export type Knots = readonly (readonly [microSiemens: number, value: number])[]

export interface TableDevice {
  readonly kind: 'table'
  readonly name: string
  readonly gMaxMicroSiemens: number
  /** Time after programming at which drift starts and the tables hold (t_0). */
  readonly referenceTime: Seconds
  /** Duration of one read (t_read) [s]; the 1/f noise of a read grows with the logarithm of its inverse. */
  readonly readTimeSeconds: number
  /** Standard deviation of the programmed conductance [µS] over the target. */
  readonly programmingDeviation: Knots
  /** Mean of the drift exponent nu = |N(mean, deviation)| over the target; a config's is not negative. */
  readonly driftMean: Knots
  /** Standard deviation of the drift exponent nu over the target. */
  readonly driftDeviation: Knots
  /** Relative 1/f read noise Q over the programmed conductance. */
  readonly readNoise: Knots
}

export type DeviceChoice = PresetDevice | TableDevice
