/**
 * JSON as a checkpoint carries it: valid UTF-8, no key twice in one object (JSON.parse would silently keep the last).
 * Not modelled: comments, numbers beyond double precision.
 */
import { Failure, problem } from '../../domain/problem.js'

/** Index of the quote that closes the string whose first character stands at `from`. */
const closingQuote = (text: string, from: number): number => {
  let i = from
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i
}

/** The first key that stands twice in one object of a valid JSON text. */
const repeatedKey = (text: string): string | undefined => {
  const open: (Set<string> | null)[] = []
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '{') open.push(new Set())
    else if (c === '[') open.push(null)
    else if (c === '}' || c === ']') open.pop()
    else if (c === '"') {
      const end = closingQuote(text, i + 1)
      let next = end + 1
      while (text[next] === ' ' || text[next] === '\n' || text[next] === '\r' || text[next] === '\t') next++
      const keys = open.at(-1)
      if (keys && text[next] === ':') {
        const key = JSON.parse(text.slice(i, end + 1)) as string // as: a JSON string literal
        if (keys.has(key)) return key
        keys.add(key)
      }
      i = end
    }
  }
  return undefined
}

/** The value of a JSON text; `place` says where in the file it stands. @throws Failure */
export const parseJson = (file: string, place: string, bytes: Uint8Array): unknown => {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Failure(problem(file, place, 'JSON in UTF-8', 'bytes that are not UTF-8'))
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Failure(problem(file, place, 'JSON', error instanceof Error ? error.message : String(error)))
  }
  const key = repeatedKey(text)
  if (key !== undefined) {
    throw new Failure(problem(file, place, 'every key once', `the key ${JSON.stringify(key)} twice in one object`))
  }
  return value
}
