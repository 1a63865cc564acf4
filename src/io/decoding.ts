/**
 * From unknown JSON to typed values through io-ts codecs whose names say what they expect; each error becomes a Problem
 * whose place is the JSON path. Not here: JSON's own syntax faults, which are placed by line and column (`json.ts`).
 */
import { chain, isRight, left, mapLeft, type Either } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts/lib/index.js'
import { firstOf, placeIn, problem, type Problem, type Problems } from '../domain/problem.js'
import { jsonOf } from './json.js'

/** A JSON value as a message shows it: on one line, cut after 60 characters. */
export const shown = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** `tiles.0.rows`; keys that are no plain words stand in brackets: `sweep["hardware.adc.bits"]`. */
export const jsonPath = (keys: readonly (string | number)[]): string =>
  keys.map(String).reduce((path, key) => {
    if (!/^[\w$-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`
    return path === '' ? key : `${path}.${key}`
  }, '')

/** A codec of the values a guard accepts; `name` is the "expected" of its messages. */
export const accepting = <A>(name: string, is: t.Is<A>): t.Type<A> =>
  new t.Type(name, is, (u, context) => (is(u) ? t.success(u) : t.failure(u, context)), t.identity)

/** An integer in [low, high]. */
export const integer = (low: number, high: number): t.Type<number> =>
  accepting(
    `an integer from ${low} to ${high}`,
    (u): u is number => typeof u === 'number' && Number.isInteger(u) && u >= low && u <= high,
  )

/** A value that may be absent or null; both decode to null. */
export const nullable = <A>(codec: t.Type<A, unknown>): t.Type<A | null, unknown> =>
  new t.Type<A | null, unknown>(
    codec.name,
    (u): u is A | null => u === null || codec.is(u),
    (u, context) => (u === undefined || u === null ? t.success(null) : codec.validate(u, context)),
    t.identity,
  )

/** A fault whose expected and found are not simply the codec's name and the value: an unknown key, a name used twice. */
class Fault extends t.Type<unknown> {
  constructor(
    readonly expected: string,
    readonly found: string,
  ) {
    super(expected, t.unknown.is, (value, context) => t.failure(value, context), t.identity)
  }
}

/** Where below a value a fault lies. */
export interface Misfit {
  readonly at: readonly (string | number)[]
  readonly expected: string
  readonly found: string
}

/** A misfit as the error of a codec: the path to it, then an entry of type Fault that is no step of the path. */
export const located = (misfit: Misfit, value: unknown, context: t.Context): t.ValidationError => ({
  value,
  context: [
    ...context,
    ...misfit.at.map(key => ({ key: String(key), type: t.unknown })),
    { key: '', type: new Fault(misfit.expected, misfit.found) },
  ],
})

const report = (file: string, at: string, error: t.ValidationError): Problem => {
  const last = error.context.at(-1)
  // the first entry is the value itself
  const steps = error.context.slice(1).filter(entry => !(entry.type instanceof Fault))
  const place = placeIn(at, jsonPath(steps.map(entry => entry.key)))
  return last?.type instanceof Fault
    ? problem(file, place, last.type.expected, last.type.found)
    : problem(file, place, error.message ?? last?.type.name ?? 'another value', shown(error.value))
}

/** Decodes a value that stands at `at` in `file`, or tells every problem in the order found. */
export const decodeAll =
  <A>(codec: t.Decoder<unknown, A>, file: string, at = '') =>
  (value: unknown): Either<Problems, A> => {
    const decoded = codec.decode(value)
    if (isRight(decoded)) return decoded
    const [first, ...others] = decoded.left.map(error => report(file, at, error))
    return left([first ?? problem(file, at, codec.name, shown(value)), ...others])
  }

/** Decodes a value that stands at `at` in `file`, or tells the first problem. */
export const decode =
  <A>(codec: t.Decoder<unknown, A>, file: string, at = '') =>
  (value: unknown): Either<Problem, A> =>
    mapLeft(firstOf)(decodeAll(codec, file, at)(value))

/** Decodes the JSON text of a whole file, or tells the first problem. */
export const decodeJson =
  <A>(codec: t.Decoder<unknown, A>, file: string) =>
  (text: string): Either<Problem, A> =>
    pipe(jsonOf(file, '', text), mapLeft(firstOf), chain(decode(codec, file)))
