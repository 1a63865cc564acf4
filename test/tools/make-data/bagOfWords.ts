/** Logistic regression on word counts: what a model can know that sees the words of an example but not their order. */

interface Labelled {
  readonly words: readonly string[]
  readonly label: boolean
}

/** Indices of an example's words, with repetitions. */
const indexed = (ids: ReadonlyMap<string, number>, words: readonly string[]): readonly number[] =>
  words.map(word => ids.get(word)).filter(id => id !== undefined)

/**
 * Share of `dev` classified rightly after full-batch gradient descent on `train`, ridge 1e-3.
 * @returns accuracies on both splits
 */
export const bagOfWords = (train: readonly Labelled[], dev: readonly Labelled[]): { train: number; dev: number } => {
  const ids = new Map<string, number>()
  for (const { words } of train) for (const word of words) if (!ids.has(word)) ids.set(word, ids.size)
  const weights = new Float64Array(ids.size)
  const gradient = new Float64Array(ids.size)
  const rows = train.map(({ words, label }) => ({ words: indexed(ids, words), label }))
  let bias = 0
  const logit = (words: readonly number[]): number => words.reduce((sum, id) => sum + (weights[id] ?? 0), bias)
  for (let step = 0; step < 200; step++) {
    gradient.fill(0)
    let biasGradient = 0
    for (const { words, label } of rows) {
      const error = 1 / (1 + Math.exp(-logit(words))) - (label ? 1 : 0)
      biasGradient += error / rows.length
      for (const id of words) gradient[id] = (gradient[id] ?? 0) + error / rows.length
    }
    bias -= 0.3 * biasGradient
    for (let id = 0; id < weights.length; id++) {
      const weight = weights[id] ?? 0
      weights[id] = weight - 0.3 * ((gradient[id] ?? 0) + 1e-3 * weight)
    }
  }
  const accuracy = (examples: readonly { words: readonly number[]; label: boolean }[]): number =>
    examples.filter(({ words, label }) => logit(words) > 0 === label).length / examples.length
  return {
    train: accuracy(rows),
    dev: accuracy(dev.map(({ words, label }) => ({ words: indexed(ids, words), label }))),
  }
}
