/** SHA-256 of values and files: names of units, provenance of tables. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { failureOf } from './fault.js'

export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex')

/** SHA-256 of a file's bytes, read in pieces. @throws Failure (in the promise) if it cannot be read. */
export const sha256OfFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  } catch (error) {
    throw failureOf(path, error)
  }
  return hash.digest('hex')
}
