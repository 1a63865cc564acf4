/**
 * The encoder's algebra on a tape, with dropout at its places: what is performed is written down, so that there is a way
 * back. Not modelled: what is done with gradients.
 */
import type { EncoderAlgebra } from '../../domain/encoder/algebra.js'
import type { Activation } from '../digital/algebra.js'
import type { Context } from './context.js'
import { dropsInput, dropsOutput } from './dropout.js'
import type { Tape } from './tape.js'

export const tapeAlgebra = ({ masks }: Context, { perform, scope }: Tape): EncoderAlgebra<Activation> => {
  /** Which layer made a value: attention has no name of its own. */
  const makers = new WeakMap<Activation, string>()
  /** Where nothing is dropped, nothing is done. */
  const dropped = (place: string, x: Activation, over: boolean): Activation =>
    masks(place) === null ? x : perform('dropout', { x, place, over })
  return {
    embed: batch => perform('embed', { batch }),
    linear: (layer, x) => {
      const y = perform('linear', { layer, x: dropsInput(layer) ? dropped(layer, x, false) : x })
      makers.set(y, layer)
      return dropsOutput(layer) ? dropped(layer, y, true) : y
    },
    layerNorm: (name, x) => {
      const y = perform('layerNorm', { name, x })
      return name === 'embeddings.LayerNorm' ? dropped(name, y, true) : y
    },
    attention: (q, k, v) => perform('attention', { q, k, v, place: makers.get(q) ?? '' }),
    gelu: x => perform('gelu', { x }),
    tanh: x => perform('tanh', { x }),
    add: (a, b) => perform('add', { a, b }),
    scope,
    first: x => perform('first', { x }),
  }
}
