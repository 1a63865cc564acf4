/**
 * Hardware-aware training as settings, each a switch of its own; with all of them off a step is plain fine-tuning, to the bit.
 * A description only: engines/training/hardware applies it (docs/decisions.md, 31 to 35). Not modelled: read noise per VMM, drift as a shift of the mean.
 */
import type { DeviceChoice } from '../experiment/device.js'
import {
  defaultHardware,
  type AdcSettings,
  type DacSettings,
  type Hardware,
  type NoiseScales,
} from '../experiment/hardware.js'
import type { LearnableRange, TrainingNoise, WeightClip } from '../experiment/training.js'
import type { TileSize } from '../crossbar/tiling.js'
import { inRange, nonNegative, positive } from '../quantity.js'

export interface HardwareAware {
  readonly tile: TileSize
  /** Bits "off": an ideal converter. */
  readonly dac: DacSettings
  readonly adc: AdcSettings
  /**
   * Standard deviation of the noise before the ADC, in the unit of `adc.bound`: one full-scale weight times one full-scale
   * input. It is the unit of AIHWKIT's `out_noise`, whose tiles work on weights and inputs scaled to 1, so the paper's 0.1
   * is 0.1 here.
   */
  readonly outputNoise: number
  /** Fresh each step. Relative to a column's full scale, which is its learned range or else its largest weight. */
  readonly weightNoise: TrainingNoise | { readonly rule: 'none' }
  /** The device that noise of rule `device` and IR drop are of. */
  readonly device: DeviceChoice
  readonly noiseScales: NoiseScales
  /** Of stored weights, after each step; standard deviations are those of the column in its tile. */
  readonly weightClip: WeightClip
  /** 0: no IR drop. */
  readonly wireResistanceOhm: number
  readonly learn: readonly LearnableRange[]
  /** What ranges start from: in (0, 100] of the magnitudes, 100 being the largest. */
  readonly percentiles: { readonly inputs: number; readonly weights: number; readonly outputs: number }
  /** Learning rate of ranges over that of weights; a range moves in proportion to itself. */
  readonly rangeRate: number
}

/** Everything off, on this hardware's tiles and device; what a config switches on is put over it. */
export const nothingAware = (hardware: Hardware = defaultHardware): HardwareAware => ({
  tile: hardware.tile,
  dac: { bits: 'off' },
  adc: { ...hardware.adc, bits: 'off' },
  outputNoise: 0,
  weightNoise: { rule: 'none' },
  device: hardware.device,
  noiseScales: hardware.noiseScales,
  weightClip: { rule: 'none' },
  wireResistanceOhm: 0,
  learn: [],
  percentiles: { inputs: 99.995, weights: 100, outputs: 99.9 },
  rangeRate: 10,
})

/** @throws RangeError for a number out of its range */
export const checkHardwareAware = (h: HardwareAware): HardwareAware => {
  nonNegative('output noise', h.outputNoise)
  nonNegative('wire resistance [ohm]', h.wireResistanceOhm)
  positive('range rate', h.rangeRate)
  positive('ADC bound', h.adc.bound)
  for (const p of Object.values(h.percentiles)) inRange('percentile', p, Number.MIN_VALUE, 100)
  if (h.weightNoise.rule === 'constant') nonNegative('weight noise', h.weightNoise.deviation)
  if (h.weightNoise.rule === 'device') nonNegative('weight noise', h.weightNoise.scale)
  if (h.weightClip.rule === 'fixed') positive('weight clip', h.weightClip.value)
  if (h.weightClip.rule === 'standard-deviations') positive('weight clip', h.weightClip.standardDeviations)
  return h
}

/** Whether layers go through converters and noise, tile by tile, and have input ranges. */
export const converts = ({ dac, adc, outputNoise }: Pick<HardwareAware, 'dac' | 'adc' | 'outputNoise'>): boolean =>
  dac.bits !== 'off' || adc.bits !== 'off' || outputNoise > 0

/** Which step of a training: part of the address of all its noise. */
export interface HardwareStep {
  readonly seed: number
  /** Over all epochs. */
  readonly step: number
}

/** Names of a layer's ranges: beta of each tile [tiles], c_j of each tile's columns, tile after tile. */
export const inputRangesOf = (layer: string): string => `${layer}.input_ranges`
export const columnRangesOf = (layer: string): string => `${layer}.column_ranges`
export const isRange = (tensor: string): boolean => /\.(input|column)_ranges$/.test(tensor)
