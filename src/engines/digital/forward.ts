/** One batch through the digital encoder, from ids to logits copied off the heap. */
import type { Batch } from '../../domain/encoder/algebra.js'
import { logits } from '../../domain/encoder/roberta.js'
import type { Outputs } from '../engine.js'
import type { Workbench } from '../workbench.js'
import { digitalAlgebra, type Activation } from './algebra.js'
import type { Parameters } from './parameters.js'

/** @param firstTokens also keep the first token's hidden state at every depth */
export const forward = (bench: Workbench, parameters: Parameters, batch: Batch, firstTokens: boolean): Outputs =>
  bench.scratch.within(() => {
    const algebra = digitalAlgebra(bench, parameters, batch)
    const copied = (a: Activation): Float32Array => bench.heap.f32(a.at, a.rows * a.width).slice()
    const observed: Float32Array[] = []
    const result = logits(algebra, parameters.architecture, batch, (_, hidden) => {
      if (firstTokens) observed.push(bench.scratch.within(() => copied(algebra.first(hidden))))
    })
    return { logits: copied(result), firstTokens: observed }
  })
