/** Examples on their way into a model: each with its ids, one by one. */
import type { Example } from '../domain/tasks/example.js'
import type { ExampleData, Model } from './openTask.js'

export interface TokenisedExample {
  readonly example: Example
  readonly ids: Int32Array
}

/** The first `examples` of a data set as the model's ids. */
export const tokenised = async function* (
  { tokenizer, maxTokens }: Pick<Model, 'tokenizer' | 'maxTokens'>,
  { dataset, examples }: ExampleData,
): AsyncGenerator<TokenisedExample> {
  let taken = 0
  for await (const example of dataset.examples()) {
    yield { example, ids: tokenizer.encode(example.text, example.pair, maxTokens) }
    taken += 1
    if (taken === examples) return
  }
}
