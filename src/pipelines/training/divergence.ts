/** Where the numbers of a training stopped being numbers: in a step, a tensor or a layer. */
import type { Batch } from '../../domain/encoder/algebra.js'
import type { ModelInTraining } from './model.js'

const shown = (x: number): string => (Number.isNaN(x) ? 'NaN' : 'infinity')

const firstBad = (numbers: Float32Array): number | undefined => numbers.find(x => !Number.isFinite(x))

/** The first tensor, in the order of the model, that holds such a number; null if none does. */
export const badTensor = ({ tensors }: Pick<ModelInTraining, 'tensors'>): string | null => {
  for (const { name, weights } of tensors) {
    const bad = firstBad(weights())
    if (bad !== undefined) return `${shown(bad)} in ${name}`
  }
  return null
}

/** The first depth of the model at which such a number appears, without dropout; null if none does. */
const badDepth = async ({ engine }: ModelInTraining, batch: Batch): Promise<string | null> => {
  const { firstTokens, logits } = await engine.run(batch, { firstTokens: true })
  for (const [depth, states] of firstTokens.entries()) {
    const bad = firstBad(states)
    if (bad !== undefined) return `${shown(bad)} after ${depth === 0 ? 'embeddings' : `encoder.layer.${depth - 1}`}`
  }
  const bad = firstBad(logits)
  return bad === undefined ? null : `${shown(bad)} after classifier.out_proj`
}

/** Where, as well as it can be told: in a tensor, after a layer, in a tensor's gradient, in the loss. */
export const whereDiverged = async (
  model: ModelInTraining,
  batch: Batch,
  loss: number,
  squaredNorms: ReadonlyMap<string, number>,
): Promise<string> => {
  const before = badTensor(model) ?? (await badDepth(model, batch))
  if (before !== null) return before
  // The last layer first: that is where a gradient starts.
  const bad = [...squaredNorms].findLast(([, norm]) => !Number.isFinite(norm))
  return bad === undefined ? `${shown(loss)} as the loss` : `${shown(bad[1])} in the gradient of ${bad[0]}`
}
