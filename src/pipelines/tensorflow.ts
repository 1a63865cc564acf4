/** TensorFlow.js where a config asks for it, and its engine for a checkpoint. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Config } from '../domain/experiment/config.js'
import { firstOnTensorFlow, type TensorFlowBuild } from '../domain/experiment/tensorflow.js'
import type { Problem } from '../domain/problem.js'
import type { Engine } from '../engines/engine.js'
import { tensorFlowEngine } from '../engines/tensorflow/engine.js'
import { loadTensorFlow, type ImportModule } from '../engines/tensorflow/load.js'
import { loadTensors } from '../engines/tensorflow/parameters.js'
import type { Checkpoint } from '../io/checkpoint/checkpoint.js'
import { orThrow } from '../io/fault.js'

export interface TensorFlowEngine extends Engine {
  readonly build: TensorFlowBuild
}

/**
 * Which TensorFlow.js this config's methods will be computed by; null where none of them asks for it, and then nothing is
 * loaded.
 * @param file the config's name, for the message. @param bring default: `import()`
 */
export const tensorFlowOf = (
  file: string,
  config: Pick<Config, 'methods'>,
  bring?: ImportModule,
): TE.TaskEither<Problem, TensorFlowBuild | null> => {
  const asking = firstOnTensorFlow(config)
  if (asking < 0) return TE.right(null)
  return TE.map(({ build }: { readonly build: TensorFlowBuild }) => build)(
    loadTensorFlow(file, `methods.${asking}.engine`, bring),
  )
}

/** @throws Failure (in the promise) if the weights cannot be read or TensorFlow.js is not there */
export const openTensorFlow = async (checkpoint: Checkpoint): Promise<TensorFlowEngine> => {
  const { tf, build } = await orThrow(loadTensorFlow('TensorFlow.js', ''))
  const parameters = await loadTensors(tf, checkpoint.architecture, (name, out) =>
    orThrow(checkpoint.readInto(name, out)),
  )
  return { ...tensorFlowEngine(tf, parameters), build }
}
