/**
 * A strict JSON reader that says where a fault is by line and column, and sees a key that is written twice.
 * Not supported, as JSON does not: comments, trailing commas, NaN. Numbers beyond a double's range are refused.
 */
import { left, mapLeft, right, type Either } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { Json } from '../domain/experiment/config.js'
import { placeIn, problem, type Problem, type Problems } from '../domain/problem.js'
import { positions, shownPosition, type Position } from './position.js'

export interface JsonFault extends Position {
  readonly expected: string
  readonly found: string
}

/** At least one. */
export type JsonFaults = readonly [JsonFault, ...(readonly JsonFault[])]

/** Deeper nesting is refused: no file that is read here needs it, and a reader must not run out of stack. */
const deepest = 64

/**
 * Most values of a text, and most of them that are objects, arrays, strings or keys. A file of 100 MB could hold so many that
 * they take gigabytes; ranges of a large model for nine tasks are 11 million numbers, a vocabulary with its merges 250,000 strings.
 */
const mostValues = 12_000_000
const mostHeavy = 2_000_000

/** Keys written twice that are told, at most: each is a line for a person. */
const mostTwice = 20

interface Fault {
  readonly at: number
  readonly expected: string
  readonly found: string
}

class Stop extends Error implements Fault {
  constructor(
    readonly at: number,
    readonly expected: string,
    readonly found: string,
  ) {
    super(expected)
  }
}

/** Faults in the order of the text. */
const positioned = (text: string, first: Fault, others: readonly Fault[]): JsonFaults => {
  const all = [first, ...others]
  const [one, ...more] = positions(
    text,
    all.map(fault => fault.at),
  ).map((position, i): JsonFault => ({ ...position, expected: all[i]?.expected ?? '', found: all[i]?.found ?? '' }))
  return [one ?? { line: 1, column: 1, ...first }, ...more]
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

const ownProperty = { configurable: true, enumerable: true, writable: true }

/**
 * Reads a whole JSON text.
 * @param whole what ends where the text does, in the words of a message
 * @returns left with every fault: the first of syntax, or all the keys written twice
 */
export const parseJson = (text: string, whole: 'file' | 'line' = 'file'): Either<JsonFaults, Json> => {
  let at = 0
  let values = 0
  let heavy = 0
  const twice: Fault[] = []
  const theEnd = `the end of the ${whole}`

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
        ? theEnd
        : /^\/[/*]/.test(text.slice(start, start + 2))
          ? 'a comment'
          : JSON.stringify(match(word) || String.fromCodePoint(text.codePointAt(start) ?? 0))
    throw new Stop(start, expected, shown)
  }
  const skipSpaces = (): void => {
    if (text.charCodeAt(at) <= 0x20) match(spaces)
  }
  const take = (symbol: string): boolean => {
    skipSpaces()
    const there = text[at] === symbol
    if (there) at += 1
    return there
  }
  const countHeavy = (): void => {
    if (++heavy > mostHeavy) throw new Stop(at, `at most ${mostHeavy} objects, arrays, strings and keys`, 'more')
  }
  const string = (): string => {
    countHeavy()
    const start = at
    at += 1
    match(plainText)
    const plain = text[at] === '"'
    while (!plain) {
      match(plainText)
      if (text[at] === '"') break
      if (at >= text.length) throw new Stop(start, 'a string with a closing quote', theEnd)
      if (text[at] !== '\\') stop('a closing quote (control characters are written as escapes)')
      if (match(escapePattern) === '') stop('an escape such as \\n, \\" or \\u00e9')
    }
    at += 1
    if (plain) return text.slice(start + 1, at - 1)
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
    const entries: Record<string, Json> = {}
    at += 1
    if (take('}')) return entries
    let first = true
    do {
      skipSpaces()
      const start = at
      if (text[at] !== '"') stop(first ? 'a key in double quotes or "}"' : 'a key in double quotes')
      first = false
      const key = string()
      if (Object.hasOwn(entries, key) && twice.length < mostTwice) {
        twice.push({ at: start, expected: 'each key once', found: `the key ${JSON.stringify(key)} again` })
      }
      if (!take(':')) stop(`":" after the key ${JSON.stringify(key)}`)
      const item = value(depth)
      // assigned, it would be the prototype
      if (key === '__proto__') Object.defineProperty(entries, key, { ...ownProperty, value: item })
      else entries[key] = item
    } while (take(','))
    if (!take('}')) stop('"," or "}"')
    return entries
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
    skipSpaces()
    if (++values > mostValues) throw new Stop(at, `at most ${mostValues} values`, 'more')
    const first = text[at] ?? ''
    if ((first === '{' || first === '[') && depth === deepest) {
      throw new Stop(at, `at most ${deepest} levels of nesting`, 'more')
    }
    if (first === '{' || first === '[') countHeavy()
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
    const read = value(0)
    skipSpaces()
    if (at < text.length) stop('nothing after the value')
    const [first, ...others] = twice
    return first === undefined ? right(read) : left(positioned(text, first, others))
  } catch (error) {
    if (error instanceof Stop) return left(positioned(text, error, []))
    throw error
  }
}

/** The value of the JSON text at `at` of a file, or every problem. */
export const jsonOf = (file: string, at: string, text: string): Either<Problems, Json> =>
  pipe(
    parseJson(text),
    mapLeft(([first, ...others]): Problems => {
      const worded = (fault: JsonFault): Problem =>
        problem(file, placeIn(at, shownPosition(fault)), fault.expected, fault.found)
      return [worded(first), ...others.map(worded)]
    }),
  )
