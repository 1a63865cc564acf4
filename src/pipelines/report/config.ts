/**
 * The config that tables come from: the one that a person names, or the one that `run.json` names, as long as it is still
 * what the tables say. Not here: whether this version could run it.
 */
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { Failure, describe, fail, firstOf } from '../../domain/problem.js'
import type { Config } from '../../domain/experiment/config.js'
import type { Settings } from '../../domain/experiment/sweep.js'
import { experimentHash } from '../../io/config/canonical.js'
import { readExperiment } from '../../io/config/settings.js'
import { orThrow } from '../../io/fault.js'
import { parseJson } from '../../io/json.js'
import { readTextIfThere } from '../../io/textFile.js'
import type { ResultsFolder } from './folder.js'

export interface FoundConfig {
  /** As it was named. */
  readonly path: string
  /** With its sweep. */
  readonly config: Config
  readonly settings: Settings
}

export interface ConfigSearch {
  readonly found: FoundConfig | null
  /** Path that the run was started with; null if `run.json` does not say. */
  readonly named: string | null
  /** Why there is none. */
  readonly reason: string
}

/** What `run.json` says, which nothing else depends on: whatever it is instead counts as not there. */
const namedByRun = async ({ path }: ResultsFolder): Promise<string | null> => {
  const text = await orThrow(readTextIfThere(join(path, 'run.json')))
  const parsed = text === null ? null : parseJson(text)
  if (parsed === null || isLeft(parsed)) return null
  const record = parsed.right
  if (typeof record !== 'object' || record === null || !('config' in record)) return null
  return typeof record.config === 'string' ? record.config : null
}

/** @throws Failure (in the promise) if a config is named by a person and is not that of the tables */
export const configOf = async (folder: ResultsFolder, given: string | null): Promise<ConfigSearch> => {
  const expected = folder.provenance.get('ohmflow:config-sha256') ?? ''
  const named = await namedByRun(folder)
  const path = given ?? named
  if (path === null) return { found: null, named, reason: 'run.json, which names the config, is not there' }
  const read = await readExperiment(path)()
  if (isLeft(read)) {
    if (given !== null) throw new Failure(firstOf(read.left))
    return { found: null, named, reason: describe(firstOf(read.left)) }
  }
  const { config, settings } = read.right
  const hash = experimentHash(config, settings)
  if (hash === expected) return { found: { path, config, settings }, named, reason: '' }
  const found = `one of SHA-256 ${hash}`
  if (given !== null) fail(path, '', `the config that these tables are of, SHA-256 ${expected}`, found)
  return { found: null, named, reason: `${path} is not what it was: ${found}` }
}
