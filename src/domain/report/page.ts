/** A report as a value: what is said first, the figures in their order, and what it all rests on. Not here: HTML. */
import type { Json } from '../experiment/config.js'
import type { Provenance } from '../tables/table.js'
import type { Answer } from './answer.js'
import type { Figure, Grid } from './figure.js'
import type { Varied } from './varied.js'

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
  /** What a sweep varies; null without one. */
  readonly varied: Varied | null
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

const factName = (key: string): string => key.replace(/^ohmflow:/, '').replaceAll('-', ' ')

/** The hashes of each task's inputs: `[{"task":"sst2","data":"..."}]`, as the tables' metadata has them. */
const inputFacts = (inputs: Json): readonly Fact[] =>
  (Array.isArray(inputs) ? (inputs as readonly Json[]) : []).flatMap(input => {
    // as: an array of values of JSON
    if (typeof input !== 'object' || input === null) return []
    const { task = '', ...hashes } = input as { readonly [key: string]: Json } // as: an object of values of JSON
    return Object.entries(hashes).map(([name, hash]) => ({
      name: `${typeof task === 'string' ? task : ''} ${name}, SHA-256`,
      value: typeof hash === 'string' ? hash : JSON.stringify(hash),
    }))
  })

/** The facts of the tables' metadata. @param inputs what `ohmflow:inputs` says, decoded; shown one by one */
export const factsOf = (provenance: Provenance, inputs: Json): readonly Fact[] => [
  ...[...provenance]
    .filter(([key]) => key !== 'ohmflow:inputs')
    .map(([key, value]) => ({ name: factName(key), value })),
  ...inputFacts(inputs),
]
