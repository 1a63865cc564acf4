/**
 * Where dropout stands in the encoder, as in Hugging Face's RobertaForSequenceClassification: after the embeddings' norm,
 * on attention's probabilities, after each dense output, before each layer of the head. Not modelled: other places.
 */
import type { Architecture } from '../../domain/encoder/architecture.js'
import { dropoutOrigin } from '../../domain/random/addresses.js'
import type { MaskPlaces } from '../../kernels/training.js'

/** Of one training step. */
export interface Dropout {
  readonly seed: number
  /** Over all epochs. */
  readonly step: number
  /** Probability of dropping a number of a hidden state, in [0, 1). */
  readonly hidden: number
  /** Probability of dropping one of attention's probabilities, in [0, 1). */
  readonly attention: number
}

/** The names under which the places of dropout are known: of the operation whose output, input or scores it drops. */
export const dropoutPlaces = ({ layers }: Architecture): readonly string[] => [
  'embeddings.LayerNorm',
  ...Array.from({ length: layers }, (_, i) =>
    ['attention.self.query', 'attention.output.dense', 'output.dense'].map(name => `encoder.layer.${i}.${name}`),
  ).flat(),
  'classifier.dense',
  'classifier.out_proj',
]

/** Whether the output of this layer is dropped. */
export const dropsOutput = (layer: string): boolean => layer.endsWith('.output.dense')
/** Whether the input of this layer is dropped. */
export const dropsInput = (layer: string): boolean => layer.startsWith('classifier.')
/** Whether the attention whose queries this layer makes drops probabilities. */
export const dropsProbabilities = (layer: string): boolean => layer.endsWith('.attention.self.query')

/** @throws RangeError unless the probability is in [0, 1) */
export const probability = (title: string, p: number): number => {
  if (!(p >= 0 && p < 1)) throw new RangeError(`"${title}" expected a probability in [0, 1), got ${p}`)
  return p
}

/**
 * The masks at a place; null where nothing is dropped. The probability is rounded to a multiple of 2^-32, and what is
 * kept is scaled by that rounded one's complement.
 * @throws RangeError if there is no such place
 */
export const masksAt = (architecture: Architecture, dropout: Dropout | null, name: string): MaskPlaces | null => {
  const place = dropoutPlaces(architecture).indexOf(name)
  if (place < 0) throw new RangeError(`no dropout at ${name}`)
  if (dropout === null) return null
  const p = dropsProbabilities(name)
    ? probability('attention dropout', dropout.attention)
    : probability('dropout', dropout.hidden)
  const threshold = Math.min(2 ** 32 - 1, Math.round(p * 2 ** 32))
  if (threshold === 0) return null
  const { seed, step } = dropout
  return { ...dropoutOrigin({ seed, step, place }), threshold, scale: 1 / (1 - threshold / 2 ** 32) }
}
