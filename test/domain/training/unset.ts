/** A config's `train` that leaves everything to its preset. */
import type { Training } from '../../../src/domain/experiment/training.js'

export const unset: Training = {
  ...{
    preset: 'plain',
    engine: 'ohmflow',
    examples: null,
    epochs: null,
    batch: null,
    learningRate: null,
    warmUp: null,
  },
  ...{ weightDecay: null, gradientNorm: null, dropout: null, attentionDropout: null, weightNoise: null },
  ...{
    outputNoise: null,
    quantise: null,
    weightClip: null,
    irDrop: null,
    learn: null,
    distillation: null,
    activations: null,
  },
}
