/**
 * What training does so that a model bears the chip, as a config says it: each an independent switch with its own scale,
 * and the chip they are about. Not here: what the trainer takes (hardware-aware.ts), how each is done
 * (engines/training/hardware), which of them this version can do (experiment/available.ts).
 */
import type { Hardware } from '../experiment/hardware.js'
import { nothingAware, type HardwareAware } from './hardware-aware.js'
import type { LearnableRange, TrainingNoise, WeightClip } from '../experiment/training.js'

export interface Switches {
  /** On the weights, fresh each step; null: none. */
  readonly weightNoise: TrainingNoise | null
  /** Standard deviation of the noise on layers' outputs; 0: none. */
  readonly outputNoise: number
  /** DAC and ADC of `hardware` in the forward pass, straight through in the backward one. */
  readonly quantise: boolean
  /** Of the weights, after each step. */
  readonly weightClip: WeightClip
  /** Effective conductances under the wires of `hardware` in the forward pass. */
  readonly irDrop: boolean
  /** Ranges learned with the weights. */
  readonly learn: readonly LearnableRange[]
  /** Weight, in the loss, of the distance to the starting model's logits; 0: none. */
  readonly distillation: number
}

export interface ChipSwitches extends Switches {
  /** The chip: tiles, converters, devices, wires. */
  readonly hardware: Hardware
}

/** Every switch off: plain fine-tuning. */
export const off: Switches = {
  weightNoise: null,
  outputNoise: 0,
  quantise: false,
  weightClip: { rule: 'none' },
  irDrop: false,
  learn: [],
  distillation: 0,
}

/** Whether every switch is off. */
export const isOff = (s: Switches): boolean =>
  s.weightNoise === null &&
  s.outputNoise === 0 &&
  !s.quantise &&
  s.weightClip.rule === 'none' &&
  !s.irDrop &&
  s.learn.length === 0 &&
  s.distillation === 0

/** The switches as the trainer takes them: what is off is ideal. */
export const hardwareAware = ({ hardware: h, ...s }: ChipSwitches): HardwareAware => {
  const nothing = nothingAware(h)
  return {
    ...nothing,
    ...(s.quantise ? { dac: h.dac, adc: h.adc } : {}),
    outputNoise: s.outputNoise,
    weightNoise: s.weightNoise ?? nothing.weightNoise,
    weightClip: s.weightClip,
    wireResistanceOhm: s.irDrop ? h.wireResistanceOhm : 0,
    learn: s.learn,
  }
}
