// Runs vitest with any arguments given and ends with one plain line: N passed, N failed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = mkdtempSync(join(tmpdir(), 'ohmflow-test-'))
const json = join(folder, 'results.json')
const run = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${json}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
)
let passed = 0
let failed = 0
let broken = 0
try {
  const results = JSON.parse(readFileSync(json, 'utf8'))
  passed = results.numPassedTests
  failed = results.numFailedTests
  // A file that could not be loaded fails without failing a test of its own.
  broken = results.testResults.filter(
    f => f.status === 'failed' && f.assertionResults.every(a => a.status !== 'failed'),
  ).length
} catch {
  broken = 1
}
rmSync(folder, { recursive: true, force: true })
const failures = Math.max(failed + broken, run.status === 0 ? 0 : 1)
process.stdout.write(`\n${passed} passed, ${failures} failed\n`)
process.exit(failures === 0 && passed > 0 ? 0 : 1)
