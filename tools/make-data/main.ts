/**
 * `npm run make-data [-- FOLDER]`: makes the default data anew, in data/ unless another folder is named. Minutes; after
 * Ctrl-C or a crash the same command goes on where it was.
 */
import { resolve } from 'node:path'
import { report } from '../../src/cli/exit.js'
import { terminalProgress } from '../../src/cli/progress.js'
import { interruptSignal } from '../../src/cli/signal.js'
import { fail } from '../../src/domain/problem.js'
import { makeData } from './write.js'

const progress = terminalProgress()
try {
  const [folder, ...more] = process.argv.slice(2)
  if (more.length > 0) fail('command line', '', 'one folder at most', String(more.length + 1))
  const data = resolve(folder ?? resolve(import.meta.dirname, '../../data'))
  await makeData(data, { engines: { workers: null }, progress, signal: interruptSignal() })
  progress.note(`wrote ${data}`)
} catch (error) {
  process.exitCode = report(error)
} finally {
  progress.close()
}
