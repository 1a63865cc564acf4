/** SHA-256 of values and files: names of units, provenance of tables. */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { failureOf } from './fault.js'
import { blocks, withSource } from './source.js'

export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex')

/** What the file system tells of a file without reading it; another value after a change, short of an effort to hide one. */
export const signatureOfFile = async (path: string): Promise<string> => {
  try {
    const { size, mtimeNs, ino } = await stat(path, { bigint: true })
    return `${size} ${mtimeNs} ${ino}`
  } catch (error) {
    throw failureOf(path, error)
  }
}

/** SHA-256 of a file's bytes, read in pieces. @throws Failure (in the promise) if it cannot be read. */
export const sha256OfFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  await withSource(path, async source => {
    for await (const block of blocks(source, 1 << 20, source.size)) hash.update(block)
  })
  return hash.digest('hex')
}
