/** The second Parquet writer against the first: the same values, nulls and metadata read back; what it would spoil refused. */
import { fc, test as property } from '@fast-check/vitest'
import { isLeft } from 'fp-ts/lib/Either.js'
import { parquetMetadata, parquetReadObjects, parquetSchema } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import { describe as inWords } from '../../../src/domain/problem.js'
import { predictionsTable } from '../../../src/domain/tables/predictions.js'
import { scoresTable } from '../../../src/domain/tables/scores.js'
import type { Cell, Column, Row, Table } from '../../../src/domain/tables/table.js'
import type { ByteSink } from '../../../src/io/atomicFile.js'
import { orThrow } from '../../../src/io/fault.js'
import { parquetSink } from '../../../src/io/tables/parquet.js'
import { loadParquetjs, parquetjsSink } from '../../../src/io/tables/parquetjs.js'
import type { TableSink } from '../../../src/io/tables/sink.js'

const written = async (make: (sink: ByteSink) => TableSink<string>, rows: readonly Row[]): Promise<ArrayBuffer> => {
  const chunks: Uint8Array[] = []
  const sink = make({ write: chunk => Promise.resolve(void chunks.push(chunk.slice())) })
  for (const row of rows) await sink.write(row)
  await sink.close()
  return Uint8Array.from(Buffer.concat(chunks)).buffer
}

/** Every type, with and without nulls, one in front with the name of a swept key. */
const table: Table = {
  name: 'all types',
  columns: (['utf8', 'int32', 'float64', 'float32 list'] as const).flatMap(type =>
    [false, true].map(nullable => ({
      ...{ name: `hardware.${type}.${nullable}`, type, nullable, unit: '1', description: 'of a test' },
    })),
  ),
}
const provenance = new Map([
  ['ohmflow:version', '1'],
  ['ohmflow:inputs', '[{"task":"µ"}]'],
])
const module = await orThrow(loadParquetjs('', ''))
const second = (rows: readonly Row[], of = table) => written(sink => parquetjsSink(module)<string>(of, provenance, sink), rows) // prettier-ignore
const first = (rows: readonly Row[], of = table) => written(sink => parquetSink<string>(of, provenance, sink), rows)

const number = fc.double({ noNaN: true }).map(v => (Object.is(v, -0) ? 0 : v))
const single = fc.float({ noNaN: true }).map(v => (Object.is(v, -0) ? 0 : v))
const cellOf = ({ type, nullable }: Column): fc.Arbitrary<Cell> => {
  const own: fc.Arbitrary<Cell> =
    type === 'utf8'
      ? fc.string({ unit: 'grapheme' })
      : type === 'int32'
        ? fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
        : type === 'float64'
          ? number
          : fc.array(single, { maxLength: 4 }).map(values => Float32Array.from(values))
  return nullable ? fc.option(own) : own
}
const anyRow = fc.record(Object.fromEntries(table.columns.map(c => [c.name, cellOf(c)])))

describe('tables through parquetjs-lite', () => {
  property.prop([fc.array(anyRow, { maxLength: 20 })], { numRuns: 40 })(
    'are read as those of the first writer: values, nulls, types, metadata',
    async rows => {
      const [a, b] = [await first(rows), await second(rows)]
      expect(await parquetReadObjects({ file: b })).toEqual(await parquetReadObjects({ file: a }))
      const about = (file: ArrayBuffer) => {
        const metadata = parquetMetadata(file)
        const elements = parquetSchema(metadata).children.map(({ element: { name, type, converted_type, repetition_type } }) => [name, type, converted_type, repetition_type]) // prettier-ignore
        return { elements, rows: metadata.num_rows, kv: metadata.key_value_metadata }
      }
      expect(about(b)).toEqual(about(a))
    },
  )

  test('more rows than a group has, in order, the same bytes twice', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i): Row => ({
      ...{ task: 'cola', method: 'x', chip: i % 3 === 0 ? null : i, read: 0, time_seconds: 1, example: i },
      ...{ label: null, prediction: i / 7, logits: Float32Array.of(i, -i - 1) },
    }))
    const file = await second(rows, predictionsTable)
    expect(parquetMetadata(file).row_groups.map(g => Number(g.num_rows))).toEqual([16_384, 3616])
    expect(await parquetReadObjects({ file })).toEqual(
      await parquetReadObjects({ file: await first(rows, predictionsTable) }),
    )
    expect(Buffer.from(await second(rows, predictionsTable)).equals(Buffer.from(file))).toBe(true)
  })

  test('what it would write as something else is refused, by column, type and value', async () => {
    const row: Row = { ...{ task: 'sst2', method: 'x', chip: 0, read: 0, time_seconds: 0 }, metric: 'accuracy', value: 1, agreement: null, examples: 1 } // prettier-ignore
    const refused = async (change: Row, ...parts: readonly string[]): Promise<void> => {
      const ended = second([row, { ...row, ...change }], scoresTable)
      for (const part of ['table "scores": row 1, column', ...parts]) await expect(ended).rejects.toThrow(part)
    }
    await refused({ value: NaN }, '"value"', 'float64', 'found NaN', '--formats parquet')
    await refused({ agreement: -0 }, '"agreement"', 'float64', 'found -0')
    await refused({ examples: 1.5 }, '"examples"', 'int32', 'found 1.5')
    await refused({ examples: 2 ** 40 }, '"examples"', 'found 1099511627776')
    await refused({ method: '\ud800' }, '"method"', 'utf8', 'half a surrogate pair')
    const logits = { ...row, example: 0, label: null, prediction: 0, logits: Float32Array.of(1, NaN) }
    await expect(second([logits], predictionsTable)).rejects.toThrow('row 0, column "logits"')
  })

  test('a sink that fails is told once, by whoever writes', async () => {
    const full = { write: () => Promise.reject(new Error('no space left')) }
    const sink = parquetjsSink(module)<string>(scoresTable, new Map(), full)
    await expect(sink.close()).rejects.toThrow('no space left')
  })

  test('where it is not installed, or is something else, it says what to install', async () => {
    const found = async (bring: () => Promise<unknown>): Promise<string> => {
      const loaded = await loadParquetjs('command line', '--formats', bring)()
      return isLeft(loaded) ? inWords(loaded.left) : 'loaded'
    }
    const absent = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    expect(await found(() => Promise.reject(absent))).toBe(
      'command line: --formats: expected parquetjs-lite (npm install parquetjs-lite), found none: parquetjs-lite is not installed',
    )
    expect(await found(() => Promise.resolve({}))).toContain('not the parquetjs-lite that it should be')
  })
})
