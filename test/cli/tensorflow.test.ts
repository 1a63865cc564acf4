/** `"engine": "tensorflow"` as a person meets it: beside the digital engine, and where TensorFlow.js is absent. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import { repository } from '../shared.js'
import { ohmflow, temporaryFolder } from './ohmflow.js'

const theirs = { name: 'theirs', execution: 'digital', engine: 'tensorflow' }
const ours = { name: 'ours', execution: 'digital' }
const data = join(repository, 'data')

const written = (methods: readonly object[]) => {
  const folder = temporaryFolder()
  const config = join(folder, 'c.json')
  const task = (name: string, folderOfIt: string) => ({
    ...{ task: name, checkpoint: join(data, 'models', name), data: join(data, 'glue', folderOfIt), examples: 12 },
  })
  const tasks = [task('cola', 'CoLA'), task('rte', 'RTE')]
  writeFileSync(config, JSON.stringify({ schema: 1, name: 'second', seed: 1, tasks, methods }))
  return { config, out: join(folder, 'out') }
}

/** Node without any package of TensorFlow's. */
const without = (() => {
  const hook = `export const resolve = (name, context, next) => {
    if (name.startsWith('@tensorflow/')) throw Object.assign(new Error('none'), { code: 'ERR_MODULE_NOT_FOUND' })
    return next(name, context)
  }`
  const url = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`
  const register = `import { register } from 'node:module'; register(${JSON.stringify(url(hook))})`
  return { env: { NODE_OPTIONS: `--import ${url(register)}` } }
})()

describe('a method on TensorFlow.js', () => {
  test('agrees with the digital engine, and the tables say what computed', async () => {
    const { config, out } = written([ours, theirs])
    const first = await ohmflow(['run', config, '--out', out, '--formats', 'arrow', '--json'])
    expect([first.code, first.stdout === '' ? first.stderr : '']).toEqual([0, ''])
    expect(first.stderr).not.toContain('TensorFlow.js in Node')
    const scores = first.stdout
      .trim()
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as Record<string, unknown>) // as: rows of the scores table
    expect(scores.map(s => [s.task, s.method, s.agreement])).toEqual([
      ['cola', 'ours', 1],
      ['cola', 'theirs', 1],
      ['rte', 'ours', 1],
      ['rte', 'theirs', 1],
    ])
    const predictions = tableFromIPC(readFileSync(join(out, 'predictions.arrow')))
    expect(predictions.schema.metadata.get('ohmflow:tensorflow')).toBe('@tensorflow/tfjs 4.22.0 (cpu)')
    const logits = new Map<string, number[]>()
    for (const row of predictions.toArray() as {
      task: string
      method: string
      example: number
      logits: Float32Array
    }[])
      // as: the table's columns
      logits.set(`${row.task} ${row.example} ${row.method}`, [...row.logits])
    expect(logits.size).toBe(48)
    for (const [place, own] of logits)
      if (place.endsWith('ours'))
        own.forEach((z, i) =>
          expect(Math.abs(z - (logits.get(place.replace('ours', 'theirs'))?.[i] ?? NaN))).toBeLessThan(1e-4),
        )
    expect(readFileSync(join(out, 'run.json'), 'utf8')).toContain('"tensorflow": "@tensorflow/tfjs 4.22.0 (cpu)"')
    const again = await ohmflow(['run', config, '--out', out, '--formats', 'arrow'])
    expect(again.stderr).toContain('4 units (4 were there already)')
    expect((await ohmflow(['plan', config])).stdout).toMatch(/^cola +theirs +1 +12 /m)
  })

  test('is refused where TensorFlow.js is absent, by what to install; nothing else needs it', async () => {
    const { config, out } = written([ours, theirs])
    for (const command of [
      ['run', config, '--out', out],
      ['plan', config],
    ]) {
      const { code, stdout, stderr } = await ohmflow(command, without)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toBe(
        `ohmflow: ${config}: methods.1.engine: expected TensorFlow.js (npm install @tensorflow/tfjs-node, or @tensorflow/tfjs), found none: @tensorflow/tfjs-node is not installed; @tensorflow/tfjs is not installed\n`,
      )
    }
    const plain = written([ours])
    expect((await ohmflow(['run', plain.config, '--out', plain.out], without)).code).toBe(0)
  })

  test('is what `doctor` tells of', async () => {
    expect((await ohmflow(['doctor'])).stdout).toMatch(/^TensorFlow\.js +@tensorflow\/tfjs 4\.22\.0 \(cpu\)$/m)
    const absent = await ohmflow(['doctor'], without)
    expect(absent.code).toBe(0)
    expect(absent.stdout).toMatch(/^TensorFlow\.js +absent: .*@tensorflow\/tfjs is not installed$/m)
  })
})
