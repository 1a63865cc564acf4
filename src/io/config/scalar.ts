/**
 * Shapes of single values: ranged numbers, words from a list, texts, durations.
 * Not here: anything made of parts (`record.ts`).
 */
import { isRight } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts/lib/index.js'
import type { Json } from '../../domain/experiment/config.js'
import { durationPattern, formatDuration, parseDuration, type Seconds } from '../../domain/experiment/duration.js'
import { nearest } from '../../domain/spelling.js'
import { kept, type JsonSchema, type Shape } from './shape.js'

/** Bounds of a number; `over` and `under` are not themselves allowed. */
export interface Bounds {
  readonly min?: number
  readonly max?: number
  readonly over?: number
  readonly under?: number
}

const bounded = (b: Bounds, value: number): boolean =>
  value >= (b.min ?? -Infinity) &&
  value <= (b.max ?? Infinity) &&
  value > (b.over ?? -Infinity) &&
  value < (b.under ?? Infinity)

const boundsText = (b: Bounds): string => {
  const low = b.over === undefined ? (b.min === undefined ? null : `[${b.min}`) : `(${b.over}`
  const high = b.under === undefined ? (b.max === undefined ? null : `${b.max}]`) : `${b.under})`
  if (low !== null && high !== null) return ` in ${low}, ${high}`
  if (low !== null) return b.over === undefined ? ` >= ${b.min ?? ''}` : ` > ${b.over}`
  return high === null ? '' : b.under === undefined ? ` <= ${b.max ?? ''}` : ` < ${b.under}`
}

const boundsSchema = (b: Bounds): JsonSchema => ({
  ...(b.min === undefined ? {} : { minimum: b.min }),
  ...(b.max === undefined ? {} : { maximum: b.max }),
  ...(b.over === undefined ? {} : { exclusiveMinimum: b.over }),
  ...(b.under === undefined ? {} : { exclusiveMaximum: b.under }),
})

const ranged = (kind: 'integer' | 'number', b: Bounds): Shape<number> => {
  const right = (u: unknown): u is number =>
    typeof u === 'number' && (kind === 'integer' ? Number.isInteger(u) : Number.isFinite(u)) && bounded(b, u)
  return {
    schema: { type: kind, ...boundsSchema(b) },
    codec: new t.Type(
      `${kind === 'integer' ? 'an integer' : 'a number'}${boundsText(b)}`,
      right,
      // + 0 makes -0 the 0 it stands for, so that both hash alike
      (input, context) => (right(input) ? t.success(input + 0) : t.failure(input, context)),
      t.identity,
    ),
  }
}

export const integer = (bounds: Bounds): Shape<number> => ranged('integer', bounds)
export const number = (bounds: Bounds): Shape<number> => ranged('number', bounds)

export const boolean: Shape<boolean> = kept('true or false', (u): u is boolean => typeof u === 'boolean', {
  type: 'boolean',
})

export const quoted = (words: readonly string[]): string => words.map(w => JSON.stringify(w)).join(', ')

/** ` (did you mean "x"?)`, or nothing when no word is near. */
export const suggestion = (value: unknown, words: readonly string[]): string => {
  const meant = typeof value === 'string' ? nearest(value, words) : null
  return meant === null ? '' : ` (did you mean ${JSON.stringify(meant)}?)`
}

/** One word of a list; a wrong one is answered with the list and the nearest. */
export const choice = <W extends string>(words: readonly W[]): Shape<W> => {
  const is = (u: unknown): u is W => (words as readonly unknown[]).includes(u) // widened for includes only
  const name = words.length === 1 ? quoted(words) : `one of ${quoted(words)}`
  return {
    schema: { type: 'string', enum: words },
    codec: new t.Type(
      name,
      is,
      (input, context) =>
        is(input) ? t.success(input) : t.failure(input, context, `${name}${suggestion(input, words)}`),
      t.identity,
    ),
  }
}

/** Exactly this value, in JSON and decoded. */
export const constant = <V extends string | number>(value: V): Shape<V> =>
  kept(JSON.stringify(value), (u): u is V => u === value, { const: value })

const patterned = (name: string, pattern: RegExp): Shape<string> =>
  kept(name, (u): u is string => typeof u === 'string' && pattern.test(u), { type: 'string', pattern: pattern.source })

/** No control characters, line separators or halves of surrogate pairs; no white space at either end. */
export const usableName = patterned(
  'a name (not empty, no control characters, no space at either end)',

  /^(?! )[^\u0000-\u001f\u007f-\u00a0\u2028\u2029\ud800-\udfff]{1,200}(?<! )$/u,
)

/** A usable name that is also one step of a path, on any system that parts paths by slashes or backslashes. */
export const folderName = patterned(
  'a name for a folder (not empty, not "." or "..", no "/", "\\", control characters or space at either end)',

  /^(?! )(?!\.{1,2}$)[^/\\\u0000-\u001f\u007f-\u00a0\u2028\u2029\ud800-\udfff]{1,200}(?<! )$/u,
)

export const pathText = patterned(
  'a path (not empty, no control characters)',

  /^[^\u0000-\u001f\u007f\ud800-\udfff]{1,4096}$/u,
)

export const duration: Shape<Seconds> = {
  schema: { type: 'string', pattern: durationPattern.source },
  codec: new t.Type<Seconds, Json>(
    'a duration such as "1 h" (a number >= 0 and one of s, min, h, d, y)',
    (u): u is Seconds => typeof u === 'number' && u >= 0,
    (input, context) => {
      if (typeof input !== 'string') return t.failure(input, context)
      const parsed = parseDuration(input)
      return isRight(parsed) ? t.success(parsed.right) : t.failure(input, context, parsed.left)
    },
    formatDuration,
  ),
}
