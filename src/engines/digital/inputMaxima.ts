/** The largest magnitude of every input of every linear layer, over a batch: what abs-max input ranges are made of. */
import type { Batch } from '../../domain/encoder/algebra.js'
import { linearLayers } from '../../domain/encoder/architecture.js'
import { forward } from '../forward.js'
import type { Workbench } from '../workbench.js'
import { digitalAlgebra } from './algebra.js'
import type { Parameters } from './parameters.js'

export interface InputMaxima {
  readonly kind: 'input maxima'
  readonly batch: Batch
}

/** @returns the maxima of one layer after the other, in the order of the forward pass; NaN where an input was. */
export const inputMaxima = (bench: Workbench, parameters: Parameters, { batch }: InputMaxima): Float64Array => {
  const { heap, scratch } = bench
  const { architecture } = parameters
  const places = new Map<string, number>()
  let total = 0
  for (const { name, inputs } of linearLayers(architecture)) {
    places.set(name, total)
    total += inputs
  }
  const maxima = new Float64Array(total)
  scratch.within(() => {
    const algebra = digitalAlgebra(bench, parameters, batch)
    forward(
      bench,
      architecture,
      {
        ...algebra,
        linear: (layer, x) => {
          const first = places.get(layer) ?? NaN
          const values = heap.f32(x.at, x.rows * x.width)
          for (let r = 0; r < x.rows; r++)
            for (let i = 0; i < x.width; i++)
              maxima[first + i] = Math.max(maxima[first + i] ?? NaN, Math.abs(values[r * x.width + i] ?? NaN))
          return algebra.linear(layer, x)
        },
      },
      batch,
      false,
    )
  })
  return maxima
}
