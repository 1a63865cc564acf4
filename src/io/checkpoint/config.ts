/**
 * config.json of a Hugging Face RoBERTa sequence classifier (transformers' RobertaConfig), decoded to an architecture.
 * Not modelled: dropout rates and other keys that do not change inference; keys that would change it are refused.
 */
import * as t from 'io-ts/lib/index.js'
import type { Architecture } from '../../domain/encoder/architecture.js'
import { Failure, problem } from '../../domain/problem.js'
import { accepting, decode, integer, nullable, shown } from '../decoding.js'
import { valueOrThrow } from '../fault.js'

export interface Config {
  readonly architecture: Architecture
  /** `id2label` in order of class (LABEL_0, ... where the file names none); empty for regression. */
  readonly labelNames: readonly string[]
  /** The file says that its weights are random (`"ohmflow": {"trained": false}`): scores are at chance. */
  readonly untrained: boolean
}

const only = (value: string | boolean, meaning = ''): t.Type<string | boolean> =>
  accepting(`${shown(value)}${meaning}`, (u): u is typeof value => u === value)

const size = integer(1, 2 ** 31 - 1)

const empty = accepting<object>(
  'none',
  (u): u is object => typeof u === 'object' && u !== null && Object.keys(u).length === 0,
)

type ProblemType = 'regression' | 'single_label_classification'

const robertaConfig = t.type(
  {
    model_type: only('roberta'),
    is_decoder: nullable(only(false)),
    is_encoder_decoder: nullable(only(false)),
    add_cross_attention: nullable(only(false)),
    hidden_act: only('gelu', ' (exact, with erf)'),
    position_embedding_type: nullable(only('absolute')),
    pruned_heads: nullable(empty),
    quantization_config: nullable(empty),
    vocab_size: size,
    max_position_embeddings: size,
    type_vocab_size: size,
    hidden_size: size,
    // More layers than any encoder has: a bound, because every one costs memory before a tensor is looked at.
    num_hidden_layers: integer(1, 1000),
    num_attention_heads: size,
    intermediate_size: size,
    layer_norm_eps: accepting(
      'a positive number below 1',
      (u): u is number => typeof u === 'number' && Math.fround(u) > 0 && u < 1,
    ),
    pad_token_id: integer(0, 2 ** 31 - 1),
    num_labels: nullable(integer(1, 100_000)),
    id2label: nullable(t.record(t.string, t.string, 'an object from class to label')),
    problem_type: nullable(
      accepting<ProblemType>(
        '"regression" or "single_label_classification"',
        (u): u is ProblemType => u === 'regression' || u === 'single_label_classification',
      ),
    ),
    ohmflow: nullable(t.type({ trained: t.boolean }, 'an object {"trained": true or false}')),
  },
  'a JSON object',
)

type RobertaConfig = t.TypeOf<typeof robertaConfig>

const namesInOrder = (file: string, id2label: Readonly<Record<string, string>>): readonly string[] => {
  const count = Object.keys(id2label).length
  if (count === 0) throw new Failure(problem(file, 'id2label', 'at least one label', 'none'))
  return Array.from({ length: count }, (_, i) => {
    const name = id2label[String(i)]
    if (name !== undefined) return name
    const found = shown(Object.keys(id2label))
    throw new Failure(problem(file, 'id2label', `the classes "0" to "${count - 1}"`, found))
  })
}

/** Labels and task of the head. transformers takes two labels where the file says nothing, and one label as regression. */
const head = (file: string, raw: RobertaConfig): { labels: number; labelNames: readonly string[] } => {
  const named = raw.id2label === null ? null : namesInOrder(file, raw.id2label)
  const labels = raw.num_labels ?? named?.length ?? 2
  if (named !== null && named.length !== labels) {
    throw new Failure(problem(file, 'num_labels', `the number of labels in id2label, ${named.length}`, String(labels)))
  }
  const type = raw.problem_type ?? (labels === 1 ? 'regression' : 'single_label_classification')
  if (type === 'regression' && labels !== 1) {
    throw new Failure(problem(file, 'problem_type', 'one label for regression', `${labels} labels`))
  }
  if (type === 'single_label_classification' && labels === 1) {
    throw new Failure(problem(file, 'problem_type', 'at least two labels for classification', 'one label'))
  }
  if (type === 'regression') return { labels, labelNames: [] }
  return { labels, labelNames: named ?? Array.from({ length: labels }, (_, i) => `LABEL_${i}`) }
}

/** Decodes the JSON value of `file`. @throws Failure with the key that is wrong */
export const decodeConfig = (file: string, value: unknown): Config => {
  const raw = valueOrThrow(decode(robertaConfig, file)(value))
  if (raw.hidden_size % raw.num_attention_heads !== 0) {
    const expected = `a multiple of num_attention_heads, ${raw.num_attention_heads}`
    throw new Failure(problem(file, 'hidden_size', expected, String(raw.hidden_size)))
  }
  if (raw.pad_token_id >= raw.vocab_size) {
    throw new Failure(problem(file, 'pad_token_id', `below vocab_size, ${raw.vocab_size}`, String(raw.pad_token_id)))
  }
  if (raw.max_position_embeddings < raw.pad_token_id + 2) {
    const expected = `at least pad_token_id + 2, ${raw.pad_token_id + 2}, as positions start after the padding index`
    throw new Failure(problem(file, 'max_position_embeddings', expected, String(raw.max_position_embeddings)))
  }
  const { labels, labelNames } = head(file, raw)
  return {
    architecture: {
      vocabulary: raw.vocab_size,
      positions: raw.max_position_embeddings,
      tokenTypes: raw.type_vocab_size,
      hidden: raw.hidden_size,
      layers: raw.num_hidden_layers,
      heads: raw.num_attention_heads,
      intermediate: raw.intermediate_size,
      layerNormEpsilon: raw.layer_norm_eps,
      paddingId: raw.pad_token_id,
      labels,
    },
    labelNames,
    untrained: raw.ohmflow?.trained === false,
  }
}
