/** `ohmflow doctor`: what is here, what is not, and whether it computes rightly. */
import { command, flag } from 'cmd-ts'
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os'
import { isLeft } from 'fp-ts/lib/Either.js'
import { buildInWords } from '../../domain/experiment/tensorflow.js'
import { version } from '../../domain/version.js'
import { loadTensorFlow } from '../../engines/tensorflow/load.js'
import { loadParquetjs, parquetjsPackage } from '../../io/tables/parquetjs.js'
import { selfTest } from '../../pipelines/selfTest.js'
import { bytes, columns } from '../columns.js'
import { done, ourFault } from '../exit.js'
import { printLine } from '../terminal.js'

/** What `--formats parquetjs` would write with here. */
const parquetjs = async (): Promise<string> => {
  const found = await loadParquetjs('', '')()
  return isLeft(found) ? `absent: a second Parquet writer, --formats parquetjs; ${found.left.found}` : 'installed'
}

/** What `"engine": "tensorflow"` would run on here. */
const tensorFlow = async (): Promise<string> => {
  const found = await loadTensorFlow('', '')()
  return isLeft(found)
    ? `absent: a second engine for digital methods; ${found.left.found}`
    : buildInWords(found.right.build)
}

export const doctor = command({
  name: 'doctor',
  description: 'What this machine offers: kernels, threads, memory; a self-test; what is optional and absent',
  examples: [{ description: 'When something looks wrong', command: 'ohmflow doctor' }],
  args: { json: flag({ long: 'json', description: 'print everything as JSON' }) },
  handler: async ({ json }): Promise<number> => {
    const tests = await selfTest()
    const facts = {
      ohmflow: version,
      node: process.version,
      platform: `${platform()} ${arch()}`,
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      threads: availableParallelism(),
      memoryBytes: totalmem(),
      kernels: tests.kernels,
      'TensorFlow.js': await tensorFlow(),
      [parquetjsPackage]: await parquetjs(),
    }
    const healthy = tests.results.every(r => r.passed)
    if (json) await printLine(JSON.stringify({ ...facts, selfTest: tests.results, healthy }))
    else {
      await printLine(
        columns(
          ['what', 'here'],
          Object.entries(facts).map(([name, value]) =>
            name === 'memoryBytes' ? ['memory', bytes(totalmem())] : [name, String(value)],
          ),
        ),
      )
      await printLine('')
      await printLine(
        columns(
          ['self-test', 'result'],
          tests.results.map(r => [r.name, r.passed ? 'passed' : `FAILED: ${r.detail}`]),
        ),
      )
    }
    return healthy ? done : ourFault
  },
})
