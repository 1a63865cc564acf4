/** Real data beside the repository; its absence is a failure, never a skip. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const repository = resolve(import.meta.dirname, '..')

/** Path below OHMFLOW_SHARED (default ../shared). @throws Error if it is not there. */
export const shared = (...parts: readonly string[]): string => {
  const path = join(resolve(repository, process.env.OHMFLOW_SHARED ?? '../shared'), ...parts)
  if (!existsSync(path)) throw new Error(`test data missing: ${path} (set OHMFLOW_SHARED to the folder that holds it)`)
  return path
}
