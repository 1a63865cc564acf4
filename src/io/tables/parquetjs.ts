/**
 * Tables as Apache Parquet through parquetjs-lite, a second writer, if the user has it: the values that `parquet.ts` writes,
 * in other bytes. What the library would write as something else is refused, by column and value: NaN (it throws), -0 (its
 * sign is lost), integers that are none (cut), text that is not whole Unicode (replaced). Tables have no 64-bit integers,
 * which it would corrupt above 2^53. Written without statistics (it orders text by UTF-16) and with pages of version 1.
 */
import { left, right } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { Failure, problem, type Problem } from '../../domain/problem.js'
import type { Cell, Column, Provenance, Row, Table } from '../../domain/tables/table.js'
import type { ByteSink } from '../atomicFile.js'
import { arrowSchemaMessage } from './arrow.js'
import type { TableSink } from './sink.js'

export const parquetjsPackage = 'parquetjs-lite'

interface Writer {
  readonly appendRow: (row: Readonly<Record<string, unknown>>) => Promise<void>
  readonly setMetadata: (key: string, value: string) => void
  readonly close: () => Promise<void>
}

/** As much of parquetjs-lite as is used; it has no types of its own. */
export interface Parquetjs {
  readonly ParquetSchema: new (fields: Readonly<Record<string, object>>) => object
  readonly ParquetEnvelopeWriter: new (
    schema: object,
    write: (bytes: Uint8Array) => Promise<void>,
    close: () => Promise<void>,
    offset: number,
    options: object,
  ) => object
  readonly ParquetWriter: new (schema: object, envelope: object, options: object) => Writer
}

/** `import()`, or a test's own. */
export type ImportModule = (name: string) => Promise<unknown>

const importModule: ImportModule = name => import(name) as Promise<unknown> // as: narrower than any; `moduleOf` looks at it

const isParquetjs = (value: unknown): value is Parquetjs =>
  typeof value === 'object' &&
  value !== null &&
  ['ParquetSchema', 'ParquetEnvelopeWriter', 'ParquetWriter'].every(
    name => typeof Reflect.get(value, name) === 'function',
  )

/** It is CommonJS: `default` has all of it. */
const moduleOf = (module: unknown): Parquetjs => {
  const whole = typeof module === 'object' && module !== null && 'default' in module ? module.default : module
  if (!isParquetjs(whole)) throw new TypeError('not the parquetjs-lite that it should be')
  return whole
}

/** The package, or a Problem that says what to install. @param file,place where it is asked for */
export const loadParquetjs =
  (file: string, place: string, bring: ImportModule = importModule): TaskEither<Problem, Parquetjs> =>
  async () => {
    try {
      return right(moduleOf(await bring(parquetjsPackage)))
    } catch (error) {
      const absent = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
      const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
      const why = absent ? `${parquetjsPackage} is not installed` : `${parquetjsPackage} cannot be loaded (${line})`
      return left(problem(file, place, `${parquetjsPackage} (npm install ${parquetjsPackage})`, `none: ${why}`))
    }
  }

const groupRows = 16384

const types = { utf8: 'UTF8', int32: 'INT32', float64: 'DOUBLE' } as const

const plain = { compression: 'SNAPPY', statistics: false } as const

const fieldOf = ({ type, nullable }: Column): object =>
  type === 'float32 list'
    ? {
        ...{ type: 'LIST', optional: nullable, statistics: false },
        fields: { list: { repeated: true, statistics: false, fields: { element: { type: 'FLOAT', ...plain } } } },
      }
    : { type: types[type], optional: nullable, ...plain }

/** What would not be read back as it is; null if it would. */
const spoilt = (type: Column['type'], value: string | number): string | null => {
  if (typeof value === 'string') return /\p{Surrogate}/u.test(value) ? 'text with half a surrogate pair' : null
  if (Number.isNaN(value)) return 'NaN'
  if (Object.is(value, -0)) return '-0'
  return type === 'int32' && value !== (value | 0) ? String(value) : null
}

/** @throws Failure */
const checked = (table: string, { name, type }: Column, row: number, cell: Cell): unknown => {
  if (cell === null) return null
  const values = cell instanceof Float32Array ? Array.from(cell) : [cell]
  for (const value of values) {
    const found = spoilt(type, value)
    const place = `row ${row}, column ${JSON.stringify(name)}`
    const expected = `a ${type} that ${parquetjsPackage} writes as it is (--formats parquet has no such limit)`
    if (found !== null) throw new Failure(problem(`table "${table}"`, place, expected, found))
  }
  return cell instanceof Float32Array ? { list: values.map(element => ({ element })) } : cell
}

/** The library throws texts. */
const asError = (error: unknown): unknown =>
  typeof error === 'string' ? new Error(`${parquetjsPackage}: ${error}`) : error

/** A Parquet file written to `sink`; `close` writes the footer. */
export const parquetjsSink =
  ({ ParquetSchema, ParquetEnvelopeWriter, ParquetWriter }: Parquetjs) =>
  <Name extends string>(table: Table<Name>, provenance: Provenance, sink: ByteSink): TableSink<Name> => {
    // It does not wait for what it writes first: what is written stands in a row, and each call waits for it.
    let written: Promise<void> = Promise.resolve()
    const write = (bytes: Uint8Array): Promise<void> => {
      written = written.then(() => sink.write(bytes))
      written.catch(() => undefined) // told by the call that waits
      return written
    }
    const schema = new ParquetSchema(Object.fromEntries(table.columns.map(column => [column.name, fieldOf(column)])))
    const options = { useDataPageV2: false, rowGroupSize: groupRows, pageIndex: false }
    const envelope = new ParquetEnvelopeWriter(schema, write, () => Promise.resolve(), 0, options)
    const writer = new ParquetWriter(schema, envelope, options)
    for (const [key, value] of provenance) writer.setMetadata(key, value)
    writer.setMetadata('ARROW:schema', arrowSchemaMessage(table, provenance))
    let rows = 0
    const done = async (work: () => Promise<void>): Promise<void> => {
      try {
        await work()
        await written
      } catch (error) {
        throw asError(error)
      }
    }
    return {
      write: row => {
        const own: Row = row
        const cells = table.columns.map(c => [c.name, checked(table.name, c, rows, own[c.name] ?? null)] as const)
        rows += 1
        return done(() => writer.appendRow(Object.fromEntries(cells)))
      },
      close: () => done(() => writer.close()),
    }
  }
