/**
 * A task's splits: balanced labels, no example twice in either split. Not modelled: a test split (GLUE's is unlabelled).
 */
import { stream } from '../../src/domain/random/stream.js'
import { acceptability } from './acceptability.js'
import { entailment } from './entailment.js'
import type { Drawn, Grammar } from './grammar.js'
import { paraphrase } from './paraphrase.js'
import { sentiment } from './sentiment.js'
import { similarity } from './similarity.js'

export const grammars: readonly Grammar[] = [acceptability, sentiment, paraphrase, entailment, similarity]

export interface Corpus {
  readonly train: readonly Drawn[]
  readonly dev: readonly Drawn[]
}

/** What makes two examples the same one. */
export const identity = (grammar: Grammar, { text, pair }: Drawn): string =>
  pair === null ? text : (grammar.symmetric && pair < text ? [pair, text] : [text, pair]).join('\t')

/** The corpus of a grammar, the same for the same seed and sizes. */
export const corpus = (
  grammar: Grammar,
  seed: number,
  sizes: { readonly train: number; readonly dev: number },
): Corpus => {
  const seen = new Set<string>()
  const split = (name: keyof Corpus): readonly Drawn[] => {
    const drawn: Drawn[] = []
    for (let attempt = 0; drawn.length < sizes[name]; attempt++) {
      const example = grammar.draw(stream(seed, `${grammar.task} ${name}`, attempt), drawn.length % grammar.levels)
      const key = identity(grammar, example)
      if (seen.has(key) || example.text === example.pair) continue
      seen.add(key)
      drawn.push(example)
    }
    return stream(seed, `${grammar.task} ${name} order`).shuffle(drawn)
  }
  const dev = split('dev')
  return { train: split('train'), dev }
}
