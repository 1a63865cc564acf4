/**
 * The shape of a config's `sweep`: dotted keys of the config, each with the values to try.
 * Not checked here: the values, which are decoded with the config they are put into.
 */
import { left } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts/lib/index.js'
import { sweepCombinations, type Json, type Sweep } from '../../domain/experiment/config.js'
import { located, type Misfit } from '../decoding.js'
import { choice, suggestion } from './scalar.js'
import type { JsonSchema, Shape } from './shape.js'

const isSchema = (u: Json | undefined): u is JsonSchema => typeof u === 'object' && u !== null && !Array.isArray(u)

const alternatives = (schema: JsonSchema): readonly JsonSchema[] => {
  const branches = [schema.oneOf, schema.anyOf].flatMap(b => (Array.isArray(b) ? (b as readonly Json[]) : [])) // Json[]
  return [schema, ...branches.filter(isSchema).flatMap(alternatives)]
}

/** Schemas of what may stand under one step of a path, and the names such steps may have. */
const below = (
  schemas: readonly JsonSchema[],
  step: string,
): { to: readonly JsonSchema[]; known: readonly string[] } => {
  const all = schemas.flatMap(alternatives)
  const properties = all.flatMap(s => (isSchema(s.properties) ? [s.properties] : []))
  const items = /^(0|[1-9]\d*)$/.test(step) ? all.flatMap(s => (isSchema(s.items) ? [s.items] : [])) : []
  return {
    to: [...items, ...properties.flatMap(p => (isSchema(p[step]) && Object.hasOwn(p, step) ? [p[step]] : []))],
    known: [...new Set(properties.flatMap(p => Object.keys(p)))],
  }
}

/** What is wrong with a dotted key, given the schema of the config it points into; null if it names something. */
const wrongKey = (config: JsonSchema, key: string): string | null => {
  let schemas: readonly JsonSchema[] = [config]
  for (const step of key.split('.')) {
    const { to, known } = below(schemas, step)
    if (to.length === 0) return `a dotted key of the config, such as "hardware.adc.bits"${suggestion(step, known)}`
    schemas = to
  }
  return null
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
        const expected = wrongKey(config, key)
        if (expected !== null) return [{ at: [key], expected, found: `the unknown key ${JSON.stringify(key)}` }]
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
