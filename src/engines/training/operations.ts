/** What each operation of the tape computes: under one name here, its gradient in gradients.ts, its kernel in kernels.ts. */
import type { Batch } from '../../domain/encoder/algebra.js'
import { panelsBytes } from '../../kernels/kernels.js'
import { parameterOf, type Activation } from '../digital/algebra.js'
import type { Context } from './context.js'
import { linearOnTiles } from './hardware/linear.js'

type Unary = Readonly<Record<'x', Activation>>

/** What each operation is given. */
export interface Operands {
  /** The batch of the context. */
  readonly embed: { readonly batch: Batch }
  readonly linear: Unary & { readonly layer: string }
  readonly layerNorm: Unary & { readonly name: string }
  readonly attention: { readonly q: Activation; readonly k: Activation; readonly v: Activation; readonly place: string }
  readonly gelu: Unary
  readonly tanh: Unary
  /** Overwrites a. */
  readonly add: { readonly a: Activation; readonly b: Activation }
  /** `over`: overwrites x, which no gradient needs. */
  readonly dropout: Unary & { readonly place: string; readonly over: boolean }
  readonly first: Unary
}

export type Operation = keyof Operands

/** As the digital engine computes them, to the bit. */
export const operations: { readonly [O in Operation]: (c: Context, operands: Operands[O]) => Activation } = {
  embed: ({ digital }, { batch }) => digital.embed(batch),

  linear: (c, { layer, x }) => {
    if (c.hardware?.model.converts === true) return linearOnTiles(c, { layer, x })
    const { kernels, aside, fresh, linear } = c
    const { inputs, outputs, weight, bias } = parameterOf(linear, layer)
    const y = fresh(x.rows, outputs)
    aside.within(() => {
      const panels = aside.take(panelsBytes(inputs, outputs))
      kernels.pack({ panels, w: weight, inner: inputs, columns: outputs })
      kernels.product({ y: y.at, x: x.at, panels, bias, rows: x.rows, inner: inputs, columns: outputs })
    })
    return y
  },

  layerNorm: ({ digital }, { name, x }) => digital.layerNorm(name, x),

  attention: ({ digital, masks, batch }, { q, k, v, place }) => {
    const found = masks(place)
    return digital.attention(q, k, v, found === null ? undefined : { ...found, examples: batch.first.examples })
  },

  gelu: ({ digital }, { x }) => digital.gelu(x),

  tanh: ({ digital }, { x }) => digital.tanh(x),

  add: ({ kernels }, { a, b }) => {
    kernels.add({ y: a.at, a: a.at, b: b.at, length: a.rows * a.width })
    return { ...a }
  },

  dropout: ({ kernels, masks, rowsOf, fresh }, { x, place, over }) => {
    const found = masks(place)
    const y = over ? { ...x } : fresh(x.rows, x.width)
    const { tokens, examples } = rowsOf(x)
    if (found !== null) kernels.dropout({ ...found, y: y.at, x: x.at, rows: x.rows, width: x.width, tokens, examples })
    return y
  },

  first: ({ digital }, { x }) => digital.first(x),
}
