/**
 * From unknown JSON to a typed value through io-ts codecs whose names say what they expect.
 * Not modelled: collecting every error; the first one is reported, with its JSON path.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts/lib/index.js'
import { Failure, problem } from '../../domain/problem.js'

/** A value as a message shows it: JSON, cut after 60 characters. */
export const shown = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** A codec of the values a guard accepts; `name` is the "expected" of its messages. */
export const accepting = <A>(name: string, is: t.Is<A>): t.Type<A> =>
  new t.Type(name, is, (u, context) => (is(u) ? t.success(u) : t.failure(u, context)), t.identity)

/** An integer in [low, high]. */
export const integer = (low: number, high: number): t.Type<number> =>
  accepting(
    `an integer from ${low} to ${high}`,
    (u): u is number => typeof u === 'number' && Number.isInteger(u) && u >= low && u <= high,
  )

/** A value that may be absent or null; both decode to undefined. */
export const optional = <A>(codec: t.Type<A>): t.Type<A | undefined, unknown> =>
  new t.Type(
    codec.name,
    (u): u is A | undefined => u === undefined || codec.is(u),
    (u, context) => (u === undefined || u === null ? t.success(undefined) : codec.validate(u, context)),
    t.identity,
  )

/** Decodes `value`, which stands at `place` in `file`. @throws Failure with the JSON path of the first error */
export const decode = <A>(codec: t.Decoder<unknown, A>, file: string, place: string, value: unknown): A => {
  const decoded = codec.decode(value)
  if (E.isRight(decoded)) return decoded.right
  const error = decoded.left[0]
  const path = (error?.context ?? []).map(entry => entry.key).filter(key => key !== '')
  const at = [place, path.join('.')].filter(part => part !== '').join(': ')
  throw new Failure(problem(file, at, error?.context.at(-1)?.type.name ?? 'another value', shown(error?.value)))
}
