/**
 * Which stored tensor is which of the architecture's: every one there, none too many, shapes as config.json says.
 * Not modelled: legacy names (LayerNorm.gamma), heads other than the sequence classifier's.
 */
import { tensorShapes, type Architecture } from '../../domain/encoder/architecture.js'
import { Failure, problem } from '../../domain/problem.js'
import { precisionOf, shownShape, type StoredTensor } from './stored.js'
import type { Weights } from './weights.js'

export interface Assignment {
  readonly hasClassifier: boolean
  /** By name as in `tensorShapes`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>
}

const prefix = 'roberta.'

/** Tensors a checkpoint may hold and a sequence classifier does not use: index buffers, the pooler, the language-model head. */
const unused = /^(embeddings\.(position_ids|token_type_ids)|pooler\.dense\.(weight|bias)|lm_head\..+)$/

const isClassifier = (name: string): boolean => name.startsWith('classifier.')

/** Tensors by name without prefix. @throws Failure if one stands with and without it */
const withoutPrefix = (weights: Weights): ReadonlyMap<string, StoredTensor> => {
  const tensors = new Map<string, StoredTensor>()
  for (const [stored, tensor] of weights.tensors) {
    const name = stored.startsWith(prefix) ? stored.slice(prefix.length) : stored
    if (tensors.has(name)) {
      throw new Failure(problem(weights.list, `tensor ${name}`, 'it once', 'it with and without the prefix roberta.'))
    }
    tensors.set(name, tensor)
  }
  return tensors
}

const checkClassifier = (weights: Weights, found: ReadonlyMap<string, StoredTensor>): void => {
  const expected = 'a sequence classifier (classifier.dense, classifier.out_proj)'
  const hasLanguageModel = [...found.keys()].some(name => name.startsWith('lm_head.'))
  const instead = hasLanguageModel ? 'a language-model head (lm_head) and no classifier' : 'an encoder without a head'
  throw new Failure(problem(weights.list, '', expected, instead))
}

/** Assigns the weights to the architecture's tensors. @throws Failure naming the tensor that is wrong */
export const assign = (
  architecture: Architecture,
  weights: Weights,
  classifier: 'required' | 'optional',
): Assignment => {
  const found = withoutPrefix(weights)
  const hasClassifier = [...found.keys()].some(isClassifier)
  if (!hasClassifier && classifier === 'required') checkClassifier(weights, found)
  const shapes = [...tensorShapes(architecture)].filter(([name]) => hasClassifier || !isClassifier(name))
  const tensors = new Map<string, StoredTensor>()
  for (const [name, shape] of shapes) {
    const tensor = found.get(name)
    if (tensor === undefined) {
      throw new Failure(problem(weights.list, `tensor ${name}`, `one of shape ${shownShape(shape)}`, 'none'))
    }
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
      const expected = `the shape ${shownShape(shape)} of config.json`
      throw new Failure(problem(tensor.file, `tensor ${tensor.name}`, expected, shownShape(tensor.shape)))
    }
    precisionOf(tensor)
    tensors.set(name, tensor)
  }
  for (const [name, tensor] of found) {
    if (tensors.has(name) || unused.test(name)) continue
    const expected = `only tensors of a RoBERTa encoder of ${architecture.layers} layers and its classifier`
    throw new Failure(problem(tensor.file, `tensor ${tensor.name}`, expected, 'one too many'))
  }
  return { hasClassifier, tensors }
}
