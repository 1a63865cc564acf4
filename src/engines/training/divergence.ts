/**
 * Where in a forward pass numbers stop being numbers: the pass of a step once more, with its masks, its noise and its disturbed
 * weights, looking at what each layer gives. Not here: gradients; what is done about it.
 */
import type { Batch, EncoderAlgebra } from '../../domain/encoder/algebra.js'
import type { Architecture } from '../../domain/encoder/architecture.js'
import type { HardwareStep } from '../../domain/training/hardware-aware.js'
import { createScratch } from '../../kernels/scratch.js'
import type { Activation } from '../digital/algebra.js'
import { forward } from '../forward.js'
import type { Workbench } from '../workbench.js'
import { tapeAlgebra } from './algebra.js'
import { contextOf } from './context.js'
import type { Dropout } from './dropout.js'
import type { TrainingParameters } from './parameters.js'
import { createTape } from './tape.js'

/** What is looked at, in the order of the forward pass. */
export const observedLayers = ({ layers }: Architecture): readonly string[] => [
  ...['embeddings', 'embeddings.LayerNorm'],
  ...Array.from({ length: layers }, (_, i) =>
    [
      ...['attention.self.query', 'attention.self.key', 'attention.self.value', 'attention.self'],
      ...['attention.output.dense', 'attention.output.LayerNorm', 'intermediate.dense', 'output.dense'],
      'output.LayerNorm',
    ].map(name => `encoder.layer.${i}.${name}`),
  ).flat(),
  ...['classifier.dense', 'classifier.out_proj'],
]

/** Task: looks for the first layer that gives NaN or infinity. Layers must have been prepared for a step on hardware. */
export interface FindDivergence {
  readonly kind: 'find divergence'
  readonly batch: Batch
  readonly dropout: Dropout | null
  readonly hardware: HardwareStep | null
}

/** @returns its place among `observedLayers`, and the number; nothing if there is no such layer */
export const findDivergence = (
  bench: Workbench,
  parameters: TrainingParameters,
  task: FindDivergence,
): Float64Array => {
  const { heap, scratch } = bench
  const { architecture } = parameters
  const places = observedLayers(architecture)
  let found: readonly number[] = []
  const seen = (layer: string, y: Activation): Activation => {
    if (found.length > 0) return y
    const bad = heap.f32(y.at, y.rows * y.width).find(v => !Number.isFinite(v))
    if (bad !== undefined) found = [places.indexOf(layer), bad]
    return y
  }
  const aside = createScratch(heap)
  try {
    scratch.within(() => {
      const context = contextOf(bench, aside, parameters, task.batch, task.dropout, task.hardware)
      const algebra = tapeAlgebra(context, createTape(context, 'forgotten'))
      let attended = 0
      const observed: EncoderAlgebra<Activation> = {
        ...algebra,
        embed: batch => seen('embeddings', algebra.embed(batch)),
        linear: (layer, x) => seen(layer, algebra.linear(layer, x)),
        layerNorm: (name, x) => seen(name, algebra.layerNorm(name, x)),
        attention: (q, k, v) => seen(`encoder.layer.${attended++}.attention.self`, algebra.attention(q, k, v)),
      }
      forward(bench, architecture, observed, task.batch, false)
    })
  } finally {
    aside.close()
  }
  return Float64Array.from(found)
}
