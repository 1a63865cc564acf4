/**
 * The encoder's operations in TensorFlow.js: each of them has a gradient, so `tf.grads` goes through the whole graph.
 * Not modelled: dropout, exact summation orders. Values are gone when their tidy ends.
 */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs'
import type { Batch, EncoderAlgebra } from '../../domain/encoder/algebra.js'
import { parameterOf, placesInto } from '../digital/algebra.js'
import type { TensorFlow } from './load.js'
import type { TensorParameters } from './parameters.js'

/**
 * Rows of a table: [rows, width]. Its gradient is added up by a scatter, which every backend has; that of `tf.gather` goes
 * through the whole table once a row, and the WebAssembly backend has none.
 * @param skip the table's row that gets no gradient, as PyTorch's padding_idx
 */
const rowsOf = (tf: TensorFlow, table: Tensor2D, rows: Int32Array, skip: number | null): Tensor2D => {
  const looked = tf.customGrad(given => ({
    value: tf.gather(given as Tensor2D, tf.tensor1d(rows, 'int32')), // as: customGrad gives on what it is given below
    gradFunc: (dy: Tensor) => {
      const kept = tf.tensor2d(
        Float32Array.from(rows, row => (row === skip ? 0 : 1)),
        [rows.length, 1],
      )
      return tf.scatterND(tf.tensor2d(rows, [rows.length, 1], 'int32'), tf.mul(dy, kept), table.shape)
    },
  }))
  return looked(table).as2D(rows.length, table.shape[1])
}

/** @param batch the sequences all values of this algebra belong to */
export const tensorFlowAlgebra = (
  tf: TensorFlow,
  { architecture, tensors }: TensorParameters,
  batch: Batch,
): EncoderAlgebra<Tensor2D> => {
  const { hidden, heads, layerNormEpsilon, paddingId } = architecture
  const headSize = hidden / heads
  const starts = batch.offsets.slice(0, -1)
  const matrix = (name: string): Tensor2D => {
    const tensor = parameterOf(tensors, name)
    return tensor.as2D(tensor.shape[0], tensor.shape[1] ?? NaN)
  }
  const table = (name: string): Tensor2D => matrix(`embeddings.${name}_embeddings.weight`)
  return {
    embed: ({ ids }) => {
      const places = new Int32Array(ids.length)
      placesInto(places, batch, paddingId)
      const words = rowsOf(tf, table('word'), ids, paddingId)
      const positions = rowsOf(tf, table('position'), places, paddingId)
      return tf.add(tf.add(words, positions), tf.slice(table('token_type'), [0, 0], [1, hidden]))
    },
    linear: (layer, x) =>
      tf.add(tf.matMul(x, matrix(`${layer}.weight`), false, true), parameterOf(tensors, `${layer}.bias`)),
    layerNorm: (name, x) => {
      const { mean, variance } = tf.moments(x, 1, true)
      const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, layerNormEpsilon)))
      return tf.add(tf.mul(normal, parameterOf(tensors, `${name}.weight`)), parameterOf(tensors, `${name}.bias`))
    },
    attention: (q, k, v) => {
      const within = (start: number, end: number): Tensor2D => {
        const tokens = end - start
        /** [heads, tokens, head size] of one sequence. */
        const split = (x: Tensor2D): Tensor =>
          tf.transpose(tf.reshape(tf.slice(x, [start, 0], [tokens, hidden]), [tokens, heads, headSize]), [1, 0, 2])
        const scores = tf.mul(tf.matMul(split(q), split(k), false, true), 1 / Math.sqrt(headSize))
        const mixed = tf.matMul(tf.softmax(scores), split(v))
        return tf.transpose(mixed, [1, 0, 2]).as2D(tokens, hidden)
      }
      return tf.concat(
        Array.from(starts, (start, s) => within(start, batch.offsets[s + 1] ?? NaN)),
        0,
      )
    },
    gelu: x => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
    tanh: x => tf.tanh(x),
    add: (a, b) => tf.add(a, b),
    scope: work => tf.tidy(work),
    first: x => rowsOf(tf, x, starts, null),
  }
}
