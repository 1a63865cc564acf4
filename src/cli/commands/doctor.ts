/** `ohmflow doctor`: what is here, what is not, and whether it computes rightly. */
import { command, flag } from 'cmd-ts'
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os'
import { version } from '../../domain/version.js'
import { selfTest } from '../../pipelines/selfTest.js'
import { bytes, columns } from '../columns.js'
import { done, ourFault } from '../exit.js'
import { printLine } from '../terminal.js'

/** Packages a user may add; what each would bring. */
const optionalPackages = [
  ['@tensorflow/tfjs-node', 'a second engine (not used by this version)'],
  ['parquetjs-lite', 'a second Parquet writer (not used by this version)'],
] as const

const isInstalled = (name: string): boolean => {
  try {
    import.meta.resolve(name)
    return true
  } catch {
    return false
  }
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
      ...Object.fromEntries(
        optionalPackages.map(([name, what]) => [name, isInstalled(name) ? 'installed' : `absent: ${what}`]),
      ),
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
