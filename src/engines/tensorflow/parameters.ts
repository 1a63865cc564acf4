/** A model's parameters as tensors, named and shaped as Hugging Face stores them. */
import type { Tensor } from '@tensorflow/tfjs'
import { tensorShapes, type Architecture } from '../../domain/encoder/architecture.js'
import type { ReadTensor } from '../digital/parameters.js'
import type { TensorFlow } from './load.js'

export interface TensorParameters {
  readonly architecture: Architecture
  /** By the names of `tensorShapes`. */
  readonly tensors: ReadonlyMap<string, Tensor>
}

export const disposeParameters = ({ tensors }: Pick<TensorParameters, 'tensors'>): void => {
  for (const tensor of tensors.values()) tensor.dispose()
}

/** Reads every tensor, one at a time. If one cannot be read, none stays. */
export const loadTensors = async (
  tf: TensorFlow,
  architecture: Architecture,
  read: ReadTensor,
): Promise<TensorParameters> => {
  const tensors = new Map<string, Tensor>()
  try {
    for (const [name, shape] of tensorShapes(architecture)) {
      const values = new Float32Array(shape.reduce((a, b) => a * b, 1))
      await read(name, values)
      tensors.set(name, tf.tensor(values, [...shape]))
    }
  } catch (error) {
    disposeParameters({ tensors })
    throw error
  }
  return { architecture, tensors }
}
