/**
 * The shape of a RoBERTa sequence classifier, and the names and shapes of its tensors (Hugging Face names
 * without the `roberta.` prefix). Not modelled: decoders, relative positions, adapters.
 */
export interface Architecture {
  readonly vocabulary: number
  readonly positions: number
  readonly tokenTypes: number
  readonly hidden: number
  readonly layers: number
  readonly heads: number
  readonly intermediate: number
  readonly layerNormEpsilon: number
  readonly paddingId: number
  /** Outputs of the classifier; 1 for regression. */
  readonly labels: number
}

/** Longest sequence in tokens: positions start after the padding index (512 for roberta-base). */
export const maxTokens = (a: Architecture): number => a.positions - a.paddingId - 1

/** A weight-stationary linear layer: `<name>.weight` is [outputs, inputs], `<name>.bias` is [outputs]. */
export interface LinearLayer {
  readonly name: string
  readonly inputs: number
  readonly outputs: number
}

const encoderLayer = (a: Architecture, index: number): readonly LinearLayer[] => {
  const at = `encoder.layer.${index}`
  const square = (name: string): LinearLayer => ({ name: `${at}.${name}`, inputs: a.hidden, outputs: a.hidden })
  return [
    square('attention.self.query'),
    square('attention.self.key'),
    square('attention.self.value'),
    square('attention.output.dense'),
    { name: `${at}.intermediate.dense`, inputs: a.hidden, outputs: a.intermediate },
    { name: `${at}.output.dense`, inputs: a.intermediate, outputs: a.hidden },
  ]
}

/** The classification head's two layers. */
export const classifierLayers = (a: Architecture): readonly LinearLayer[] => [
  { name: 'classifier.dense', inputs: a.hidden, outputs: a.hidden },
  { name: 'classifier.out_proj', inputs: a.hidden, outputs: a.labels },
]

/** Every linear layer in the order of the forward pass: 6 per encoder layer, then the head's 2. */
export const linearLayers = (a: Architecture): readonly LinearLayer[] => [
  ...Array.from({ length: a.layers }, (_, i) => encoderLayer(a, i)).flat(),
  ...classifierLayers(a),
]

/** Every layer norm: `<name>.weight` and `<name>.bias` are [hidden]. */
export const layerNorms = (a: Architecture): readonly string[] => [
  'embeddings.LayerNorm',
  ...Array.from({ length: a.layers }, (_, i) => [
    `encoder.layer.${i}.attention.output.LayerNorm`,
    `encoder.layer.${i}.output.LayerNorm`,
  ]).flat(),
]

/** Name and shape of every tensor of the encoder and its head. */
export const tensorShapes = (a: Architecture): ReadonlyMap<string, readonly number[]> =>
  new Map<string, readonly number[]>([
    ['embeddings.word_embeddings.weight', [a.vocabulary, a.hidden]],
    ['embeddings.position_embeddings.weight', [a.positions, a.hidden]],
    ['embeddings.token_type_embeddings.weight', [a.tokenTypes, a.hidden]],
    ...layerNorms(a).flatMap((name): [string, readonly number[]][] => [
      [`${name}.weight`, [a.hidden]],
      [`${name}.bias`, [a.hidden]],
    ]),
    ...linearLayers(a).flatMap((l): [string, readonly number[]][] => [
      [`${l.name}.weight`, [l.outputs, l.inputs]],
      [`${l.name}.bias`, [l.outputs]],
    ]),
  ])
