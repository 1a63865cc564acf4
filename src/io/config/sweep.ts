/**
 * The shape of a config's `sweep`: dotted keys of the config, each with the values to try.
 * Not checked here: the values, which are decoded with the config they are put into (`settings.ts`).
 */
import { left } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts/lib/index.js'
import { isJsonObject, sweepCombinations, type Json, type Sweep } from '../../domain/experiment/config.js'
import { located, type Misfit } from '../decoding.js'
import { choice, suggestion } from './scalar.js'
import type { JsonSchema, Shape } from './shape.js'
import type { KeyAbout } from '../../domain/experiment/sweep.js'

const alternatives = (schema: JsonSchema): readonly JsonSchema[] => {
  const branches = [schema.oneOf, schema.anyOf].flatMap(b => (Array.isArray(b) ? (b as readonly Json[]) : [])) // Json[]
  return [schema, ...branches.filter(isJsonObject).flatMap(alternatives)]
}

/** Schemas of what may stand under one step of a path, and the names such steps may have. */
const below = (
  schemas: readonly JsonSchema[],
  step: string,
): { to: readonly JsonSchema[]; known: readonly string[] } => {
  const all = schemas.flatMap(alternatives)
  const properties = all.flatMap(s => (isJsonObject(s.properties) ? [s.properties] : []))
  const items = /^(0|[1-9]\d*)$/.test(step) ? all.flatMap(s => (isJsonObject(s.items) ? [s.items] : [])) : []
  return {
    to: [...items, ...properties.flatMap(p => (isJsonObject(p[step]) && Object.hasOwn(p, step) ? [p[step]] : []))],
    known: [...new Set(properties.flatMap(p => Object.keys(p)))],
  }
}

/** Schemas of what a dotted key names, or the step that names nothing, with the names it may have. */
const schemasAt = (
  config: JsonSchema,
  key: string,
): { readonly to: readonly JsonSchema[]; readonly step: string; readonly known: readonly string[] } => {
  let schemas: readonly JsonSchema[] = [config]
  for (const step of key.split('.')) {
    const { to, known } = below(schemas, step)
    if (to.length === 0) return { to, step, known }
    schemas = to
  }
  return { to: schemas, step: '', known: [] }
}

/** Keys that no number of a run depends on. */
const idle: ReadonlySet<string> = new Set(['schema', 'name', 'train'])

/** What is wrong with a key of a sweep, given the schema of the config it points into and the other keys; null if nothing is. */
const wrongKey = (config: JsonSchema, key: string, others: readonly string[]): Omit<Misfit, 'at'> | null => {
  const { to, step, known } = schemasAt(config, key)
  if (to.length === 0) {
    const expected = `a dotted key of the config, such as "hardware.adc.bits"${suggestion(step, known)}`
    return { expected, found: `the unknown key ${JSON.stringify(key)}` }
  }
  const [first = ''] = key.split('.')
  if (idle.has(first))
    return { expected: 'a dotted key that the results of a run depend on', found: `one of "${first}"` }
  const within = others.find(other => other.startsWith(`${key}.`))
  if (within === undefined) return null
  return { expected: 'a dotted key that holds no other key of the sweep', found: `one that holds "${within}"` }
}

/** Whether a dotted key names something in a config of this schema. */
export const isKeyOf =
  (config: JsonSchema) =>
  (key: string): boolean =>
    schemasAt(config, key).to.length > 0

/**
 * What a key of a sweep is, from the schema of the config: its first description, and in it the unit between brackets.
 * @param config schema of the config without its sweep
 */
export const aboutKey =
  (config: JsonSchema) =>
  (key: string): KeyAbout => {
    const texts = schemasAt(config, key).to.flatMap(({ description }) =>
      typeof description === 'string' ? [description] : [],
    )
    const description = texts[0] ?? 'a key of the config'
    return { unit: /\[([^\]]+)\]/.exec(description)?.[1] ?? '', description }
  }

const isJsonArray = (u: unknown): u is readonly Json[] => Array.isArray(u)

const combination = choice(sweepCombinations)

/** @param config schema of the config without its sweep. */
export const sweep = (config: JsonSchema): Shape<Sweep> => ({
  schema: {
    type: 'object',
    properties: {
      combine: {
        description: '"crossed": every value with every other. "zipped": the first of each, then the second, ...',
        ...combination.schema,
        default: 'crossed',
      },
    },
    additionalProperties: { type: 'array', minItems: 1 },
    examples: [{ 'hardware.adc.bits': [5, 6, 7, 8], 'hardware.outputNoise': [0, 0.04] }],
  },
  codec: new t.Type<Sweep, Json>(
    'a sweep (an object such as {"hardware.adc.bits": [6, 8]})',
    (u): u is Sweep => typeof u === 'object' && u !== null && 'axes' in u,
    (input, context) => {
      if (typeof input !== 'object' || input === null || Array.isArray(input)) return t.failure(input, context)
      const { combine = 'crossed', ...rest } = input as Readonly<Record<string, unknown>> // an object, as just seen
      const combined = combination.codec.validate(
        combine,
        t.appendContext(context, 'combine', combination.codec, combine),
      )
      const entries = Object.entries(rest)
      const axes = entries
        .flatMap(([key, values]) => (isJsonArray(values) && values.length > 0 ? [{ key, values }] : []))
        .sort((a, b) => (a.key < b.key ? -1 : 1))
      const misfits = entries.flatMap(([key, values]): Misfit[] => {
        const wrong = wrongKey(config, key, Object.keys(rest))
        if (wrong !== null) return [{ at: [key], ...wrong }]
        if (isJsonArray(values) && values.length > 0) return []
        return [
          {
            at: [key],
            expected: 'values to try (an array of at least 1)',
            found: Array.isArray(values) ? 'an empty array' : 'no array',
          },
        ]
      })
      if (entries.length === 0) misfits.push({ at: [], expected: 'at least one key to sweep', found: 'none' })
      const lengths = new Set(axes.map(axis => axis.values.length))
      if (combine === 'zipped' && lengths.size > 1) {
        misfits.push({ at: [], expected: 'as many values for each zipped key', found: [...lengths].join(' and ') })
      }
      const errors = [
        ...(combined._tag === 'Left' ? combined.left : []),
        ...misfits.map(m => located(m, input, context)),
      ]
      return errors.length > 0 || combined._tag === 'Left' ? left(errors) : t.success({ combine: combined.right, axes })
    },
    ({ combine, axes }) => ({ combine, ...Object.fromEntries(axes.map(axis => [axis.key, axis.values])) }),
  ),
})
