/** A model that is calibrated, in one thread. */
import type { Interpreter } from '../interpreter.js'
import type { Workbench } from '../workbench.js'
import { observe } from './observe.js'
import { optimiseTile } from './optimise.js'
import type { CalibrationParameters } from './parameters.js'

export const calibrationInterpreter = (bench: Workbench, parameters: CalibrationParameters): Interpreter => ({
  run: () => {
    throw new TypeError('"order" expected a task, got a batch: calibration is of layers, not of logits')
  },
  perform: task => {
    switch (task.kind) {
      case 'observe':
        return observe(bench, parameters, task)
      case 'optimise tile':
        return optimiseTile(bench, parameters, task)
      default:
        throw new TypeError(`"task" expected one of a model that is calibrated, got ${task.kind}`)
    }
  },
})
