/** The built command, run as a person runs it. */
import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repository } from '../shared.js'

export const main = join(repository, 'dist/cli/main.js')

export interface Ended {
  /** Null after a signal. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Way {
  readonly input?: string | Uint8Array
  /** When it gets a signal: after some milliseconds, or as soon as something is so, of what it has said by then for example. */
  readonly kill?: { readonly when: number | ((stderr: string) => boolean); readonly signal: NodeJS.Signals }
  readonly env?: Readonly<Record<string, string>>
  /** Run through this shell command line, in which "$@" is the command. */
  readonly shell?: string
}

/** Runs `ohmflow ARGS` to its end. */
export const ohmflow = (args: readonly string[], way: Way = {}): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const command = [process.execPath, main, ...args]
    const [program = '', ...rest] = way.shell === undefined ? command : ['bash', '-c', way.shell, 'bash', ...command]
    const child = spawn(program, rest, { cwd: repository, env: { ...process.env, ...way.env } })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    child.stdin.on('error', () => undefined) // it may end before it has read everything
    child.stdin.end(way.input ?? '')
    const { kill } = way
    const timers: NodeJS.Timeout[] = []
    if (kill !== undefined) {
      const { when, signal } = kill
      if (typeof when === 'number') timers.push(setTimeout(() => child.kill(signal), when))
      else {
        let sent = false
        timers.push(
          setInterval(() => {
            if (!sent && when(Buffer.concat(err).toString())) sent = child.kill(signal)
          }, 2),
        )
      }
    }
    child.on('close', code => {
      timers.forEach(clearTimeout)
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() })
    })
  })

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'ohmflow-'))

/** Writes configs into a folder, by name; gives their paths. */
export const configsIn =
  (folder: string) =>
  (name: string, config: object): string => {
    const path = join(folder, `${name}.json`)
    writeFileSync(path, JSON.stringify(config))
    return path
  }
