/** A command made ready to be disturbed: what it leaves when nobody disturbs it, and how long it takes for that. */
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from './commands.js'
import { contentOf, difference, type Content } from './folder.js'
import { ohmflow } from './process.js'

export interface Subject {
  readonly command: Command
  /** Where experiment and results lie. */
  readonly folder: string
  /** What an undisturbed one left, to be copied. */
  readonly sample: string
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

/** Runs the command once without any fault. */
export const subjectOf = async (command: Command, folder: string): Promise<Subject> => {
  for (const args of command.before?.(folder) ?? []) await undisturbed(args)
  const [sample, counts] = [join(folder, `${command.name}-sample`), join(folder, `${command.name}-count`)]
  const milliseconds = await undisturbed(command.args(folder, sample), counts)
  const [changes = 0, bytes = 0] = readFileSync(counts, 'utf8').split(' ').map(Number)
  return { command, folder, sample, expected: contentOf(sample), milliseconds, changes, bytes }
}

/** What is wrong with a second run without any fault; null if it leaves the same. */
export const twiceTheSame = async (subject: Subject): Promise<string | null> => {
  const { command, folder, expected } = subject
  const out = freshOut(subject)
  await undisturbed(command.args(folder, out))
  const differs = difference(contentOf(out), expected)
  rmSync(out, { recursive: true })
  return differs
}

let folders = 0

/** A fresh place for results, in the subject's folder or another. */
export const freshOut = ({ folder, command }: Pick<Subject, 'folder' | 'command'>): string =>
  join(folder, `${command.name}-${folders++}`)

/** A fresh place with all that an undisturbed command left. */
export const copyOf = (subject: Subject): string => {
  const out = freshOut(subject)
  cpSync(subject.sample, out, { recursive: true })
  return out
}

/** What is wrong with a folder after the command was repeated until it is done; null if it is as expected. */
export const afterResuming = async ({ command, folder, expected }: Subject, out: string): Promise<string | null> => {
  const ended = await ohmflow(command.args(folder, out))
  if (ended.code !== 0) return `ended with ${ended.code}: ${ended.stderr.trim()}`
  return difference(contentOf(out), expected)
}
