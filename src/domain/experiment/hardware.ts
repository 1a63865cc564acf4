/**
 * The chip a config describes: device, tile, converters, noise, wires, drift compensation. A description only.
 * Not modelled: energy, latency, routing between tiles.
 */
import type { TileSize } from '../crossbar/tiling.js'
import type { DeviceChoice } from './device.js'

export const readNoises = ['per read', 'per VMM'] as const
export type ReadNoise = (typeof readNoises)[number]

export const driftCompensations = ['none', 'global', 'per-column', 'least-squares', 'affine', 'moments'] as const
export type DriftCompensation = (typeof driftCompensations)[number]

/** Whether a compensation fits factors and offsets to calibration vectors. */
export const fitsOffsets = ({ driftCompensation }: { readonly driftCompensation: DriftCompensation }): boolean =>
  driftCompensation === 'affine' || driftCompensation === 'moments'

/** Resolution of a converter in bits; "off" is the ideal converter: neither rounding nor clipping. */
export type Bits = number | 'off'

export interface DacSettings {
  readonly bits: Bits
}

export interface AdcSettings {
  readonly bits: Bits
  /** Largest column sum that is not clipped, in units of one full-scale weight times one full-scale input. */
  readonly bound: number
}

/** Factor on each noise source of the device; 1 as characterised, 0 switches it off. */
export interface NoiseScales {
  readonly programming: number
  readonly drift: number
  readonly read: number
}

export interface Hardware {
  readonly device: DeviceChoice
  readonly tile: TileSize
  readonly dac: DacSettings
  readonly adc: AdcSettings
  /** Standard deviation of the noise added to a column sum before the ADC, in the unit of `adc.bound`. */
  readonly outputNoise: number
  readonly readNoise: ReadNoise
  readonly noiseScales: NoiseScales
  /** Resistance of the bit line between neighbouring cross-points [ohm]; 0 switches IR drop off. */
  readonly wireResistanceOhm: number
  readonly driftCompensation: DriftCompensation
}

/** What a method changes about the hardware; what it does not name stays as it is. */
export interface HardwareOverride {
  readonly device?: DeviceChoice
  readonly tile?: Partial<TileSize>
  readonly dac?: Partial<DacSettings>
  readonly adc?: Partial<AdcSettings>
  readonly outputNoise?: number
  readonly readNoise?: ReadNoise
  readonly noiseScales?: Partial<NoiseScales>
  readonly wireResistanceOhm?: number
  readonly driftCompensation?: DriftCompensation
}

/** The hardware with a method's changes applied. */
export const overridden = (base: Hardware, change: HardwareOverride): Hardware => ({
  ...base,
  ...change,
  tile: { ...base.tile, ...change.tile },
  dac: { ...base.dac, ...change.dac },
  adc: { ...base.adc, ...change.adc },
  noiseScales: { ...base.noiseScales, ...change.noiseScales },
})

/** What a config that says nothing about a part of the hardware gets. */
export const defaultHardware: Hardware = {
  device: { kind: 'preset', preset: 'pcm', gMaxMicroSiemens: 25 },
  tile: { rows: 512, columns: 512 },
  dac: { bits: 8 },
  adc: { bits: 8, bound: 12 },
  outputNoise: 0.04,
  readNoise: 'per read',
  noiseScales: { programming: 1, drift: 1, read: 1 },
  wireResistanceOhm: 0,
  driftCompensation: 'global',
}
