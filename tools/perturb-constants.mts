/**
 * Puts every constant of the device presets 5 % off, one at a time and both ways, and lists which tests catch it.
 * Ends with 1 if one goes unnoticed. `tsx tools/perturb-constants.mts [preset ...]`; minutes, for the sampling.
 * A change that alters no value of any law (a clip moved where it does not act) is said to be without effect.
 */
import { presetNames, presets, type Characterisation, type PresetName } from '../src/domain/devices/constants.js'
import { fitted } from '../src/domain/devices/fit.js'
import { literalValues, momentReference, statistical, type Presets } from '../test/domain/devices/guards.js'
import { surprising } from '../test/statistical.js'

type Path = readonly (string | number)[]

const skipped = new Set<string | number>(['valid'])

/** Where the numbers of a characterisation stand; ranges of validity and open ends are no constants. */
const constantsOf = (value: unknown, path: Path = []): readonly Path[] => {
  if (typeof value === 'number') return Number.isFinite(value) ? [path] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => (skipped.has(key) ? [] : constantsOf(inner, [...path, key])))
}

const scaledAt = (value: unknown, path: Path, factor: number): unknown => {
  const [first, ...rest] = path
  if (first === undefined) return typeof value === 'number' ? value * factor : value
  if (Array.isArray(value))
    return value.map((v: unknown, i) => (String(i) === String(first) ? scaledAt(v, rest, factor) : v))
  const record = value as Readonly<Record<string, unknown>> // a path leads through records and lists only
  return { ...record, [first]: scaledAt(record[first], rest, factor) }
}

const read = (value: unknown, path: Path): unknown =>
  path.reduce((at, key) => (at as Readonly<Record<string, unknown>>)[key], value) // as above

/** Whether no law differs at any of 13,000 ratios: then no test could tell. */
const same = (a: Characterisation, b: Characterisation): boolean =>
  a.gMax.value === b.gMax.value &&
  a.referenceTime.value === b.referenceTime.value &&
  a.readTime.value === b.readTime.value &&
  (['programmingDeviation', 'driftMean', 'driftDeviation', 'readNoise'] as const).every(law => {
    const [one, other] = [fitted(a[law]), fitted(b[law])]
    return Array.from({ length: 13_001 }, (_, i) => i / 10_000).every(r => one(r) === other(r))
  })

/** A table that a constructor refuses is noticed too. */
const caught = (find: () => readonly unknown[]): boolean => {
  try {
    return find().length > 0
  } catch (e) {
    if (e instanceof RangeError) return true
    throw e
  }
}

const guards: readonly (readonly [string, (table: Presets, name: PresetName) => readonly unknown[]])[] = [
  ['literal value', literalValues],
  ['moment reference', momentReference],
  ['statistical', (table, name) => surprising(statistical(table, name))],
]

const chosen = presetNames.filter(name => process.argv.length === 2 || process.argv.includes(name))
const tally = new Map<string, number>()
let changes = 0
let unnoticed = 0
for (const name of chosen) {
  for (const path of constantsOf(presets[name])) {
    const noticed = [1.05, 0.95].map(factor => {
      const spoiled = scaledAt(presets[name], path, factor) as Characterisation // the same shape, one number changed
      const sign = factor > 1 ? '+5 %' : '-5 %'
      if (same(presets[name], spoiled)) return { by: [], line: `${sign}: without effect` }
      const by = guards
        .filter(([, guard]) => caught(() => guard({ ...presets, [name]: spoiled }, name)))
        .map(([title]) => title)
      changes += 1
      for (const title of by) tally.set(title, (tally.get(title) ?? 0) + 1)
      return { by, line: `${sign}: ${by.length === 0 ? 'NOT CAUGHT' : by.join(', ')}` }
    })
    if (noticed.every(({ by }) => by.length === 0) || noticed.some(({ line }) => line.endsWith('NOT CAUGHT')))
      unnoticed += 1
    const label = `${name}.${path.join('.')} = ${String(read(presets[name], path))}`
    console.log(`${label.padEnd(64)} ${noticed.map(({ line }) => line).join('; ')}`)
  }
}
console.log(`${changes} changes: ${[...tally].map(([title, n]) => `${n} caught by ${title}`).join(', ')}`)
console.log(unnoticed === 0 ? 'every constant is guarded' : `${unnoticed} constants are not guarded`)
process.exitCode = unnoticed === 0 ? 0 : 1
