/**
 * What a config says about hardware-aware training. What it leaves out (null) is the preset's, filled in by the trainer.
 * Not described: the optimiser's own constants beyond AdamW's usual ones.
 */
import type { Seconds } from './duration.js'
import type { EngineName } from './method.js'

export const trainingPresets = ['plain', 'paper', 'fast'] as const
export type TrainingPreset = (typeof trainingPresets)[number]

export type TrainingNoise =
  | {
      readonly rule: 'constant'
      /** Standard deviation relative to the largest weight of each column or tile. */
      readonly deviation: number
      readonly relativeTo: 'column' | 'tile'
    }
  /** The device model's own variance at a time since programming. */
  | { readonly rule: 'device'; readonly time: Seconds; readonly scale: number }

export type WeightClip =
  | { readonly rule: 'none' }
  | { readonly rule: 'standard-deviations'; readonly standardDeviations: number }
  | { readonly rule: 'fixed'; readonly value: number }

export const learnableRanges = ['input ranges', 'column ranges'] as const
export type LearnableRange = (typeof learnableRanges)[number]

/** What becomes of values inside encoder layers until the way back: memory against time, the same numbers. */
export const keptActivations = ['kept', 'recomputed'] as const
export type KeptActivations = (typeof keptActivations)[number]

export interface Training {
  readonly preset: TrainingPreset
  readonly engine: EngineName
  /** Of the training set, from its start; null: all. */
  readonly examples: number | null
  readonly epochs: number | null
  readonly batch: number | null
  readonly learningRate: number | null
  /** Share of the steps over which the learning rate rises. */
  readonly warmUp: number | null
  readonly weightDecay: number | null
  /** Global gradient norm above which gradients are scaled down. */
  readonly gradientNorm: number | null
  readonly dropout: number | null
  readonly attentionDropout: number | null
  readonly weightNoise: TrainingNoise | null
  readonly outputNoise: number | null
  /** DAC and ADC in the forward pass, straight through in the backward one. */
  readonly quantise: boolean | null
  readonly weightClip: WeightClip | null
  readonly irDrop: boolean | null
  readonly learn: readonly LearnableRange[] | null
  /** Weight of the distance to the digital model's logits in the loss. */
  readonly distillation: number | null
  readonly activations: KeptActivations | null
}
