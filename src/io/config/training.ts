/**
 * The shape of a config's `train`. What is left out is the preset's business.
 * Not here: what the presets say.
 */
import {
  keptActivations,
  learnableRanges,
  trainingPresets,
  type Training,
  type TrainingNoise,
  type WeightClip,
} from '../../domain/experiment/training.js'
import { engine } from './method.js'
import { defaulted, object, optional, required, tagged } from './record.js'
import { boolean, choice, constant, duration, integer, number } from './scalar.js'
import { list, unique, type Shape } from './shape.js'

const weightNoise: Shape<TrainingNoise> = tagged<'rule', TrainingNoise>('weight noise', 'rule', {
  constant: object<Extract<TrainingNoise, { rule: 'constant' }>>('the rule "constant"', {
    rule: required(constant('constant'), { about: 'The same relative noise on every weight.' }),
    deviation: required(number({ min: 0, max: 10 }), {
      about: 'Standard deviation relative to the largest weight.',
      examples: [0.06],
    }),
    relativeTo: defaulted(choice(['column', 'tile']), 'column', { about: 'Whose largest weight.' }),
  }),
  device: object<Extract<TrainingNoise, { rule: 'device' }>>('the rule "device"', {
    rule: required(constant('device'), { about: "The device model's own variance." }),
    time: required(duration, { about: 'Time since programming.', examples: ['1 h'] }),
    scale: defaulted(number({ min: 0, max: 10 }), 1, { about: 'Factor on the standard deviation.' }),
  }),
})

const weightClip: Shape<WeightClip> = tagged<'rule', WeightClip>('weight clipping', 'rule', {
  none: object<Extract<WeightClip, { rule: 'none' }>>('the rule "none"', {
    rule: required(constant('none'), { about: 'No clipping.' }),
  }),
  'standard-deviations': object<Extract<WeightClip, { rule: 'standard-deviations' }>>(
    'the rule "standard-deviations"',
    {
      rule: required(constant('standard-deviations'), { about: 'A multiple of the standard deviation.' }),
      standardDeviations: required(number({ over: 0, max: 1000 }), { about: 'The multiple.', examples: [2.5] }),
    },
  ),
  fixed: object<Extract<WeightClip, { rule: 'fixed' }>>('the rule "fixed"', {
    rule: required(constant('fixed'), { about: 'A given bound.' }),
    value: required(number({ over: 0 }), { about: 'The bound [unit of the weights].' }),
  }),
})

export const training: Shape<Training> = object<Training>('training', {
  preset: defaulted(choice(trainingPresets), 'fast', {
    about:
      'Where settings that are left out come from. "plain": fine-tuning without hardware; "paper": 20 epochs at 5e-5.',
  }),
  engine,
  examples: optional(integer({ min: 1, max: 1e9 }), {
    about:
      "Examples of the training set, from its start; all if left out. A task's own `examples` are those it is scored on.",
  }),
  epochs: optional(integer({ min: 1, max: 10_000 }), { about: 'Passes over the training set.', examples: [3] }),
  batch: optional(integer({ min: 1, max: 65_536 }), { about: 'Examples a step.', examples: [16] }),
  learningRate: optional(number({ over: 0, max: 1 }), { about: 'Largest learning rate.', examples: [5e-5] }),
  warmUp: optional(number({ min: 0, max: 1 }), { about: 'Share of the steps over which it rises.', examples: [0.06] }),
  weightDecay: optional(number({ min: 0, max: 1 }), { about: 'Decoupled weight decay.', examples: [0.01] }),
  gradientNorm: optional(number({ over: 0 }), { about: 'Global norm above which gradients are scaled down.' }),
  dropout: optional(number({ min: 0, under: 1 }), { about: 'Dropout of hidden states.', examples: [0.1] }),
  attentionDropout: optional(number({ min: 0, under: 1 }), { about: 'Dropout of attention.', examples: [0.1] }),
  weightNoise: optional(weightNoise, { about: 'Noise on the weights, fresh each step.' }),
  outputNoise: optional(number({ min: 0, max: 100 }), { about: 'Noise on the outputs of layers.', examples: [0.1] }),
  quantise: optional(boolean, { about: 'DAC and ADC in the forward pass.' }),
  weightClip: optional(weightClip, { about: 'Clipping of the weights after each step.' }),
  irDrop: optional(boolean, { about: 'IR drop in the forward pass.' }),
  learn: optional(unique(list('ranges', choice(learnableRanges)), String, [], 'each kind of range once'), {
    about: 'Ranges learned with the weights.',
  }),
  distillation: optional(number({ min: 0 }), { about: "Weight of the digital model's logits in the loss." }),
  activations: optional(choice(keptActivations), {
    about:
      'Whether what layers compute is kept for the way back, or computed again: less memory, more time, the same result. "kept" if left out.',
  }),
})
