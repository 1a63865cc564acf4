/** One batch through the encoder in float32 values on the heap, from ids to logits copied off it. */
import type { Batch, EncoderAlgebra } from '../domain/encoder/algebra.js'
import type { Architecture } from '../domain/encoder/architecture.js'
import { logits } from '../domain/encoder/roberta.js'
import type { Activation } from './digital/algebra.js'
import type { Outputs } from './engine.js'
import type { Workbench } from './workbench.js'

/**
 * @param algebra made within a scope of the scratch stack that encloses this call
 * @param firstTokens also keep the first token's hidden state at every depth
 */
export const forward = (
  { heap, scratch }: Workbench,
  architecture: Architecture,
  algebra: EncoderAlgebra<Activation>,
  batch: Batch,
  firstTokens: boolean,
): Omit<Outputs, 'counts'> => {
  const copied = (a: Activation): Float32Array => heap.f32(a.at, a.rows * a.width).slice()
  const observed: Float32Array[] = []
  const result = logits(algebra, architecture, batch, (_, hidden) => {
    if (firstTokens) observed.push(scratch.within(() => copied(algebra.first(hidden))))
  })
  return { logits: copied(result), firstTokens: observed }
}
