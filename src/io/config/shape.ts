/**
 * A shape describes one kind of JSON value once: as an io-ts codec and as a JSON Schema (draft-07) that cannot drift apart.
 * Not described in the schema: what compares two places (names used twice, knots in order); the codec alone checks that.
 */
import { left, right } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts/lib/index.js'
import type { Json } from '../../domain/experiment/config.js'
import { accepting, located, type Misfit } from '../decoding.js'

export type JsonSchema = Readonly<Record<string, Json>>

export interface Shape<A> {
  /** Its name is what a message says was expected. */
  readonly codec: t.Type<A, Json>
  readonly schema: JsonSchema
}

/** The shape with a further check of the decoded value, which the schema does not hold. */
export const refined = <A>(shape: Shape<A>, check: (value: A) => readonly Misfit[]): Shape<A> => ({
  schema: shape.schema,
  codec: new t.Type(
    shape.codec.name,
    (u): u is A => shape.codec.is(u) && check(u).length === 0,
    (input, context) => {
      const decoded = shape.codec.validate(input, context)
      if (decoded._tag === 'Left') return decoded
      const misfits = check(decoded.right)
      return misfits.length === 0 ? decoded : left(misfits.map(m => located(m, input, context)))
    },
    a => shape.codec.encode(a),
  ),
})

/** A value that is checked and kept as it is. */
export const kept = <A extends Json>(name: string, is: t.Is<A>, schema: JsonSchema): Shape<A> => ({
  schema,
  codec: accepting(name, is),
})

/** An array of the shape, of at least `min` items. */
export const list = <A>(name: string, item: Shape<A>, min = 0): Shape<readonly A[]> => ({
  schema: { type: 'array', items: item.schema, ...(min > 0 ? { minItems: min } : {}) },
  codec: new t.Type<readonly A[], Json>(
    min > 0 ? `${name} (an array of at least ${min})` : `${name} (an array)`,
    (u): u is readonly A[] => Array.isArray(u) && u.length >= min && u.every(item.codec.is),
    function (this: t.Mixed, input, context) {
      if (!Array.isArray(input) || input.length < min) return t.failure(input, context)
      const items = input.map((value: unknown, i) =>
        item.codec.validate(value, t.appendContext(context, String(i), item.codec, value)),
      )
      const errors = items.flatMap(r => (r._tag === 'Left' ? r.left : []))
      return errors.length > 0 ? left(errors) : right(items.flatMap(r => (r._tag === 'Right' ? [r.right] : [])))
    },
    items => items.map(a => item.codec.encode(a)),
  ),
})

/** Items that mean the same by `key` are refused at the second. */
export const unique = <A>(
  shape: Shape<readonly A[]>,
  key: (item: A) => string,
  at: readonly string[],
  what: string,
): Shape<readonly A[]> =>
  refined(shape, items => {
    const first = new Map<string, number>()
    return items.flatMap((item, i): Misfit[] => {
      const before = first.get(key(item))
      if (before === undefined) first.set(key(item), i)
      return before === undefined ? [] : [{ at: [i, ...at], expected: what, found: `the same as in ${before}` }]
    })
  })
