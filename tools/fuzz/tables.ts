/** Kinds of what results are kept in and found by: tables in both formats, the list of tables, the records of shards. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { isRight } from 'fp-ts/lib/Either.js'
import { tooManyPasses } from '../../src/domain/experiment/available.js'
import { isJsonObject, type Json, type JsonObject } from '../../src/domain/experiment/config.js'
import { resultsRevision } from '../../src/domain/experiment/plan.js'
import { predictionsTable } from '../../src/domain/tables/predictions.js'
import type { Cell, Column, Row } from '../../src/domain/tables/table.js'
import { version } from '../../src/domain/version.js'
import { canonicalJson } from '../../src/io/config/canonical.js'
import { readExperiment } from '../../src/io/config/settings.js'
import { sha256 } from '../../src/io/hash.js'
import { readShardRecord, recordFile, type RecordedExperiment } from '../../src/io/shardRecord.js'
import { readTable } from '../../src/io/tables/read.js'
import { layOutRecorded } from '../../src/pipelines/experiment/shardRecord.js'
import { readList } from '../../src/pipelines/tableFiles.js'
import { spoiltBytes } from './bytes.js'
import { spoiltJson } from './json.js'
import { text, type Kind, type Wrong } from './kind.js'
import type { Random } from './random.js'
import { written } from './written.js'

const rowsThere = 40

/** Those with a reader of their own. */
const formats = ['parquet', 'arrow'] as const
type Format = (typeof formats)[number]

const rows = Array.from({ length: rowsThere }, (_, i) => {
  const where = { task: i % 2 === 0 ? 'sst2' : '', method: 'naïve', chip: i % 5 === 0 ? null : i, read: 0 }
  const logits = Float32Array.from({ length: i % 3 }, (_, k) => i / (k + 3))
  return { ...where, time_seconds: 3600, example: i, label: i % 2, prediction: i / 7, logits }
})
const whole = {
  parquet: await written('parquet', predictionsTable, rows),
  arrow: await written('arrow', predictionsTable, rows),
}

/** The footer's length stands before the magic number in both formats, which differ in how long that is. */
const magicBytes = { parquet: 4, arrow: 6 } as const

/** The footer is where structure is: half of the cases have their change there, and a length that fits again. */
const spoiltTable = (format: Format, random: Random): Uint8Array => {
  const bytes = whole[format]
  if (random.chance(0.5)) return spoiltBytes(bytes, random)
  const end = bytes.length - 4 - magicBytes[format]
  const footer = end - new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true)
  const spoilt = spoiltBytes(bytes.subarray(footer, end), random)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(spoilt.length)
  return Buffer.concat([bytes.subarray(0, footer), spoilt, length, bytes.subarray(end + 4)])
}

const isNumber = (u: unknown): boolean => typeof u === 'number'

const fits = ({ type, nullable }: Column, cell: Cell | undefined): boolean => {
  if (cell === null || cell === undefined) return cell === null && nullable
  if (type === 'utf8') return typeof cell === 'string'
  if (type === 'float32 list') return typeof cell === 'object' && Array.from(cell).every(isNumber)
  return typeof cell === 'number' && (type !== 'int32' || Number.isInteger(cell))
}

const tableKind = (format: Format): Kind => ({
  name: `table-${format}`,
  spoilt: random => ({ [`predictions.${format}`]: spoiltTable(format, random) }),
  read: async (folder): Promise<Wrong> => {
    const { columns } = predictionsTable
    const path = join(folder, `predictions.${format}`)
    let count = 0
    for await (const rows of readTable<Row, string>(
      path,
      predictionsTable,
      columns.map(c => c.name),
    )) {
      count += rows.length
      for (const row of rows)
        for (const column of columns)
          if (!fits(column, row[column.name])) return `${column.name} is ${String(row[column.name])}`
    }
    return count <= 1000 * rowsThere ? null : `${count} rows`
  },
})

export const tableKinds: readonly Kind[] = formats.map(tableKind)

const hash = sha256('a file')

const list: Json = {
  ...{ 'ohmflow:version': version, 'ohmflow:seed': '1', 'ohmflow:config-sha256': hash },
  files: { 'scores.parquet': hash, 'tiles.arrow': hash },
}

export const tableList: Kind = {
  name: 'table-list',
  spoilt: random => ({ 'tables.json': spoiltJson(list, random) }),
  read: async (folder, files) => {
    const found = await readList(join(folder, 'tables.json'))
    if (found === null) return 'it is there and not found'
    // as: it was accepted as JSON of this shape
    const { files: listed = {}, ...rest } = JSON.parse(text(files['tables.json']).replace(/^\ufeff/, '')) as {
      readonly files?: object
    }
    const away = Object.keys(found.files).find(name => dirname(resolve(folder, name)) !== resolve(folder))
    if (away !== undefined) return `it leads to ${away}`
    return isDeepStrictEqual({ ...found.files }, { ...listed }) && isDeepStrictEqual({ ...found.provenance }, rest)
      ? null
      : 'it is read as another'
  },
}

const swept = await (async () => {
  const data = join(import.meta.dirname, '../../data')
  const folder = mkdtempSync(join(tmpdir(), 'ohmflow-fuzz-'))
  // as: a file of this repository
  const config = JSON.parse(readFileSync(join(data, 'config.json'), 'utf8')) as Readonly<Record<string, Json>>
  const path = join(folder, 'config.json')
  writeFileSync(path, JSON.stringify({ ...config, sweep: { 'hardware.outputNoise': [0, 0.04], seed: [1, 2] } }))
  const read = await readExperiment(path)()
  rmSync(folder, { recursive: true })
  if (!isRight(read)) throw new Error(read.left[0].expected)
  return read.right.settings
})()

const experiment: RecordedExperiment = {
  ...{ version, revision: resultsRevision, columns: swept.columns, tensorflow: null, files: {} },
  provenance: [['ohmflow:version', version]],
  settings: swept.all.map(({ choices, cells, config }) => ({
    ...{ choices, cells, config },
    tasks: config.tasks.map((_, i) => i),
  })),
  tasks: swept.all[0].config.tasks.map(() => ({
    inputs: { checkpoint: hash, tokenizer: hash, data: hash, calibration: hash },
    labelled: true,
    architecture: {
      ...{ vocabulary: 600, positions: 66, tokenTypes: 1, hidden: 64, layers: 2, heads: 2, intermediate: 128 },
      ...{ layerNormEpsilon: 1e-5, paddingId: 1, labels: 2 },
    },
  })),
}
const record = recordFile({ shard: { index: 0, of: 2 }, experiment })
const recordName = 'a.shard.json'

/** With a hash that holds, where the text is still an object. */
const signed = (bytes: Uint8Array, change: (value: JsonObject) => JsonObject = value => value): Uint8Array => {
  try {
    const value = JSON.parse(text(bytes)) as Json // as: what it gives
    if (!isJsonObject(value)) return bytes
    const rest = Object.fromEntries(Object.entries(change(value)).filter(([key]) => key !== 'sha256'))
    return Buffer.from(JSON.stringify({ ...rest, sha256: sha256(canonicalJson(rest)) }))
  } catch {
    return bytes
  }
}

/** A case from before, as a record of this version: of another it would be refused for that alone. */
export const currentRecord = (bytes: Uint8Array): Uint8Array =>
  signed(bytes, ({ experiment: old, ...rest }) => ({
    ...rest,
    experiment: old !== undefined && isJsonObject(old) ? { ...old, version, revision: resultsRevision } : (old ?? null),
  }))

export const recordKind: Kind = {
  name: 'shard-record',
  spoilt: random => {
    const spoilt = spoiltJson(JSON.parse(record.text) as Json, random) // as: it was written as JSON
    return { [recordName]: random.chance(0.8) ? signed(spoilt) : spoilt }
  },
  read: async folder => {
    const path = join(folder, recordName)
    const found = await readShardRecord(path)
    const { columns, settings } = found.experiment
    for (const [i, { cells }] of settings.entries()) {
      if (Object.keys(cells).length !== columns.length) return `setting ${i} has other cells than there are columns`
      const odd = columns.find(column => !fits(column, cells[column.name]))
      if (odd !== undefined) return `setting ${i} has ${String(cells[odd.name])} as its ${odd.name}`
    }
    if (tooManyPasses(path, settings) !== null) return 'it has more passes than a plan'
    if (!(found.shard.index < found.shard.of)) return `shard ${found.shard.index} of ${found.shard.of}`
    const laid = layOutRecorded(found.experiment, folder)
    return laid.settings.length === settings.length ? null : `${laid.settings.length} settings of ${settings.length}`
  },
}
