/**
 * How long a plan may take and how much memory, from the work it holds and a moment's measuring of this machine.
 * An estimate for people: nothing of a result depends on it.
 */
import { availableParallelism } from 'node:os'
import { linearLayers, tensorShapes, type Architecture } from '../../domain/encoder/architecture.js'
import { tilesOf } from '../../domain/crossbar/tiling.js'
import { hardwareOf } from '../../domain/experiment/config.js'
import { productRate } from '../digital.js'
import type { OpenTask } from '../openTask.js'
import type { AnyPlannedUnit, Workspace } from './workspace.js'

export interface TaskEstimate {
  readonly task: string
  readonly method: string
  /** Units still to compute. */
  readonly units: number
  readonly examples: number
  readonly tokensPerExample: number
  /** Crossbar tiles; null for digital execution. */
  readonly tiles: number | null
  /** Weights in linear layers. */
  readonly weights: number
  readonly seconds: number
  readonly memoryBytes: number
}

const sampled = 200

/** Mean length of the first examples in tokens. */
const meanTokens = async (open: OpenTask): Promise<number> => {
  let examples = 0
  let tokens = 0
  for await (const { text, pair } of open.dataset.examples()) {
    tokens += open.tokenizer.encode(text, pair, open.maxTokens).length
    examples += 1
    if (examples === Math.min(sampled, open.examples)) break
  }
  return examples === 0 ? 0 : tokens / examples
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

const weightsOf = (a: Architecture): number => linearLayers(a).reduce((sum, l) => sum + l.inputs * l.outputs, 0)

/** Multiply-accumulates of one example of n tokens: the layers on every token, and attention's two products. */
const macs = (a: Architecture, tokens: number): number =>
  tokens * weightsOf(a) + 2 * a.layers * tokens * tokens * a.hidden

/** Node itself, its compiled code and the buffers of a pipeline. */
const baseBytes = 90e6

/** One line per task and method, in the order of the config. */
export const estimate = async (
  workspace: Workspace,
  units: readonly AnyPlannedUnit[],
): Promise<readonly TaskEstimate[]> => {
  const rate = (await productRate()) * availableParallelism()
  const result: TaskEstimate[] = []
  for (const [taskIndex, open] of workspace.tasks.entries()) {
    const a = open.checkpoint.architecture
    const tokensPerExample = await meanTokens(open)
    const parameters = [...tensorShapes(a).values()].reduce((sum, shape) => sum + product(shape), 0)
    for (const method of workspace.config.methods) {
      const own = units.filter(u => u.taskIndex === taskIndex && u.method === method)
      const tile = method.execution === 'digital' ? null : hardwareOf(workspace.config, method).tile
      result.push({
        task: open.source.task,
        method: method.name,
        units: own.length,
        examples: own.length * open.examples,
        tokensPerExample,
        tiles: tile === null ? null : linearLayers(a).reduce((sum, l) => sum + tilesOf(l, tile).length, 0),
        weights: weightsOf(a),
        seconds: (own.length * open.examples * macs(a, tokensPerExample)) / rate,
        memoryBytes: baseBytes + 4 * parameters,
      })
    }
  }
  return result
}
