/**
 * Gradients of parameters, added up sequence by sequence: each group of sequences in its turn, each tensor in one fixed
 * order of terms, so that neither threads nor groups change a bit. Not modelled: sparse gradients.
 */
import type { Ptr } from '../../kernels/heap.js'
import { panelsBytes } from '../../kernels/kernels.js'
import { parameterOf, type Activation } from '../digital/algebra.js'
import type { Context } from './context.js'
import type { Receiver } from './gradients.js'
import type { Turns } from './turns.js'

/**
 * @param group number of this group of sequences in its step; the first writes gradients, later ones add to them, except
 * the embeddings' tables, which must be zero before the first
 */
export const accumulating = (c: Context, turns: Turns, group: number): Receiver => {
  const { kernels, aside, batch, parameters, linear, rowsOf } = c
  const inTurn = (name: string, add: (gradient: Ptr) => void): void => {
    const { index, gradient } = parameterOf(parameters.tensors, name)
    turns.take(index, group, () => add(gradient))
  }
  const onward = group > 0
  const columnSums = (name: string, x: Activation): void =>
    inTurn(name, y =>
      kernels.columnSums({
        ...{ y, x: x.at, offsets: rowsOf(x).offsets, sequences: batch.sequences, columns: x.width, onward },
      }),
    )
  const scattered = (name: string, dy: Activation, index: Ptr): void =>
    inTurn(name, table =>
      kernels.scatterAdd({
        ...{ table, x: dy.at, index, rows: dy.rows, width: dy.width, skip: parameters.architecture.paddingId },
      }),
    )
  return {
    linear: (layer, x, dy) => {
      const { inputs, outputs } = parameterOf(linear, layer)
      aside.within(() => {
        const panels = aside.take(panelsBytes(x.rows, inputs))
        kernels.pack({ panels, w: x.at, inner: x.rows, columns: inputs, columnStep: 1, innerStep: inputs })
        const { offsets } = rowsOf(x)
        inTurn(`${layer}.weight`, y =>
          kernels.weightGradient({
            ...{ y, dy: dy.at, panels, offsets, sequences: batch.sequences, rows: outputs, columns: inputs, onward },
          }),
        )
      })
      columnSums(`${layer}.bias`, dy)
    },
    layerNorm: (name, products, dy) => {
      columnSums(`${name}.weight`, products)
      columnSums(`${name}.bias`, dy)
    },
    embed: dy => {
      scattered('embeddings.word_embeddings.weight', dy, batch.ids)
      scattered('embeddings.position_embeddings.weight', dy, batch.places)
      columnSums('embeddings.token_type_embeddings.weight', dy)
    },
  }
}
