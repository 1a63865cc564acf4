/**
 * The gradient of each operation of the tape, under the operation's name: from the gradient of its output to those of its
 * operands, which are given on, and of its parameters, which the receiver gets.
 */
import type { Ptr } from '../../kernels/heap.js'
import { panelsBytes } from '../../kernels/kernels.js'
import { attentionGradientScratchBytes } from '../../kernels/training.js'
import { parameterOf, type Activation } from '../digital/algebra.js'
import type { Context } from './context.js'
import { linearOnTilesGradient, type TileGradient } from './hardware/linear.js'
import type { HardwareLayer } from './hardware/model.js'
import type { Operands, Operation } from './operations.js'

/** Who wants what the parameters' gradients are made of; each call is over before the next. */
export interface Receiver {
  /** @param x,dy the layer's input and the gradient of its output */
  readonly linear: (layer: string, x: Activation, dy: Activation) => void
  /** The same of a layer on tiles. */
  readonly tiles: (layer: HardwareLayer, x: Activation, dy: Activation, tiles: readonly TileGradient[]) => void
  /** @param products dy times the normalised input: the gain's gradient, token by token. @param dy the bias's */
  readonly layerNorm: (name: string, products: Activation, dy: Activation) => void
  readonly embed: (dy: Activation) => void
}

export interface Backward {
  /** Adds to the gradient of an operand; `dx` may be any operand's from now on and is not written again. */
  readonly give: (x: Activation, dx: Ptr) => void
  readonly receiver: Receiver
}

/** @param y the operation's output. @param dy its gradient, of the same shape; not to be written */
export type Gradient<O extends Operation> = (
  c: Context,
  operands: Operands[O],
  y: Activation,
  dy: Activation,
  back: Backward,
) => void

export const gradients: { readonly [O in Operation]: Gradient<O> } = {
  embed: (_, __, ___, dy, { receiver }) => receiver.embed(dy),

  linear: (c, { layer, x }, y, dy, back) => {
    if (c.hardware?.model.converts === true) {
      linearOnTilesGradient(c, { layer, x }, y, dy, back)
      return
    }
    const { kernels, aside, fresh, linear } = c
    const { give, receiver } = back
    const { inputs, outputs, weight } = parameterOf(linear, layer)
    receiver.linear(layer, x, dy)
    const dx = fresh(x.rows, inputs)
    aside.within(() => {
      const panels = aside.take(panelsBytes(outputs, inputs))
      kernels.pack({ panels, w: weight, inner: outputs, columns: inputs, columnStep: 1, innerStep: inputs })
      kernels.product({ y: dx.at, x: dy.at, panels, bias: 0, rows: x.rows, inner: outputs, columns: inputs })
    })
    give(x, dx.at)
  },

  layerNorm: ({ kernels, fresh, embedding, parameters }, { name, x }, _, dy, { give, receiver }) => {
    const { gain } = parameterOf(embedding.norms, name)
    const [dx, products] = [fresh(x.rows, x.width), fresh(x.rows, x.width)]
    kernels.layerNormGradient({
      ...{ dx: dx.at, products: products.at, dy: dy.at, x: x.at, gain },
      ...{ rows: x.rows, width: x.width, epsilon: parameters.architecture.layerNormEpsilon },
    })
    receiver.layerNorm(name, products, dy)
    give(x, dx.at)
  },

  attention: ({ kernels, aside, fresh, masks, batch, parameters }, { q, k, v, place }, _, dy, { give }) => {
    const { heads, hidden } = parameters.architecture
    const headSize = hidden / heads
    const [dq, dk, dv] = [fresh(q.rows, hidden), fresh(q.rows, hidden), fresh(q.rows, hidden)]
    const found = masks(place)
    aside.within(() => {
      kernels.attentionGradient({
        ...{ dq: dq.at, dk: dk.at, dv: dv.at, dy: dy.at, q: q.at, k: k.at, v: v.at },
        ...{ offsets: batch.all.offsets, sequences: batch.sequences, heads, headSize },
        scale: 1 / Math.sqrt(headSize),
        scratch: aside.take(attentionGradientScratchBytes(batch.longest, headSize)),
        ...(found === null ? {} : { dropout: { ...found, examples: batch.first.examples } }),
      })
    })
    give(q, dq.at)
    give(k, dk.at)
    give(v, dv.at)
  },

  gelu: ({ kernels, fresh }, { x }, _, dy, { give }) => {
    const dx = fresh(x.rows, x.width)
    kernels.geluGradient({ dx: dx.at, dy: dy.at, x: x.at, length: x.rows * x.width })
    give(x, dx.at)
  },

  tanh: ({ kernels, fresh }, { x }, y, dy, { give }) => {
    const dx = fresh(x.rows, x.width)
    kernels.tanhGradient({ dx: dx.at, dy: dy.at, x: y.at, length: x.rows * x.width })
    give(x, dx.at)
  },

  add: (_, { a, b }, __, dy, { give }) => {
    give(a, dy.at)
    give(b, dy.at)
  },

  dropout: ({ kernels, masks, rowsOf, fresh }, { x, place }, _, dy, { give }) => {
    const found = masks(place)
    const dx = fresh(x.rows, x.width)
    const { tokens, examples } = rowsOf(x)
    if (found !== null)
      kernels.dropout({ ...found, y: dx.at, x: dy.at, rows: x.rows, width: x.width, tokens, examples })
    give(x, found === null ? dy.at : dx.at)
  },

  first: ({ heap, kernels, fresh, batch }, { x }, _, dy, { give }) => {
    const dx = fresh(x.rows, x.width)
    heap.f32(dx.at, x.rows * x.width).fill(0)
    kernels.scatterAdd({
      ...{ table: dx.at, x: dy.at, index: batch.all.offsets, rows: dy.rows, width: x.width },
      skip: -1,
    })
    give(x, dx.at)
  },
}
