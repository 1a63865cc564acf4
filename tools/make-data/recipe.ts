/**
 * How the miniature models are trained, in the words of a config's `train`, and the chip they are trained for and scored
 * on. Everything is spelled out, so that no preset moves the committed data.
 */
import type { Json } from '../../src/domain/experiment/config.js'
import type { TaskName } from '../../src/domain/tasks/task.js'

/** A config's `train`. */
export type Recipe = Readonly<Record<string, Json>>

/**
 * Layers of 64 forgive a chip more than layers of 384. With 6-bit converters and two and a half times the usual output
 * noise, a layer here errs by about as much (0.2 of its output) as one of a 6-layer RoBERTa on the usual chip.
 */
export const chip = {
  device: 'pcm',
  tile: { rows: 64, columns: 64 },
  dac: { bits: 6 },
  adc: { bits: 6, bound: 12 },
  outputNoise: 0.1,
  readNoise: 'per read',
  wireResistanceOhm: 0,
  driftCompensation: 'global',
} as const

/** Models this small have nothing to spare for dropout. */
const usual: Recipe = {
  ...{ preset: 'plain', batch: 32, learningRate: 1e-3, warmUp: 0.06, weightDecay: 0.01, gradientNorm: 1 },
  ...{ dropout: 0, attentionDropout: 0 },
}

export interface Recipes {
  /** From random weights. */
  readonly plain: (task: TaskName) => Recipe
  /** From the plain model. */
  readonly hardwareAware: (task: TaskName) => Recipe
}

/** Enough for scores clearly above chance, not so many that nothing is left to go wrong. */
const epochs: Readonly<Partial<Record<TaskName, number>>> = { cola: 10, sst2: 10, mrpc: 24, rte: 12, stsb: 12 }

export const recipes: Recipes = {
  plain: task => ({ ...usual, epochs: epochs[task] ?? 12 }),
  hardwareAware: () => ({
    ...{ ...usual, epochs: 4, learningRate: 3e-4 },
    weightNoise: { rule: 'constant', deviation: 0.06, relativeTo: 'column' },
    outputNoise: 0.1,
    quantise: true,
    learn: ['input ranges', 'column ranges'],
  }),
}
