/** A model in training, in one thread: it runs batches as the digital engine does, and takes the tasks of a training step. */
import { createScratch } from '../../kernels/scratch.js'
import { forward } from '../forward.js'
import type { Interpreter } from '../interpreter.js'
import type { Workbench } from '../workbench.js'
import { tapeAlgebra } from './algebra.js'
import { contextOf } from './context.js'
import { addGradient } from './differentiate.js'
import { findDivergence } from './divergence.js'
import { columnPercentiles, inputPercentiles } from './hardware/initialise.js'
import { settleLayer } from './hardware/settle.js'
import { clipLayer, prepareLayer } from './hardware/weights.js'
import { squaredNorm, update } from './optimise.js'
import type { TrainingParameters } from './parameters.js'
import { createTape } from './tape.js'

const nothing = new Uint32Array(0)

export const trainingInterpreter = (bench: Workbench, parameters: TrainingParameters): Interpreter => ({
  run: (batch, { firstTokens = false }) => {
    const aside = createScratch(bench.heap)
    try {
      return bench.scratch.within(() => {
        const context = contextOf(bench, aside, parameters, batch, null, null)
        const algebra = tapeAlgebra(context, createTape(context, 'forgotten'))
        return { ...forward(bench, parameters.architecture, algebra, batch, firstTokens), counts: nothing }
      })
    } finally {
      aside.close()
    }
  },
  perform: task => {
    switch (task.kind) {
      case 'gradient':
        return addGradient(bench, parameters, task)
      case 'squared norm':
        return squaredNorm(bench, parameters, task)
      case 'update':
        return update(bench, parameters, task)
      case 'find divergence':
        return findDivergence(bench, parameters, task)
      case 'prepare layer':
        return prepareLayer(bench, parameters, task)
      case 'settle layer':
        return settleLayer(bench, parameters, task)
      case 'clip layer':
        return clipLayer(bench, parameters, task)
      case 'input percentiles':
        return inputPercentiles(bench, parameters, task)
      case 'column percentiles':
        return columnPercentiles(bench, parameters, task)
      default:
        throw new TypeError(`"task" expected one of a model in training, got ${task.kind}`)
    }
  },
})
