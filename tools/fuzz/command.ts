/** A sample of cases through the built command: what a person sees of them. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { filesOf, writeCase } from './cases.js'
import type { Finding, FuzzOptions } from './fuzz.js'
import type { Kind } from './kind.js'

const main = join(import.meta.dirname, '../../dist/cli/main.js')

/** Far beyond five seconds of its own: others use the processors too. */
const mostMilliseconds = 120_000

const run = (args: readonly string[], stdin: string | undefined): Promise<{ code: number | null; said: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ['pipe', 'ignore', 'pipe'],
      timeout: mostMilliseconds,
    })
    const said: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk))
    child.stdin.on('error', () => undefined) // it may end before it has read everything
    child.stdin.end(stdin === undefined ? '' : readFileSync(stdin))
    child.on('error', reject)
    child.on('close', code => resolve({ code, said: Buffer.concat(said).toString() }))
  })

/** What is wrong with each: an exit code but 0 and 2, a stack trace, a refusal without a word. */
export const throughCommand = async (
  kind: Kind,
  { runs, seed, first = 0 }: FuzzOptions,
): Promise<readonly Finding[]> => {
  if (kind.command === undefined) return []
  const folder = mkdtempSync(join(tmpdir(), 'ohmflow-fuzz-'))
  const findings: Finding[] = []
  for (let index = first; index < first + runs; index++) {
    const place = join(folder, 'case')
    writeCase(place, filesOf(kind, seed, index))
    const { args, stdin } = kind.command(place)
    const { code, said } = await run(args, stdin)
    const stack = /a fault of ours|^\s+at .*:\d+:\d+\)?$/m.test(said)
    if ((code === 0 || (code === 2 && said !== '')) && !stack) continue
    findings.push({ kind: kind.name, seed, index, what: `exit code ${code}: ${said}` })
  }
  rmSync(folder, { recursive: true })
  return findings
}
