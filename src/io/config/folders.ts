/** The folders that a config names, missed before anything in them is: by the key, which is what a person can mend. */
import { stat } from 'node:fs/promises'
import type { Settings } from '../../domain/experiment/sweep.js'
import { problem, type Problem } from '../../domain/problem.js'
import { jsonPath } from '../decoding.js'
import { failureOf, isAbsence } from '../fault.js'
import { problemOfSetting } from './settings.js'

const expected = {
  checkpoint: 'a folder with a checkpoint',
  tokenizer: 'a folder with a tokeniser',
  data: 'a folder with the data of a task',
} as const
const keys = ['checkpoint', 'tokenizer', 'data'] as const

/** What stands at a path instead of a folder; null for a folder. @throws Failure (in the promise) where it cannot be seen */
const insteadOfFolder = async (path: string): Promise<string | null> => {
  const found = await stat(path).catch((error: unknown) => {
    if (isAbsence(error)) return null
    throw failureOf(path, error)
  })
  if (found === null) return `nothing at ${path}`
  return found.isDirectory() ? null : `a file at ${path}`
}

/** One problem for each key whose folder is not there. Paths that several keys or settings have are looked at once. */
export const missingFolders = async (file: string, { all }: Settings): Promise<readonly Problem[]> => {
  const looked = new Map<string, string | null>()
  const problems = new Map<string, Problem>()
  for (const setting of all)
    for (const [i, source] of setting.config.tasks.entries())
      for (const key of keys) {
        const path = source[key]?.resolved
        if (path === undefined) continue
        if (!looked.has(path)) looked.set(path, await insteadOfFolder(path))
        const instead = looked.get(path) ?? null
        const place = jsonPath(['tasks', i, key])
        if (instead === null || problems.has(`${place} ${path}`)) continue
        const missing = problem(file, place, expected[key], instead)
        const everywhere = all.every(({ config }) => config.tasks[i]?.[key]?.resolved === path)
        problems.set(`${place} ${path}`, everywhere ? missing : problemOfSetting(setting, missing))
      }
  return [...problems.values()]
}
