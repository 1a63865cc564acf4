/**
 * The encoder's operations in float32 on the kernels: the digital reference every analog result is compared with.
 * Not modelled: dropout, other precisions. Values live on the scratch stack: they are gone when their scope ends.
 */
import type { Batch, EncoderAlgebra } from '../../domain/encoder/algebra.js'
import type { Ptr } from '../../kernels/heap.js'
import { attentionScratchBytes, type Kernels } from '../../kernels/kernels.js'
import type { AttentionMasks } from '../../kernels/training.js'
import type { Workbench } from '../workbench.js'
import type { EmbeddingParameters, Parameters } from './parameters.js'

/** An activation [rows, width] on the heap. */
export interface Activation {
  readonly at: Ptr
  readonly rows: number
  readonly width: number
}

/** What stands under a layer's name. @throws RangeError if nothing does. */
export const parameterOf = <P>(parameters: ReadonlyMap<string, P>, name: string): P => {
  const found = parameters.get(name)
  if (found === undefined) throw new RangeError(`no parameters named ${name}`)
  return found
}

/**
 * Position of each token: they count from paddingId + 1 over the tokens that are not padding, and a padding token
 * written in the text has position paddingId, as in Hugging Face's create_position_ids_from_input_ids.
 */
export const placesInto = (places: Int32Array, batch: Batch, paddingId: number): void => {
  for (let s = 0; s + 1 < batch.offsets.length; s++) {
    let seen = 0
    for (let i = batch.offsets[s] ?? 0; i < (batch.offsets[s + 1] ?? 0); i++)
      places[i] = batch.ids[i] === paddingId ? paddingId : paddingId + ++seen
  }
}

export interface DigitalRest extends Omit<EncoderAlgebra<Activation>, 'linear' | 'attention'> {
  /** @param dropout of the probabilities, in training */
  readonly attention: (q: Activation, k: Activation, v: Activation, dropout?: AttentionMasks) => Activation
}

/**
 * Everything but the linear layers: digital in every engine.
 * @param batch the sequences all values of this algebra belong to
 */
export const digitalRest = (bench: Workbench, parameters: EmbeddingParameters, batch: Batch): DigitalRest => {
  const { heap, kernels, scratch } = bench
  const { architecture } = parameters
  const { hidden, heads } = architecture
  const tokens = batch.ids.length
  const sequences = batch.offsets.length - 1
  const fresh = (rows: number, width: number): Activation => ({ at: scratch.take(4 * rows * width), rows, width })
  const integers = (values: Int32Array): Ptr => {
    const at = scratch.take(4 * values.length)
    heap.i32(at, values.length).set(values)
    return at
  }
  const offsets = integers(batch.offsets)
  const longest = batch.offsets.reduce(
    (most, end, s) => Math.max(most, s === 0 ? 0 : end - (batch.offsets[s - 1] ?? 0)),
    0,
  )
  const elementwise = (kernel: Kernels['gelu']) => (x: Activation) => {
    const y = fresh(x.rows, x.width)
    kernel({ y: y.at, x: x.at, length: x.rows * x.width })
    return y
  }
  return {
    embed: () => {
      const places = new Int32Array(tokens)
      placesInto(places, batch, architecture.paddingId)
      const y = fresh(tokens, hidden)
      kernels.embed({
        y: y.at,
        ids: integers(batch.ids),
        places: integers(places),
        words: parameters.words,
        positions: parameters.positions,
        type: parameters.tokenType,
        tokens,
        width: hidden,
      })
      return y
    },
    layerNorm: (name, x) => {
      const { gain, bias } = parameterOf(parameters.norms, name)
      const y = fresh(x.rows, x.width)
      kernels.layerNorm({
        ...{ y: y.at, x: x.at, gain, bias },
        rows: x.rows,
        width: x.width,
        epsilon: architecture.layerNormEpsilon,
      })
      return y
    },
    attention: (q, k, v, dropout) => {
      const headSize = hidden / heads
      const y = fresh(tokens, hidden)
      scratch.within(() => {
        kernels.attention({
          ...{ y: y.at, q: q.at, k: k.at, v: v.at },
          ...{ offsets, sequences, heads, headSize },
          scale: 1 / Math.sqrt(headSize),
          scratch: scratch.take(attentionScratchBytes(longest, headSize)),
          ...(dropout === undefined ? {} : { dropout }),
        })
      })
      return y
    },
    gelu: elementwise(kernels.gelu),
    tanh: elementwise(kernels.tanh),
    add: (a, b) => {
      const y = fresh(a.rows, a.width)
      kernels.add({ y: y.at, a: a.at, b: b.at, length: a.rows * a.width })
      return y
    },
    scope: work => {
      const result = scratch.within(work)
      const kept = fresh(result.rows, result.width)
      const bytes = 4 * result.rows * result.width
      if (kept.at !== result.at) heap.u8(kept.at, bytes).set(heap.u8(result.at, bytes))
      return kept
    },
    first: x => {
      const y = fresh(sequences, x.width)
      kernels.gather({ y: y.at, x: x.at, index: offsets, rows: sequences, width: x.width })
      return y
    },
  }
}

/** @param batch the sequences all values of this algebra belong to */
export const digitalAlgebra = (bench: Workbench, parameters: Parameters, batch: Batch): EncoderAlgebra<Activation> => ({
  ...digitalRest(bench, parameters, batch),
  linear: (layer, x) => {
    const { inputs, outputs, panels, bias } = parameterOf(parameters.linear, layer)
    const y = { at: bench.scratch.take(4 * x.rows * outputs), rows: x.rows, width: outputs }
    bench.kernels.product({ y: y.at, x: x.at, panels, bias, rows: x.rows, inner: inputs, columns: outputs })
    return y
  },
})
