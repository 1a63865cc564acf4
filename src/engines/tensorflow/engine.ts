/**
 * An engine on TensorFlow.js, in the calling thread: float32, but in the order of sums and with the functions of whichever
 * backend it has, so its last bits are the backend's own. Not modelled: doing anything else while a batch runs.
 */
import type { Tensor2D } from '@tensorflow/tfjs'
import { logits } from '../../domain/encoder/roberta.js'
import type { Engine } from '../engine.js'
import { soon } from '../soon.js'
import { tensorFlowAlgebra } from './algebra.js'
import type { TensorFlow } from './load.js'
import { disposeParameters, type TensorParameters } from './parameters.js'

const nothing = new Uint32Array(0)

/** @param parameters the engine's own from now on: `close` disposes of them */
export const tensorFlowEngine = (tf: TensorFlow, parameters: TensorParameters): Engine => {
  const { architecture } = parameters
  const numbers = (x: Tensor2D): Float32Array => Float32Array.from(x.dataSync())
  return {
    labels: architecture.labels,
    inFlight: 1,
    run: (batch, { firstTokens = false } = {}) =>
      soon(() => {
        const observed: Float32Array[] = []
        let found: Float32Array = new Float32Array(0)
        tf.tidy(() => {
          const algebra = tensorFlowAlgebra(tf, parameters, batch)
          const result = logits(algebra, architecture, batch, (_, hidden) => {
            if (firstTokens) tf.tidy(() => void observed.push(numbers(algebra.first(hidden))))
          })
          found = numbers(result)
        })
        return { logits: found, firstTokens: observed, counts: nothing }
      }),
    close: () => soon(() => disposeParameters(parameters)),
  }
}
