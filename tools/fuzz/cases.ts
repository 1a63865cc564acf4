/** One case: its files made, written, read; what came of it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../src/domain/problem.js'
import { kinds } from './kinds.js'
import type { Kind, Files } from './kind.js'
import { randomOf } from './random.js'

export type Outcome =
  | { readonly is: 'accepted' }
  | { readonly is: 'refused'; readonly says: string }
  | { readonly is: 'wrong'; readonly what: string }

export const filesOf = (kind: Kind, seed: number, index: number): Files =>
  kind.spoilt(randomOf(seed, kinds.indexOf(kind), index))

/** Puts the files of a case, and nothing else, into a folder. */
export const writeCase = (folder: string, files: Files): void => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
}

/** A refusal says where and what on one line that a person can read. */
const refusal = ({ message }: Failure): Outcome =>
  message.length > 2500 || /[\n\r\u001b]/.test(message) || !message.includes('expected')
    ? { is: 'wrong', what: `a message that is none: ${JSON.stringify(message.slice(0, 300))}` }
    : { is: 'refused', says: message }

export const outcomeOf = async (kind: Kind, folder: string, files: Files): Promise<Outcome> => {
  try {
    const wrong = await kind.read(folder, files)
    return wrong === null ? { is: 'accepted' } : { is: 'wrong', what: wrong }
  } catch (error) {
    if (error instanceof Failure) return refusal(error)
    return { is: 'wrong', what: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
