/**
 * What a model of a memory device is, to all that uses one: three pure functions (program, drift, read) and exact moments.
 * Not modelled: temperature, cycling, stuck devices, and any influence of one device on another.
 */
import type { NoiseScales } from '../experiment/hardware.js'
import type { Moments } from './moments.js'

/** What a device keeps for its whole life once it is programmed. */
export interface Device {
  readonly programmedMicroSiemens: number
  /** nu: drawn once, from the target conductance. */
  readonly driftExponent: number
}

export interface DeviceModel {
  readonly name: string
  /** Conductance that stands for full scale [µS]. */
  readonly gMaxMicroSiemens: number
  /**
   * A device programmed to a target [µS in 0 .. g_max], given one standard normal for each of its two draws.
   * @throws RangeError if the target lies outside.
   */
  readonly program: (target: number, programmingXi: number, driftXi: number) => Device
  /** Conductance [µS] `seconds` after programming, before it is read. @throws RangeError if seconds is negative or not finite. */
  readonly drift: (device: Device, seconds: number) => number
  /** What one read at that time yields [µS], given a standard normal of its own. @throws RangeError as drift. */
  readonly read: (device: Device, seconds: number, readXi: number) => number
  /** Mean [µS] and variance [µS^2] over all three draws. @throws RangeError as program and drift. */
  readonly moments: (target: number, seconds: number) => Moments
  /** Targets [µS], ascending, inside (0, g_max), at which the moments jump or have a corner. */
  readonly kinksMicroSiemens: readonly number[]
}

/** A model for every setting of its noise sources' scales: 1 as characterised, 0 switches one off. */
export type DeviceFamily = (scales: NoiseScales) => DeviceModel
