/** Which TensorFlow.js is found, and what is said where none is. */
import { isLeft, isRight } from 'fp-ts/lib/Either.js'
import { describe as message } from '../../../src/domain/problem.js'
import { describe, expect, test } from 'vitest'
import { loadTensorFlow, type ImportModule } from '../../../src/engines/tensorflow/load.js'

const union: unknown = await import('@tensorflow/tfjs')
const notInstalled = (name: string): Error =>
  Object.assign(new Error(`Cannot find package '${name}'`), { code: 'ERR_MODULE_NOT_FOUND' })

const found = async (bring: ImportModule): Promise<string> => {
  const result = await loadTensorFlow('c.json', 'methods.1.engine', bring)()
  return isLeft(result) ? message(result.left) : result.right.build.package
}

describe('TensorFlow.js', () => {
  test('is taken from tfjs-node where that loads, else from tfjs', async () => {
    expect(await found(() => Promise.resolve(union))).toBe('@tensorflow/tfjs-node')
    const withoutNode: ImportModule = name =>
      name.endsWith('tfjs') ? Promise.resolve(union) : Promise.reject(notInstalled(name))
    expect(await found(withoutNode)).toBe('@tensorflow/tfjs')
  })

  test('absent, is named as what to install, with the reason of each', async () => {
    expect(await found(name => Promise.reject(notInstalled(name)))).toBe(
      'c.json: methods.1.engine: expected TensorFlow.js (npm install @tensorflow/tfjs-node, or @tensorflow/tfjs), found none: @tensorflow/tfjs-node is not installed; @tensorflow/tfjs is not installed',
    )
    const broken: ImportModule = name =>
      name.endsWith('node')
        ? Promise.reject(new Error('tfjs_binding.node: no such file\nRequire stack: …'))
        : Promise.resolve({ default: { version: {} } })
    expect(await found(broken)).toContain(
      'found none: @tensorflow/tfjs-node cannot be loaded (tfjs_binding.node: no such file); @tensorflow/tfjs cannot be loaded (not the TensorFlow.js that it should be)',
    )
  })

  test('says version and backend, and keeps quiet', async () => {
    const result = await loadTensorFlow('', '')()
    expect(isRight(result) && result.right.build).toEqual({
      package: '@tensorflow/tfjs',
      version: '4.22.0',
      backend: 'cpu',
    })
  })
})
