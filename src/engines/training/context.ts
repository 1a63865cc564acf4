/** What every operation of one training batch, and its gradient, works with. */
import type { Batch } from '../../domain/encoder/algebra.js'
import type { Ptr } from '../../kernels/heap.js'
import type { Scratch } from '../../kernels/scratch.js'
import type { MaskPlaces } from '../../kernels/training.js'
import { digitalRest, type Activation, type DigitalRest } from '../digital/algebra.js'
import type { EmbeddingParameters } from '../digital/parameters.js'
import type { Workbench } from '../workbench.js'
import type { HardwareStep } from '../../domain/training/hardware-aware.js'
import { masksAt, type Dropout } from './dropout.js'
import type { HardwareModel } from './hardware/model.js'
import { hardwareOf } from './hardware/weights.js'
import { usedEmbedding, usedLinear, type TrainingParameters, type UsedLinear } from './parameters.js'
import { batchRows, type BatchRows, type Rows } from './rows.js'

export interface Context extends Workbench {
  /** A second stack: what outlives a scope, and what no activation should lie on top of. */
  readonly aside: Scratch
  readonly parameters: TrainingParameters
  readonly linear: ReadonlyMap<string, UsedLinear>
  readonly embedding: EmbeddingParameters
  /** The digital operations, each under its name. */
  readonly digital: DigitalRest
  readonly batch: BatchRows
  /** Sequences and addresses of an activation's rows. */
  readonly rowsOf: (x: Activation) => Rows
  readonly fresh: (rows: number, width: number) => Activation
  /** The masks at a place of dropout; null: nothing is dropped there. */
  readonly masks: (place: string) => MaskPlaces | null
  /** null: a plain step. */
  readonly hardware: { readonly model: HardwareModel; readonly step: HardwareStep } | null
  /** Of each linear layer's output: the residues of its tiles' readouts (hardware/linear.ts). */
  readonly residues: WeakMap<Activation, readonly Ptr[]>
}

/** @param batch a batch that fits the model. Everything lies on the bench's scratch stack and on `aside`. */
export const contextOf = (
  bench: Workbench,
  aside: Scratch,
  parameters: TrainingParameters,
  batch: Batch,
  dropout: Dropout | null,
  step: HardwareStep | null,
): Context => {
  const { architecture } = parameters
  const embedding = usedEmbedding(parameters)
  const rows = batchRows(bench, batch, architecture.paddingId)
  const fresh = (count: number, width: number): Activation => {
    const at: Ptr = bench.scratch.take(4 * count * width)
    return { at, rows: count, width }
  }
  return {
    ...bench,
    ...{ aside, parameters, embedding, fresh },
    linear: usedLinear(parameters, step === null ? 'at' : 'used'),
    digital: digitalRest(bench, embedding, batch),
    batch: rows,
    // Where both are as many, every sequence is one token, and they are the same.
    rowsOf: x => (x.rows === batch.ids.length ? rows.all : rows.first),
    masks: place => masksAt(architecture, dropout, place),
    hardware: step === null ? null : { model: hardwareOf(parameters), step },
    residues: new WeakMap(),
  }
}
