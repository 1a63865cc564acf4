/**
 * Shapes of JSON objects: required, defaulted and optional keys; an unknown key is an error that suggests the nearest known one.
 * Not here: single values (`scalar.ts`).
 */
import { left, right } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts/lib/index.js'
import type { Json } from '../../domain/experiment/config.js'
import { located, type Misfit } from '../decoding.js'
import { quoted, suggestion } from './scalar.js'
import type { JsonSchema, Shape } from './shape.js'

/** A key of an object: what it holds, and what its absence means. */
export interface Field<A> {
  readonly type: t.Mixed
  readonly validate: (input: unknown, context: t.Context) => t.Validation<A>
  /** undefined: the key is left out. */
  readonly encode: (value: A) => Json | undefined
  readonly absent:
    { readonly is: 'an error' } | { readonly is: 'left out' } | { readonly is: 'a value'; readonly value: A }
  readonly schema: JsonSchema
}

/** What a person reads about a key in the editor. */
export interface About {
  readonly about: string
  readonly examples?: readonly Json[]
}

const described = (schema: JsonSchema, { about, examples }: About): JsonSchema => ({
  description: about,
  ...schema,
  ...(examples === undefined ? {} : { examples }),
})

export const required = <A>(shape: Shape<A>, about: About): Field<A> => ({
  type: shape.codec,
  validate: (input, context) => shape.codec.validate(input, context),
  encode: value => shape.codec.encode(value),
  absent: { is: 'an error' },
  schema: described(shape.schema, about),
})

export const defaulted = <A>(shape: Shape<A>, value: A, about: About): Field<A> => ({
  ...required(shape, about),
  absent: { is: 'a value', value },
  schema: { ...described(shape.schema, about), default: shape.codec.encode(value) },
})

/** A key whose absence has a meaning of its own: null. */
export const optional = <A>(shape: Shape<A>, about: About): Field<A | null> => ({
  type: shape.codec,
  validate: (input, context) => shape.codec.validate(input, context),
  encode: value => (value === null ? undefined : shape.codec.encode(value)),
  absent: { is: 'a value', value: null },
  schema: described(shape.schema, about),
})

const changeable = <A>(shape: Shape<A>, about: About): Field<A> => ({
  ...required(shape, about),
  absent: { is: 'left out' },
})

/** An object of whatever values; of JSON, `isJsonObject`. */
export const isObject = (u: unknown): u is Readonly<Record<string, unknown>> =>
  typeof u === 'object' && u !== null && !Array.isArray(u)

type AnyField = Field<unknown>

const build = <A>(what: string, fields: ReadonlyMap<string, AnyField>): Shape<A> => {
  const keys = [...fields.keys()]
  const unknownKey = (key: string): Misfit => ({
    at: [key],
    expected: `one of the keys of ${what}: ${keys.join(', ')}${suggestion(key, keys)}`,
    found: `the unknown key ${JSON.stringify(key)}`,
  })
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries([...fields].map(([key, f]) => [key, f.schema])),
      required: [...fields].flatMap(([key, f]) => (f.absent.is === 'an error' ? [key] : [])),
      additionalProperties: false,
    },
    codec: new t.Type<A, Json>(
      `${what} (an object)`,
      (u): u is A => isObject(u),
      (input, context) => {
        if (!isObject(input)) return t.failure(input, context)
        const entries: [string, unknown][] = []
        const errors: t.ValidationError[] = []
        for (const [key, field] of fields) {
          const present = Object.hasOwn(input, key)
          if (!present && field.absent.is === 'left out') continue
          if (!present && field.absent.is === 'a value') {
            entries.push([key, field.absent.value])
            continue
          }
          const value = present ? input[key] : undefined
          const decoded = field.validate(value, [...context, { key, type: field.type, actual: value }])
          if (decoded._tag === 'Left') errors.push(...decoded.left)
          else entries.push([key, decoded.right])
        }
        for (const key of Object.keys(input)) {
          if (!fields.has(key)) errors.push(located(unknownKey(key), input, context))
        }
        return errors.length > 0 ? left(errors) : right(Object.fromEntries(entries) as A) // one entry for each field of A
      },
      value => {
        const source = value as Readonly<Record<string, unknown>> // A is an object with the fields' keys
        return Object.fromEntries(
          [...fields].flatMap(([key, field]): [string, Json][] => {
            if (!Object.hasOwn(source, key)) return []
            const encoded = field.encode(source[key])
            return encoded === undefined ? [] : [[key, encoded]]
          }),
        )
      },
    ),
  }
}

// Each field is kept beside its own key, so it is only ever given values of its own type.
const fieldMap = (fields: object): ReadonlyMap<string, AnyField> =>
  new Map(Object.entries(fields) as [string, AnyField][]) // see above

/** An object with exactly these keys, those with a default filled in. `what` names it in messages: "a tile". */
export const object = <A extends object>(what: string, fields: { readonly [K in keyof A]: Field<A[K]> }): Shape<A> =>
  build<A>(what, fieldMap(fields))

/** An object with any of these keys; absent ones stay absent. */
export const changes = <A extends object>(
  what: string,
  fields: { readonly [K in keyof A]-?: readonly [Shape<Exclude<A[K], undefined>>, About] },
): Shape<A> => {
  const pairs = Object.entries(fields) as [string, readonly [Shape<unknown>, About]][] // as typed by the parameter
  return build<A>(what, new Map(pairs.map(([key, [shape, about]]) => [key, changeable(shape, about)])))
}

/** An object of any keys, each with a value of the shape; a map in the order of the file. */
export const dictionary = <A>(what: string, item: Shape<A>): Shape<ReadonlyMap<string, A>> => ({
  schema: { type: 'object', additionalProperties: item.schema },
  codec: new t.Type<ReadonlyMap<string, A>, Json>(
    `${what} (an object)`,
    (u): u is ReadonlyMap<string, A> => u instanceof Map && [...u.values()].every(item.codec.is),
    (input, context) => {
      if (!isObject(input)) return t.failure(input, context)
      const found = Object.entries(input).map(
        ([key, value]) => [key, item.codec.validate(value, t.appendContext(context, key, item.codec, value))] as const,
      )
      const errors = found.flatMap(([, r]) => (r._tag === 'Left' ? r.left : []))
      if (errors.length > 0) return left(errors)
      return right(new Map(found.flatMap(([key, r]) => (r._tag === 'Right' ? [[key, r.right] as const] : []))))
    },
    map => Object.fromEntries([...map].map(([key, value]) => [key, item.codec.encode(value)])),
  ),
})

/** One of several objects, told apart by the word under the key `tag`. */
export const tagged = <K extends string, A extends { readonly [P in K]: string }>(
  what: string,
  tag: K,
  branches: { readonly [W in A[K]]: Shape<Extract<A, { readonly [P in K]: W }>> },
  absent?: A[K],
): Shape<A> => {
  const shapes = new Map(Object.entries(branches) as [string, Shape<A>][]) // each given only values of its own branch
  const words = [...shapes.keys()]
  const example = JSON.stringify({ [tag]: absent ?? words[1] ?? words[0] })
  const branch = (word: unknown): Shape<A> | undefined => (typeof word === 'string' ? shapes.get(word) : undefined)
  return {
    schema: { oneOf: [...shapes.values()].map(s => s.schema) },
    codec: new t.Type<A, Json>(
      `${what} (an object such as ${example})`,
      (u): u is A => isObject(u) && branch(u[tag])?.codec.is(u) === true,
      (input, context) => {
        if (!isObject(input)) return t.failure(input, context)
        const word = Object.hasOwn(input, tag) ? input[tag] : absent
        const shape = branch(word)
        if (shape !== undefined) return shape.codec.validate(input, context)
        const expected = `one of ${quoted(words)}${suggestion(word, words)}`
        return t.failure(word, [...context, { key: tag, type: t.string, actual: word }], expected)
      },
      value => {
        const shape = branch(value[tag])
        if (shape === undefined) throw new TypeError(`"${tag}" expected one of ${quoted(words)}, got "${value[tag]}"`)
        return shape.codec.encode(value)
      },
    ),
  }
}

/** A word, or an object that says more. */
export const wordOr = <W extends string, A extends object>(word: Shape<W>, object: Shape<A>): Shape<W | A> => {
  const isWord = (u: W | A): u is W => typeof u === 'string'
  return {
    schema: { oneOf: [word.schema, object.schema] },
    codec: new t.Type<W | A, Json>(
      `${word.codec.name}, or ${object.codec.name}`,
      (u): u is W | A => word.codec.is(u) || object.codec.is(u),
      (input, context) => {
        if (isObject(input)) return object.codec.validate(input, context)
        const decoded = word.codec.validate(input, context)
        return decoded._tag === 'Left' && typeof input !== 'string' ? t.failure(input, context) : decoded
      },
      value => (isWord(value) ? word.codec.encode(value) : object.codec.encode(value)),
    ),
  }
}

/** Exactly one of two optional keys; in the schema too. */
export const exactlyOne = <A extends object>(
  shape: Shape<A>,
  one: keyof A & string,
  other: keyof A & string,
): Shape<A> => ({
  schema: { ...shape.schema, oneOf: [{ required: [one] }, { required: [other] }] },
  codec: new t.Type(
    shape.codec.name,
    (u): u is A => shape.codec.is(u),
    (input, context) => {
      const decoded = shape.codec.validate(input, context)
      if (decoded._tag === 'Left') return decoded
      const [a, b] = [decoded.right[one] !== null, decoded.right[other] !== null]
      if (a !== b) return decoded
      const found = a ? 'both' : 'neither'
      return left([located({ at: [], expected: `exactly one of ${quoted([one, other])}`, found }, input, context)])
    },
    value => shape.codec.encode(value),
  ),
})
