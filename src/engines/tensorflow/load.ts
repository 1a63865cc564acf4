/**
 * TensorFlow.js, if the user has it: @tensorflow/tfjs-node before @tensorflow/tfjs. Whatever goes wrong while one is loaded
 * means that it is not there. Not modelled: backends that a user registers by hand, browsers.
 */
import type * as tfjs from '@tensorflow/tfjs'
import { left, right } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { TensorFlowBuild } from '../../domain/experiment/tensorflow.js'
import { problem, type Problem } from '../../domain/problem.js'

/** The namespace of @tensorflow/tfjs, which tfjs-node has, too. */
export type TensorFlow = typeof tfjs

export interface LoadedTensorFlow {
  readonly tf: TensorFlow
  readonly build: TensorFlowBuild
}

/** `import()`, or a test's own. */
export type ImportModule = (name: string) => Promise<unknown>

const importModule: ImportModule = name => import(name) as Promise<unknown> // as: narrower than any; `namespaceOf` looks at it

/** In the order in which they are tried. */
export const tensorFlowPackages = ['@tensorflow/tfjs-node', '@tensorflow/tfjs'] as const

/** A few of its functions, and the union package's version: tfjs-core alone has no gradients and no backend. */
const isTensorFlow = (value: unknown): value is TensorFlow =>
  typeof value === 'object' &&
  value !== null &&
  ['matMul', 'customGrad', 'ready', 'getBackend', 'tidy'].every(
    name => typeof Reflect.get(value, name) === 'function',
  ) &&
  typeof (Reflect.get(value, 'version') as { readonly tfjs?: unknown } | undefined)?.tfjs === 'string' // as: any property may be asked of it

/** They are CommonJS: `default` has all of it, names of the module itself only what Node could tell beforehand. */
const namespaceOf = (module: unknown): TensorFlow => {
  const whole = typeof module === 'object' && module !== null && 'default' in module ? module.default : module
  if (!isTensorFlow(whole)) throw new TypeError('not the TensorFlow.js that it should be')
  return whole
}

const load = async (name: string, bring: ImportModule): Promise<LoadedTensorFlow> => {
  const tf = namespaceOf(await bring(name))
  // Without its advice on the console, and without a look for NaN after every operation.
  tf.enableProdMode()
  await tf.ready()
  return { tf, build: { package: name, version: tf.version.tfjs, backend: tf.getBackend() } }
}

const isNotInstalled = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'

const whyNot = (name: string, error: unknown): string => {
  if (isNotInstalled(error)) return `${name} is not installed`
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return `${name} cannot be loaded (${line})`
}

/**
 * The first of the packages that loads; else a Problem that says what to install.
 * @param file,place where it is asked for
 */
export const loadTensorFlow =
  (file: string, place: string, bring: ImportModule = importModule): TaskEither<Problem, LoadedTensorFlow> =>
  async () => {
    const reasons: string[] = []
    for (const name of tensorFlowPackages) {
      try {
        return right(await load(name, bring))
      } catch (error) {
        reasons.push(whyNot(name, error))
      }
    }
    const expected = `TensorFlow.js (npm install ${tensorFlowPackages.join(', or ')})`
    return left(problem(file, place, expected, `none: ${reasons.join('; ')}`))
  }
