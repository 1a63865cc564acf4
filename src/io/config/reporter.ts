/**
 * The one reporter of codec errors: each becomes a Problem whose place is the JSON path.
 * Not here: JSON's own syntax faults, which are placed by line and column.
 */
import type * as t from 'io-ts/lib/index.js'
import { problem, type Problem } from '../../domain/problem.js'
import { Fault } from './shape.js'

const longest = 60

/** How a value is shown in a message: short, on one line. */
export const shown = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value)
  return text.length > longest ? `${text.slice(0, longest)}...` : text
}

/** `tiles.0.rows`; keys that are no plain words stand in brackets: `sweep["hardware.adc.bits"]`. */
export const place = (keys: readonly string[]): string =>
  keys.reduce(
    (path, key) => (/^[\w$-]+$/.test(key) ? (path === '' ? key : `${path}.${key}`) : `${path}[${JSON.stringify(key)}]`),
    '',
  )

const report = (file: string, error: t.ValidationError): Problem => {
  const last = error.context.at(-1)
  const steps = error.context.slice(1).filter(entry => !(entry.type instanceof Fault))
  const at = place(steps.map(entry => entry.key))
  return last?.type instanceof Fault
    ? problem(file, at, last.type.expected, last.type.found)
    : problem(file, at, error.message ?? last?.type.name ?? 'another value', shown(error.value))
}

/** All errors, in the order found. */
export const problems = (file: string, errors: readonly t.ValidationError[]): readonly Problem[] =>
  errors.map(error => report(file, error))
