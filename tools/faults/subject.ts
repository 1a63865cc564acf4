/** A command made ready to be disturbed: what it leaves when nobody disturbs it, and how long it takes for that. */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from './commands.js'
import { contentOf, difference, type Content } from './folder.js'
import { ohmflow } from './process.js'

export interface Subject {
  readonly command: Command
  /** Where experiment and results lie. */
  readonly folder: string
  readonly expected: Content
  readonly milliseconds: number
  /** How often it changes the file system (open for writing, write, sync, rename, remove, make a folder). */
  readonly changes: number
  readonly bytes: number
}

const undisturbed = async (args: readonly string[], countInto?: string): Promise<number> => {
  const { code, stderr, milliseconds } = await ohmflow(args, countInto === undefined ? {} : { fault: { countInto } })
  if (code !== 0) throw new Error(`undisturbed, ${args.join(' ')} ended with ${code}: ${stderr}`)
  return milliseconds
}

/** Runs the command twice without any fault. @throws Error if the two differ */
export const subjectOf = async (command: Command, folder: string): Promise<Subject> => {
  for (const args of command.before?.(folder) ?? []) await undisturbed(args)
  const [first, second] = ['first', 'second'].map(name => join(folder, `${command.name}-${name}`)) as [string, string] // as: two of them
  const counts = join(folder, `${command.name}-count`)
  const milliseconds = await undisturbed(command.args(folder, first))
  await undisturbed(command.args(folder, second), counts)
  const [changes = 0, bytes = 0] = readFileSync(counts, 'utf8').split(' ').map(Number)
  const expected = contentOf(first)
  const differs = difference(contentOf(second), expected)
  if (differs !== null) throw new Error(`two undisturbed runs of ${command.name} differ: ${differs}`)
  rmSync(first, { recursive: true })
  rmSync(second, { recursive: true })
  return { command, folder, expected, milliseconds, changes, bytes }
}

let folders = 0

/** A fresh place for results, in the subject's folder or another. */
export const freshOut = ({ folder, command }: Pick<Subject, 'folder' | 'command'>): string =>
  join(folder, `${command.name}-${folders++}`)

/** What is wrong with a folder after the command was repeated until it is done; null if it is as expected. */
export const afterResuming = async ({ command, folder, expected }: Subject, out: string): Promise<string | null> => {
  const ended = await ohmflow(command.args(folder, out))
  if (ended.code !== 0) return `ended with ${ended.code}: ${ended.stderr.trim()}`
  return difference(contentOf(out), expected)
}
