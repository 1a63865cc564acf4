/** A kind of input: how cases are made, how ohmflow reads them, and what holds of whatever it accepts. */
import type { Random } from './random.js'

/** Files by name, as they are written into a folder. */
export type Files = Readonly<Record<string, Uint8Array>>

/** What is wrong with an input that was accepted, in words; null if nothing is. */
export type Wrong = string | null

export interface Kind {
  readonly name: string
  readonly spoilt: (random: Random) => Files
  /**
   * Reads the files of a folder as a command does.
   * @returns what is wrong with what was accepted, by a rule of its own. @throws Failure (in the promise) if it is refused
   */
  readonly read: (folder: string, files: Files) => Promise<Wrong>
  /** The command line that reads them, and what it gets on stdin; null: none does by itself. */
  readonly command?: (folder: string) => { readonly args: readonly string[]; readonly stdin?: string }
}

export const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? new Uint8Array(0)).toString('utf8')
