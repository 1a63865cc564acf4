/**
 * One text and one hash for all spellings of a config: keys sorted, defaults written out, durations in seconds, paths as written.
 * Not hashed: the files that the paths lead to; each has a hash of its own.
 */
import type { Config, Json } from '../../domain/experiment/config.js'
import type { Settings } from '../../domain/experiment/sweep.js'
import { sha256 } from '../hash.js'
import { encodeConfig } from './config.js'

/** JSON without spaces, keys in order of their UTF-16 units. Numbers as JavaScript writes them (the shortest that reads back). */
export const canonicalJson = (value: Json): string => {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalJson).join(',')}]` // Json[]
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
}

/** SHA-256 of the canonical text, 64 hexadecimal digits. */
export const configHash = (config: Config): string => sha256(canonicalJson(encodeConfig(config)))

/** The same of an experiment: of a sweep, from what its settings are called in the tables and each one's whole config. */
export const experimentHash = (config: Config, { all }: Settings): string => {
  if (config.sweep === null) return configHash(config)
  const settings = all.map(({ choices, config: own }) => ({
    choices: Object.fromEntries(choices.map(({ key, value }) => [key, value])),
    config: configHash(own),
  }))
  return sha256(canonicalJson({ name: config.name, settings }))
}
