/** A digital model in one thread. */
import type { Interpreter } from '../interpreter.js'
import { forward } from '../forward.js'
import type { Workbench } from '../workbench.js'
import { digitalAlgebra } from './algebra.js'
import type { Parameters } from './parameters.js'

const nothing = new Uint32Array(0)

export const digitalInterpreter = (bench: Workbench, parameters: Parameters): Interpreter => ({
  run: (batch, { firstTokens = false }) =>
    bench.scratch.within(() => {
      const algebra = digitalAlgebra(bench, parameters, batch)
      return { ...forward(bench, parameters.architecture, algebra, batch, firstTokens), counts: nothing }
    }),
  perform: task => {
    throw new TypeError(`"task" expected none: a digital model only runs batches, got ${task.kind}`)
  },
})
