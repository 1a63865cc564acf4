/**
 * What one thread can do with a model on the heap: run batches, and perform tasks that are not batches. The same in a
 * worker and in the calling thread. Not here: which thread, in which order.
 */
import type { Batch } from '../domain/encoder/algebra.js'
import { analogInterpreter } from './analog/interpreter.js'
import type { AnalogParameters } from './analog/parameters.js'
import type { ReadTile } from './analog/readTile.js'
import { digitalInterpreter } from './digital/interpreter.js'
import type { InputMaxima } from './digital/inputMaxima.js'
import type { Parameters } from './digital/parameters.js'
import type { Engine, Outputs, RunOptions } from './engine.js'
import type { Workbench } from './workbench.js'

export type Model =
  | { readonly kind: 'digital'; readonly parameters: Parameters }
  | { readonly kind: 'analog'; readonly parameters: AnalogParameters }

export type Task = InputMaxima | ReadTile

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
export const countersOf = (model: Model): number => (model.kind === 'digital' ? 0 : 2 * model.parameters.tiles)

export const interpreter = (bench: Workbench, model: Model): Interpreter =>
  model.kind === 'digital' ? digitalInterpreter(bench, model.parameters) : analogInterpreter(bench, model.parameters)
