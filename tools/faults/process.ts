/** The built command under a fault: killed at a moment, or with a file system that fails (layer.mjs). */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const layer = join(root, 'tools/faults/layer.mjs')

/** What layer.mjs is to do. */
export interface Fault {
  readonly killAt?: number
  readonly fullAfter?: number
  readonly clock?: number
  readonly countInto?: string
}

export interface Ended {
  /** Null after a signal. */
  readonly code: number | null
  readonly stderr: string
  readonly milliseconds: number
}

export interface Way {
  readonly fault?: Fault
  /** Milliseconds after which it is killed. */
  readonly killAfter?: number
  /** Another user, who has not root's right to write everywhere. */
  readonly uid?: number
}

/** Runs `ohmflow ARGS` to its end. */
export const ohmflow = (args: readonly string[], { fault, killAfter, uid }: Way = {}): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const started = performance.now()
    const before = fault === undefined ? [] : ['--import', layer]
    const child = spawn(process.execPath, [...before, join(root, 'dist/cli/main.js'), ...args], {
      cwd: root,
      env: { ...process.env, ...(fault === undefined ? {} : { OHMFLOW_FAULT: JSON.stringify(fault) }) },
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    })
    const said: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk))
    child.on('error', reject)
    const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter)
    child.on('close', code => {
      clearTimeout(timer)
      resolve({ code, stderr: Buffer.concat(said).toString(), milliseconds: performance.now() - started })
    })
  })

/** A stack trace or a fault of ours in what a person was told. */
export const isOurFault = ({ code, stderr }: Ended): boolean =>
  (code !== null && code !== 0 && code !== 2) || /a fault of ours|^\s+at .*:\d+:\d+\)?$/m.test(stderr)

/** What was said of the fault: lines that are no progress. */
export const told = ({ stderr }: Ended): string => {
  const lines = stderr
    .split('\n')
    .filter(line => /ohmflow: |checksum|removed|damaged|trained anew|goes on after/.test(line))
  return [...new Set(lines.map(line => line.replaceAll(/[0-9a-f]{20,}/g, hash => `${hash.slice(0, 6)}…`)))].join(' | ')
}
