/** What a command left in a folder, to be held against what it leaves undisturbed. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

export const filesUnder = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .flatMap(e => (e.isDirectory() ? filesUnder(join(folder, e.name)) : [join(folder, e.name)]))
    : []

export type Content = ReadonlyMap<string, string>

/** SHA-256 of every file by its path in the folder, but of run.json, which tells of clock and machine. */
export const contentOf = (folder: string): Content =>
  new Map(
    filesUnder(folder)
      .filter(path => relative(folder, path) !== 'run.json')
      .map(path => [relative(folder, path), createHash('sha256').update(readFileSync(path)).digest('hex')] as const),
  )

/** What differs, in words; null if nothing does. */
export const difference = (found: Content, expected: Content): string | null => {
  const missing = [...expected.keys()].filter(name => !found.has(name))
  const extra = [...found.keys()].filter(name => !expected.has(name))
  const other = [...expected]
    .filter(([name, hash]) => found.has(name) && found.get(name) !== hash)
    .map(([name]) => name)
  const parts = [
    ...missing.map(name => `${name} is missing`),
    ...extra.map(name => `${name} is too many`),
    ...other.map(name => `${name} differs`),
  ]
  return parts.length === 0 ? null : parts.join(', ')
}

/** Bytes of all files. */
export const sizeOf = (folder: string): number => filesUnder(folder).reduce((sum, path) => sum + statSync(path).size, 0)
