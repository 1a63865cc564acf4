/**
 * A strict JSON reader that says where a fault is by line and column, and sees a key that is written twice.
 * Not supported, as JSON does not: comments, trailing commas, NaN. Numbers beyond a double's range are refused.
 */
import { left, right, type Either } from 'fp-ts/lib/Either.js'
import type { Json } from '../../domain/experiment/config.js'

/** Line and column count from 1; columns are UTF-16 units. */
export interface JsonFault {
  readonly line: number
  readonly column: number
  readonly expected: string
  readonly found: string
}

/** Deeper nesting is refused: no config needs it, and a reader must not run out of stack. */
const deepest = 64

class Stop extends Error {
  constructor(
    readonly at: number,
    readonly expected: string,
    readonly found: string,
  ) {
    super(expected)
  }
}

const positioned = (text: string, at: number, expected: string, found: string): JsonFault => {
  const before = text.slice(0, at).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1, expected, found }
}

const spaces = /[ \t\n\r]*/y
const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const plainText = /[^"\\\u0000-\u001f]*/y
const escapePattern = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const word = /[A-Za-z_$][\w$]*|[+-]?[\w.]+/y
const constants: ReadonlyMap<string, Json> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
])

/** Reads a whole JSON text. @returns left with every fault: the first of syntax, or all the keys written twice. */
export const parseJson = (text: string): Either<readonly JsonFault[], Json> => {
  let at = text.startsWith('\uFEFF') ? 1 : 0
  const twice: JsonFault[] = []

  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0] ?? ''
    at += found.length
    return found
  }
  const stop = (expected: string): never => {
    const start = at
    const shown =
      start >= text.length
        ? 'the end of the file'
        : /^\/[/*]/.test(text.slice(start, start + 2))
          ? 'a comment'
          : JSON.stringify(match(word) || String.fromCodePoint(text.codePointAt(start) ?? 0))
    throw new Stop(start, expected, shown)
  }
  const take = (symbol: string): boolean => {
    match(spaces)
    const there = text[at] === symbol
    if (there) at += 1
    return there
  }
  const string = (): string => {
    const start = at
    at += 1
    for (;;) {
      match(plainText)
      if (text[at] === '"') break
      if (at >= text.length) throw new Stop(start, 'a string with a closing quote', 'the end of the file')
      if (text[at] !== '\\') stop('a closing quote (control characters are written as escapes)')
      if (match(escapePattern) === '') stop('an escape such as \\n, \\" or \\u00e9')
    }
    at += 1
    return JSON.parse(text.slice(start, at)) as string // a JSON string, as matched above
  }
  const number = (): number => {
    const start = at
    const written = match(numberPattern)
    if (written === '') stop('a number')
    const next = text[at] ?? ''
    if (/[\w.+]/.test(next)) {
      at = start
      stop('a number as JSON writes it')
    }
    const value = Number(written)
    if (!Number.isFinite(value)) throw new Stop(start, 'a number within the range of a double', written)
    return value
  }
  const object = (depth: number): Json => {
    const entries = new Map<string, Json>()
    at += 1
    if (take('}')) return {}
    do {
      match(spaces)
      const start = at
      if (text[at] !== '"') stop(entries.size === 0 ? 'a key in double quotes or "}"' : 'a key in double quotes')
      const key = string()
      if (entries.has(key)) {
        twice.push(positioned(text, start, 'each key once', `the key ${JSON.stringify(key)} again`))
      }
      if (!take(':')) stop(`":" after the key ${JSON.stringify(key)}`)
      entries.set(key, value(depth))
    } while (take(','))
    if (!take('}')) stop('"," or "}"')
    return Object.fromEntries(entries)
  }
  const array = (depth: number): Json => {
    const items: Json[] = []
    at += 1
    if (take(']')) return items
    do items.push(value(depth))
    while (take(','))
    if (!take(']')) stop('"," or "]"')
    return items
  }
  const value = (depth: number): Json => {
    match(spaces)
    const first = text[at] ?? ''
    if ((first === '{' || first === '[') && depth === deepest) {
      throw new Stop(at, `at most ${deepest} levels of nesting`, 'more')
    }
    if (first === '{') return object(depth + 1)
    if (first === '[') return array(depth + 1)
    if (first === '"') return string()
    if (/[-0-9]/.test(first)) return number()
    const start = at
    const constant = constants.get(match(word))
    if (constant === undefined) {
      at = start
      return stop('a JSON value')
    }
    return constant
  }

  try {
    const whole = value(0)
    match(spaces)
    if (at < text.length) stop('nothing after the value')
    return twice.length > 0 ? left(twice) : right(whole)
  } catch (error) {
    if (error instanceof Stop) return left([positioned(text, error.at, error.expected, error.found)])
    throw error
  }
}
