/**
 * RoBERTa for sequence classification (Liu et al. 2019, arXiv 1907.11692), post-layer-norm as in Hugging Face's
 * RobertaForSequenceClassification. Not modelled: dropout (the training engine adds its own), token types other than 0.
 */
import type { Batch, EncoderAlgebra } from './algebra.js'
import type { Architecture } from './architecture.js'
import { fitting } from './batch.js'

/** Called with 0 after the embeddings and with 1 .. layers after each encoder layer. */
export type ObserveHidden<T> = (depth: number, hidden: T) => void

const encoderLayer =
  <T>(alg: EncoderAlgebra<T>, index: number) =>
  (x: T): T => {
    const at = `encoder.layer.${index}`
    const attended = alg.attention(
      alg.linear(`${at}.attention.self.query`, x),
      alg.linear(`${at}.attention.self.key`, x),
      alg.linear(`${at}.attention.self.value`, x),
    )
    const mixed = alg.layerNorm(
      `${at}.attention.output.LayerNorm`,
      alg.add(alg.linear(`${at}.attention.output.dense`, attended), x),
    )
    const inner = alg.gelu(alg.linear(`${at}.intermediate.dense`, mixed))
    return alg.layerNorm(`${at}.output.LayerNorm`, alg.add(alg.linear(`${at}.output.dense`, inner), mixed))
  }

/** Logits [sequences, labels] of a batch. @throws RangeError before any operation if the batch does not fit the model. */
export const logits = <T>(
  alg: EncoderAlgebra<T>,
  architecture: Architecture,
  batch: Batch,
  observe: ObserveHidden<T> = () => undefined,
): T => {
  const checked = fitting(architecture, batch)
  let x = alg.scope(() => alg.layerNorm('embeddings.LayerNorm', alg.embed(checked)))
  observe(0, x)
  for (let i = 0; i < architecture.layers; i++) {
    const input = x
    x = alg.scope(() => encoderLayer(alg, i)(input))
    observe(i + 1, x)
  }
  const pooled = alg.tanh(alg.linear('classifier.dense', alg.first(x)))
  return alg.linear('classifier.out_proj', pooled)
}
