/** Changes of JSON values and of their text: keys, kinds, sizes, and what only a text can have wrong. */
import type { Json } from '../../src/domain/experiment/config.js'
import { spoiltBytes } from './bytes.js'
import type { Random } from './random.js'

const keys = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '',
  ' ',
  'é',
  '\u0000',
  '../x',
  'text',
  'pair',
]
const values: readonly Json[] = [
  ...[null, true, false, 0, -0, 1, -1, 0.5, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53)],
  ...['', ' ', 'a', '__proto__', 'constructor', '\ud800', '\u0000', '../../etc/passwd', '/etc/passwd', 'é', 'NaN'],
  ...[[], {}, [[]], [null], { a: 1 }, [1, 2, 3], 'x'.repeat(300)],
]

type Tree = readonly Json[] | { readonly [key: string]: Json }
const isTree = (value: Json): value is Tree => typeof value === 'object' && value !== null

const withEntry = (tree: Tree, key: string, value: Json): Json => {
  if (Array.isArray(tree)) return Object.assign([...(tree as readonly Json[])], { [key]: value })
  const out = { ...(tree as { readonly [key: string]: Json }) }
  Object.defineProperty(out, key, { value, enumerable: true, configurable: true, writable: true })
  return out
}

/** One change somewhere in a value. */
const changed = (value: Json, random: Random): Json => {
  const names = isTree(value) ? Object.keys(value) : []
  if (!isTree(value) || names.length === 0 || random.chance(0.08)) return random.pick(values)
  const name = random.pick(names)
  const at = (value as Readonly<Record<string, Json>>)[name] ?? null // as: a key of it
  if (random.chance(isTree(at) ? 0.85 : 0.4)) return withEntry(value, name, changed(at, random))
  const entries = Object.entries(value)
  switch (random.below(5)) {
    case 0: {
      const rest = entries.filter(([key]) => key !== name)
      return Array.isArray(value) ? rest.map(([, v]) => v) : Object.fromEntries(rest)
    }
    case 1:
      return Array.isArray(value) ? [...(value as readonly Json[]), at] : withEntry(value, random.pick(keys), at)
    case 2:
      return Array.isArray(value)
        ? (value as readonly Json[]).toReversed()
        : Object.fromEntries(entries.map(([k, v]) => [k === name ? random.pick(keys) : k, v]))
    case 3:
      return withEntry(value, name, (value as Readonly<Record<string, Json>>)[random.pick(names)] ?? null) // as: a key of it
    default:
      return withEntry(value, name, random.pick(values))
  }
}

/** A text for a value that was changed a few times; now and then the text is spoilt too, or instead. */
export const spoiltJson = (value: Json, random: Random): Uint8Array => {
  let out = value
  for (let n = random.below(3); n > 0; n--) out = changed(out, random)
  const text = new TextEncoder().encode(JSON.stringify(out))
  return random.chance(0.15) || (out === value && random.chance(0.7)) ? spoiltBytes(text, random) : text
}
