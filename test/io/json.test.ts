import { fc, test } from '@fast-check/vitest'
import { isLeft, right } from 'fp-ts/lib/Either.js'
import { describe, expect } from 'vitest'
import { parseJson } from '../../src/io/json.js'

const accepts = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const fault = (text: string): string => {
  const result = parseJson(text)
  return isLeft(result) ? result.left.map(f => `${f.line}:${f.column} ${f.expected} | ${f.found}`).join('; ') : 'none'
}

describe('JSON reader', () => {
  test.prop([fc.json(), fc.constantFrom(undefined, 0, 2)])('reads what JSON.parse reads', (text, indent) => {
    const value: unknown = JSON.parse(text)
    expect(parseJson(JSON.stringify(value, null, indent))).toEqual(right(value))
  })

  test.prop(
    [
      fc.json({ maxDepth: 3 }),
      fc.nat(),
      fc.constantFrom('', '"', ',', '}', ']', '\\', '0', '-', '.', 'e', '/', '\u0001', '\n', 't'),
    ],
    { numRuns: 2000 },
  )('refuses what JSON.parse refuses: one character changed', (text, at, symbol) => {
    const position = at % (text.length + 1)
    const changed = text.slice(0, position) + symbol + text.slice(position + 1)
    const result = parseJson(changed)
    const onlyTwice = isLeft(result) && result.left.every(f => f.expected === 'each key once')
    const beyond = isLeft(result) && result.left.some(f => f.expected.startsWith('a number within'))
    // such a number ends the reading before a later fault that JSON.parse would see
    if (!beyond) expect(!isLeft(result) || onlyTwice).toBe(accepts(changed))
  })

  test.each([
    ['{"a": 1,}', '1:9 a key in double quotes | "}"'],
    ['{\n  // why\n  "a": 1}', '2:3 a key in double quotes or "}" | a comment'],
    ["{'a': 1}", '1:2 a key in double quotes or "}" | "\'"'],
    ['{"a" 1}', '1:6 ":" after the key "a" | "1"'],
    ['{"a": 1 "b": 2}', '1:9 "," or "}" | "\\""'],
    ['[1, 2', '1:6 "," or "]" | the end of the file'],
    ['{"a": NaN}', '1:7 a JSON value | "NaN"'],
    ['{"a": True}', '1:7 a JSON value | "True"'],
    ['[01]', '1:2 a number as JSON writes it | "01"'],
    ['[1e999]', '1:2 a number within the range of a double | 1e999'],
    ['["a\nb"]', '1:4 a closing quote (control characters are written as escapes) | "\\n"'],
    ['["\\x"]', '1:3 an escape such as \\n, \\" or \\u00e9 | "\\\\"'],
    ['{} {}', '1:4 nothing after the value | "{"'],
    [
      '{"__proto__": 1,\n "a": 1,\n\n "__proto__": 1, "a": 1}',
      '4:2 each key once | the key "__proto__" again; 4:18 each key once | the key "a" again',
    ],
    ['{"a": {"b": 1, "b": 1}}', '1:16 each key once | the key "b" again'],
  ])('%j', (text, expected) => expect(fault(text)).toBe(expected))

  test('deep nesting is refused, not a full stack', () => {
    expect(fault('['.repeat(1_000_000))).toBe('1:65 at most 64 levels of nesting | more')
  })

  test('__proto__ is a key like any other', () => {
    const result = parseJson('{"__proto__": {"a": 1}}')
    expect(isLeft(result) ? null : JSON.stringify(result.right)).toBe('{"__proto__":{"a":1}}')
  })
})
