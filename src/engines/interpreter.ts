/**
 * What one thread can do with a model on the heap: run batches, and perform tasks that are not batches. The same in a
 * worker and in the calling thread. Not here: which thread, in which order.
 */
import type { Batch } from '../domain/encoder/algebra.js'
import { analogInterpreter, type ReadTile } from './analog/interpreter.js'
import type { AnalogParameters } from './analog/parameters.js'
import { calibrationInterpreter } from './calibration/interpreter.js'
import type { Observe } from './calibration/observe.js'
import type { OptimiseTile } from './calibration/optimise.js'
import type { CalibrationParameters } from './calibration/parameters.js'
import { digitalInterpreter } from './digital/interpreter.js'
import type { Parameters } from './digital/parameters.js'
import type { Engine, Outputs, RunOptions } from './engine.js'
import { errorsInterpreter, type LayerErrors } from './errors/interpreter.js'
import type { PlainParameters } from './errors/parameters.js'
import type { Gradient } from './training/differentiate.js'
import type { FindDivergence } from './training/divergence.js'
import { trainingInterpreter } from './training/interpreter.js'
import type { ColumnPercentiles, InputPercentiles } from './training/hardware/initialise.js'
import type { SettleLayer } from './training/hardware/settle.js'
import type { ClipLayer, PrepareLayer } from './training/hardware/weights.js'
import type { SquaredNorm, Update } from './training/optimise.js'
import type { TrainingParameters } from './training/parameters.js'
import type { Workbench } from './workbench.js'

export type Model =
  | { readonly kind: 'digital'; readonly parameters: Parameters }
  | { readonly kind: 'analog'; readonly parameters: AnalogParameters }
  | { readonly kind: 'errors'; readonly parameters: PlainParameters }
  | { readonly kind: 'training'; readonly parameters: TrainingParameters }
  | { readonly kind: 'calibration'; readonly parameters: CalibrationParameters }

export type HardwareTask = PrepareLayer | SettleLayer | ClipLayer | InputPercentiles | ColumnPercentiles

export type CalibrationTask = Observe | OptimiseTile

export type Task =
  CalibrationTask | ReadTile | LayerErrors | Gradient | FindDivergence | SquaredNorm | Update | HardwareTask

export interface Interpreter {
  readonly run: (batch: Batch, options: RunOptions) => Outputs
  /** @throws TypeError if the model is of another kind than the task's. */
  readonly perform: (task: Task) => Float64Array
}

/** An engine that also takes tasks. */
export interface TaskEngine extends Engine {
  readonly perform: (task: Task) => Promise<Float64Array>
}

/** Numbers a batch of this model is counted in: `Outputs.counts`. */
export const countersOf = (model: Model): number => (model.kind === 'analog' ? 2 * model.parameters.tiles : 0)

export const interpreter = (bench: Workbench, model: Model): Interpreter => {
  switch (model.kind) {
    case 'digital':
      return digitalInterpreter(bench, model.parameters)
    case 'analog':
      return analogInterpreter(bench, model.parameters)
    case 'errors':
      return errorsInterpreter(bench, model.parameters)
    case 'training':
      return trainingInterpreter(bench, model.parameters)
    case 'calibration':
      return calibrationInterpreter(bench, model.parameters)
  }
}
