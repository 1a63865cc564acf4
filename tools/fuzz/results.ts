/** Kinds of what ohmflow writes itself: configs (a person's), unit files, files of ranges. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import Ajv from 'ajv'
import { isRight } from 'fp-ts/lib/Either.js'
import { mapLeft } from 'fp-ts/lib/TaskEither.js'
import type { Json } from '../../src/domain/experiment/config.js'
import { tooManyPasses, unavailable } from '../../src/domain/experiment/available.js'
import type { Settings } from '../../src/domain/experiment/sweep.js'
import { firstOf } from '../../src/domain/problem.js'
import { columnRangesTable, tileRangesTable } from '../../src/domain/tables/ranges.js'
import type { Row } from '../../src/domain/tables/table.js'
import { configHash } from '../../src/io/config/canonical.js'
import { decodeConfig, encodeConfig } from '../../src/io/config/config.js'
import { readExperiment } from '../../src/io/config/settings.js'
import { orThrow } from '../../src/io/fault.js'
import { readRangesFile } from '../../src/io/rangesFile.js'
import { provenanceOf, readUnit, unitState, writeRows, writeUnit } from '../../src/io/unitFile.js'
import { spoiltBytes } from './bytes.js'
import { spoiltJson } from './json.js'
import { text, type Kind, type Wrong } from './kind.js'

// as: files of this repository
const given = ['config.json', 'hwa.json'].map(
  name =>
    JSON.parse(readFileSync(join(import.meta.dirname, '../../data', name), 'utf8')) as { readonly [key: string]: Json },
)
const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../schema/ohmflow.schema.json'), 'utf8')) as object // as: one too
const valid = new Ajv.default({ strict: false, allowUnionTypes: true }).compile(schema)

const richer = given.map(config => ({
  ...config,
  train: { preset: 'fast', epochs: 2, learn: ['input ranges'], weightNoise: { rule: 'device', time: '1 h', scale: 1 } },
  hardware: {
    ...(config['hardware'] as object), // as: an object of the file
    noiseScales: { programming: 1, drift: 0.5, read: 0 },
    wireResistanceOhm: 0.35,
  },
}))

const starts: Json = [{ rule: 'abs-max' }, { rule: 'optimal', start: { rule: 'output-current', inputs: 3 } }]
const axes: Json = { 'hardware.adc.bits': [6, 8], 'methods.1.columnRange': starts }
const swept = given.flatMap(config => [
  { ...config, sweep: axes },
  { ...config, sweep: { ...axes, combine: 'zipped', seed: [1, 2] } },
])

/** Settings are as many as their cells and configs tell apart, each a config that is the same when it is read again. */
const wrongSettings = (path: string, { columns, all }: Settings): Wrong => {
  const hashes = new Set(all.map(({ config: own }) => configHash(own)))
  if (hashes.size !== all.length) return `${all.length} settings of ${hashes.size} configs`
  for (const { index, cells, config: own } of all) {
    if (!isDeepStrictEqual(Object.keys(cells), [...new Set(columns.map(c => c.name))]))
      return `setting ${index} has other cells than there are columns`
    const again = decodeConfig(path, '/', encodeConfig(own))
    if (!isRight(again) || configHash(again.right) !== configHash(own))
      return `setting ${index} is another when it is read again`
    unavailable(path, own)
  }
  tooManyPasses(path, all)
  return null
}

export const config: Kind = {
  name: 'config',
  spoilt: random => ({ 'config.json': spoiltJson(random.pick(random.pick([given, richer, swept])), random) }),
  read: async (folder, files) => {
    const path = join(folder, 'config.json')
    const { config: decoded, settings } = await orThrow(mapLeft(firstOf)(readExperiment(path)))
    const json = JSON.parse(text(files['config.json']).replace(/^\ufeff/, '')) as Json // as: it was accepted as JSON
    if (!valid(json)) return `the schema refuses it: ${JSON.stringify(valid.errors?.[0])}`
    const again = decodeConfig(path, '/', encodeConfig(decoded))
    if (!isRight(again)) return `what it is written as is refused: ${again.left[0].place}: ${again.left[0].expected}`
    return isDeepStrictEqual(encodeConfig(again.right), encodeConfig(decoded))
      ? wrongSettings(path, settings)
      : 'it is another when it is read again'
  },
  command: folder => ({ args: ['plan', join(folder, 'config.json')] }),
}

const key = createHash('sha256').update('a unit').digest('hex')
const unitName = `${key}.unit`

const wholeUnit = await (async () => {
  const place = mkdtempSync(join(tmpdir(), 'ohmflow-fuzz-'))
  const path = join(place, unitName)
  await writeUnit(path, provenanceOf(key), async unit => {
    const common = { clipped_weights: 3, clipped_inputs: 1, expected_error: null, expected_error_start: 0.5 }
    await writeRows(
      unit,
      tileRangesTable,
      [0, 1].map(i => ({ ...common, input_range: i / 3 })),
    )
    await writeRows(
      unit,
      columnRangesTable,
      [0, 1, 2].map(i => ({ full_scale: i, gain: 1, abs_max: i, deviation: i / 7 })),
    )
  })
  const bytes = new Uint8Array(readFileSync(path))
  rmSync(place, { recursive: true })
  return bytes
})()

const signed = (body: Uint8Array): Uint8Array => Buffer.concat([body, createHash('sha256').update(body).digest()])

export const unit: Kind = {
  name: 'unit',
  // With a checksum that holds in two thirds of the cases: else nothing but the checksum is tried.
  spoilt: random => {
    if (random.chance(0.33)) return { [unitName]: spoiltBytes(wholeUnit, random) }
    const trailer = random.chance(0.3) ? 0 : 28
    const body = wholeUnit.subarray(0, -32)
    const cut = body.length - trailer
    return { [unitName]: signed(Buffer.concat([spoiltBytes(body.subarray(0, cut), random), body.subarray(cut)])) }
  },
  read: async (folder, files) => {
    const bytes = files[unitName] ?? new Uint8Array(0)
    const path = join(folder, unitName)
    const state = await unitState(path)
    const holds = bytes.length >= 44 && Buffer.from(signed(bytes.subarray(0, -32))).equals(bytes)
    if (state === 'whole' && !holds) return 'its checksum does not hold, and it is taken'
    if (state !== 'whole') return null
    for (const [place, table] of [tileRangesTable, columnRangesTable].entries())
      for await (const row of readUnit<Row>(path, table, place))
        for (const { name, type, nullable } of table.columns) {
          const cell = row[name]
          if (cell === null ? !nullable : type !== 'utf8' && typeof cell !== 'number')
            return `${name} is ${String(cell)}`
        }
    return null
  },
}

const rangesFile: Json = {
  schemaVersion: 1,
  method: 'optimal',
  tile: { rows: 64, columns: 64 },
  tasks: {
    sst2: {
      'encoder.layer.0.attention.self.query': [
        { inputRange: 2.28, fullScales: [0.121, 0.0984, 0], gains: [1.02, 0.99, 1], rowScales: [0.5, 1, 1.4142135] },
        { inputRange: 0.5, fullScales: [2], spareColumns: [0, 0], spareRows: [0, 3, 3] },
        { inputRange: null, fullScales: [1e-3, 3, 7] },
      ],
    },
  },
}

interface WrittenTile {
  readonly inputRange: number | null
  readonly fullScales: readonly number[]
  readonly gains?: readonly number[] | null
  readonly rowScales?: readonly number[] | null
  readonly spareColumns?: readonly number[] | null
  readonly spareRows?: readonly number[] | null
}

export const ranges: Kind = {
  name: 'ranges',
  spoilt: random => ({ 'a.ranges.json': spoiltJson(rangesFile, random) }),
  read: async (folder, files) => {
    const saved = await orThrow(readRangesFile(join(folder, 'a.ranges.json')))
    const written = JSON.parse(text(files['a.ranges.json']).replace(/^\ufeff/, '')) as {
      readonly tasks: Readonly<Record<string, Readonly<Record<string, readonly WrittenTile[]>>>>
    } // as: it was accepted
    for (const [task, layers] of Object.entries(written.tasks))
      for (const [layer, tiles] of Object.entries(layers))
        for (const [i, tile] of tiles.entries()) {
          const found = saved.tasks.get(task)?.get(layer)?.[i]
          const gains = tile.gains ?? tile.fullScales.map(() => 1)
          const same = (a: Float32Array | undefined, b: readonly number[]): boolean =>
            isDeepStrictEqual(a, Float32Array.from(b)) && b.every(Number.isFinite)
          const owners = (a: Uint16Array | null | undefined, b: readonly number[] | null | undefined): boolean =>
            isDeepStrictEqual(a === null ? null : [...(a ?? [])], b ?? null)
          if (
            found?.inputRange !== tile.inputRange ||
            !same(found.fullScales, tile.fullScales) ||
            !same(found.gains, gains) ||
            !same(found.rowScales, tile.rowScales ?? []) ||
            !owners(found.copies, tile.spareColumns) ||
            !owners(found.rowCopies, tile.spareRows)
          )
            return `tile ${i} of ${layer} is read as another`
        }
    return null
  },
}
