/** Which TensorFlow.js computes where a method asks for it: another one may give other last bits. */
import type { Config } from './config.js'

export interface TensorFlowBuild {
  /** The npm package it was loaded from. */
  readonly package: string
  readonly version: string
  /** What runs its operations: `cpu` (plain JavaScript), `tensorflow` (the C library of tfjs-node), … */
  readonly backend: string
}

/** "@tensorflow/tfjs 4.22.0 (cpu)". */
export const buildInWords = ({ package: name, version, backend }: TensorFlowBuild): string =>
  `${name} ${version} (${backend})`

/** Position of the first method that TensorFlow.js is to compute; -1 if none is. */
export const firstOnTensorFlow = ({ methods }: Pick<Config, 'methods'>): number =>
  methods.findIndex(m => m.execution === 'digital' && m.engine === 'tensorflow')
