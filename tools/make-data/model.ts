/**
 * The miniature RoBERTa with random weights, from which its training starts: its shape, its config.json, its tensors.
 * Not modelled: training; the marker in config.json says so.
 */
import { layerNorms, tensorShapes, type Architecture } from '../../src/domain/encoder/architecture.js'
import { stream, type Stream } from '../../src/domain/random/stream.js'
import type { Task } from '../../src/domain/tasks/task.js'

export const architecture = (task: Task, vocabulary: number): Architecture => ({
  vocabulary,
  positions: 66,
  tokenTypes: 1,
  hidden: 64,
  layers: 2,
  heads: 4,
  intermediate: 256,
  layerNormEpsilon: 1e-5,
  paddingId: 1,
  labels: task.target.kind === 'regression' ? 1 : task.target.labels.length,
})

/** The value of config.json as transformers writes it, and the marker of what the weights are. */
export const configJson = (task: Pick<Task, 'target'>, a: Architecture): object => {
  const names = task.target.kind === 'regression' ? ['LABEL_0'] : task.target.labels
  return {
    architectures: ['RobertaForSequenceClassification'],
    attention_probs_dropout_prob: 0.1,
    bos_token_id: 0,
    classifier_dropout: null,
    eos_token_id: 2,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0.1,
    hidden_size: a.hidden,
    id2label: Object.fromEntries(names.map((name, id) => [String(id), name])),
    initializer_range: 0.02,
    intermediate_size: a.intermediate,
    label2id: Object.fromEntries(names.map((name, id) => [name, id])),
    layer_norm_eps: a.layerNormEpsilon,
    max_position_embeddings: a.positions,
    model_type: 'roberta',
    num_attention_heads: a.heads,
    num_hidden_layers: a.layers,
    ohmflow: { trained: false, note: 'random weights: scores are at chance' },
    pad_token_id: a.paddingId,
    position_embedding_type: 'absolute',
    problem_type: task.target.kind === 'regression' ? 'regression' : 'single_label_classification',
    type_vocab_size: a.tokenTypes,
    use_cache: true,
    vocab_size: a.vocabulary,
  }
}

/** Standard deviation of every random weight, wider than RoBERTa's 0.02, which is for layers of 768: about 0.8 / sqrt(hidden). */
const DEVIATION = 0.1

/**
 * Nearly normal (Irwin and Hall): twelve uniforms less their mean. Additions only, so the bytes are the same on every
 * machine; tails end at 6 standard deviations.
 */
const nearlyNormal = (s: Stream): number => {
  let sum = -6
  for (let i = 0; i < 12; i++) sum += s.uniform()
  return sum
}

export interface NamedTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Every tensor under its Hugging Face name; each drawn from a stream of its own. */
export const randomTensors = (task: Task, a: Architecture, seed: number): readonly NamedTensor[] => {
  const norms = new Set(layerNorms(a))
  return [...tensorShapes(a)].map(([name, shape]) => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1))
    const s = stream(seed, `${task.name} ${name}`)
    if (norms.has(name.replace(/\.weight$/, ''))) data.fill(1)
    else if (!name.endsWith('.bias')) for (let i = 0; i < data.length; i++) data[i] = DEVIATION * nearlyNormal(s)
    return { name: name.startsWith('classifier.') ? name : `roberta.${name}`, shape, data }
  })
}
