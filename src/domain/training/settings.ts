/**
 * A config's training in full: what it leaves out filled in from its preset.
 * Not here: the constants of AdamW itself (engines/training/optimise.ts).
 */
import type { Hardware } from '../experiment/hardware.js'
import type { KeptActivations, Training, TrainingPreset } from '../experiment/training.js'
import { isOff, off, type ChipSwitches, type Switches } from './switches.js'

/** How weights move, whatever they are made to bear. */
export interface Schedule {
  /** Passes over the training set. */
  readonly epochs: number
  /** Examples a step. */
  readonly batch: number
  /** Largest learning rate. */
  readonly learningRate: number
  /** Share of the steps over which the learning rate rises. */
  readonly warmUp: number
  /** Decoupled; none on biases and layer norms. */
  readonly weightDecay: number
  /** Global norm of the gradient above which it is scaled down. */
  readonly gradientNorm: number
  readonly dropout: number
  readonly attentionDropout: number
}

export interface TrainingSettings extends Schedule {
  /** Changes no number. */
  readonly activations: KeptActivations
  /** Null: plain fine-tuning, which knows of no chip. */
  readonly hardwareAware: ChipSwitches | null
}

export type Preset = Schedule & Switches

/**
 * `plain`: AdamW 8e-5, warm-up 6 %, linear decay, batch 16: what 6-layer models of hidden size 384 were fine-tuned with
 * to the scores this project compares with. Decay 0.01, norm 1 and dropout 0.1 are Hugging Face's usual ones for RoBERTa.
 * `paper`: 20 epochs at 5e-5, weight noise of 0.06, output noise of 0.1 (Lammie et al., ISCAS 2024), the former here relative to
 * the largest weight of each column, in the paper to that of all weights mapped together;
 * what it does not tell is as in `plain`. `fast`: the same noise in 4 epochs at 8e-5.
 */
export const presets: Readonly<Record<TrainingPreset, Preset>> = (() => {
  const plain: Preset = {
    ...{ epochs: 4, batch: 16, learningRate: 8e-5, warmUp: 0.06, weightDecay: 0.01, gradientNorm: 1 },
    ...{ dropout: 0.1, attentionDropout: 0.1 },
    ...off,
  }
  const fast: Preset = {
    ...plain,
    weightNoise: { rule: 'constant', deviation: 0.06, relativeTo: 'column' },
    outputNoise: 0.1,
  }
  return { plain, paper: { ...fast, epochs: 20, learningRate: 5e-5 }, fast }
})()

/** What stands in the config, else what its preset says. */
const switchesOf = (training: Training): Switches => {
  const preset = presets[training.preset]
  return {
    weightNoise: training.weightNoise ?? preset.weightNoise,
    outputNoise: training.outputNoise ?? preset.outputNoise,
    quantise: training.quantise ?? preset.quantise,
    weightClip: training.weightClip ?? preset.weightClip,
    irDrop: training.irDrop ?? preset.irDrop,
    learn: training.learn ?? preset.learn,
    distillation: training.distillation ?? preset.distillation,
  }
}

/** Noise of deviation or scale 0 is none. */
const audible = (s: Switches): Switches => {
  const { weightNoise } = s
  const silent =
    weightNoise !== null && (weightNoise.rule === 'constant' ? weightNoise.deviation : weightNoise.scale) === 0
  return silent ? { ...s, weightNoise: null } : s
}

/** @param hardware the config's chip */
export const settingsOf = (training: Training, hardware: Hardware): TrainingSettings => {
  const preset = presets[training.preset]
  const switches = audible(switchesOf(training))
  return {
    epochs: training.epochs ?? preset.epochs,
    batch: training.batch ?? preset.batch,
    learningRate: training.learningRate ?? preset.learningRate,
    warmUp: training.warmUp ?? preset.warmUp,
    weightDecay: training.weightDecay ?? preset.weightDecay,
    gradientNorm: training.gradientNorm ?? preset.gradientNorm,
    dropout: training.dropout ?? preset.dropout,
    attentionDropout: training.attentionDropout ?? preset.attentionDropout,
    activations: training.activations ?? 'kept',
    hardwareAware: isOff(switches) ? null : { ...switches, hardware },
  }
}
