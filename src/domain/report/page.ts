/** A report as a value: what is said first, the figures in their order, and what it all rests on. Not here: HTML. */
import type { Provenance } from '../tables/table.js'
import type { Answer } from './answer.js'
import type { Figure, Grid } from './figure.js'

export interface Section {
  /** Of its place on the page. */
  readonly name: string
  readonly title: string
  readonly figures: readonly Figure[]
  /** Said where there is no figure. */
  readonly note: string | null
}

/** A fact and its value, as code where it is to be copied. */
export interface Fact {
  readonly name: string
  readonly value: string
}

export interface Page {
  readonly experiment: string
  readonly answers: readonly Answer[]
  readonly sections: readonly Section[]
  /** Shell lines that compute the same tables again. */
  readonly command: string
  readonly facts: readonly Fact[]
  /** The tables it was made from, with their SHA-256. */
  readonly files: Grid
  /** The config, as JSON; null if it was not found. */
  readonly config: string | null
}

/** A word of a POSIX shell. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

/** The facts of the tables' metadata, those of each input in a line of its own. */
export const factsOf = (provenance: Provenance): readonly Fact[] =>
  [...provenance].map(([key, value]) => ({ name: key.replace(/^ohmflow:/, '').replaceAll('-', ' '), value }))
