/**
 * Tables as Apache Arrow IPC, file or stream, written batch by batch with back-pressure; and the Arrow schema that
 * the Parquet files carry too. Not modelled: compression of buffers, dictionaries.
 */
import { open } from 'node:fs/promises'
import {
  DataType,
  Field,
  Float32,
  Float64,
  Int32,
  List,
  Precision,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Utf8,
  makeData,
  vectorFromArray,
  type Data,
  type Vector,
} from 'apache-arrow'
import type { Cell, Column, ColumnType, Provenance, Row, Table } from '../../domain/tables/table.js'
import type { ByteSink } from '../atomicFile.js'
import { fail } from '../../domain/problem.js'
import { failureOf } from '../fault.js'
import { grouped, type TableSink } from './sink.js'

const batchRows = 8192

const arrowType = (type: ColumnType): DataType => {
  switch (type) {
    case 'utf8':
      return new Utf8()
    case 'int32':
      return new Int32()
    case 'float64':
      return new Float64()
    case 'float32 list':
      return new List(new Field('element', new Float32(), false))
  }
}

/** The Arrow schema of a table: units and descriptions in field metadata, provenance in schema metadata. */
export const arrowSchema = (table: Table, provenance: Provenance): Schema =>
  new Schema(
    table.columns.map(
      c =>
        new Field(
          c.name,
          arrowType(c.type),
          c.nullable,
          new Map([
            ['unit', c.unit],
            ['description', c.description],
          ]),
        ),
    ),
    new Map(provenance),
  )

/** The column type an Arrow type stands for; null: none. */
const columnType = (type: DataType): ColumnType | null => {
  if (DataType.isUtf8(type)) return 'utf8'
  if (DataType.isInt(type)) return type.bitWidth === 32 && type.isSigned ? 'int32' : null
  if (DataType.isFloat(type)) return type.precision === Precision.DOUBLE ? 'float64' : null
  if (!DataType.isList(type)) return null
  const inner = type.valueType as DataType // as: the library types it as any
  return DataType.isFloat(inner) && inner.precision === Precision.SINGLE ? 'float32 list' : null
}

/** The columns that `arrowSchema` made a schema of. @throws Failure for a type that no table has */
export const columnsIn = (file: string, schema: Schema): readonly Column[] =>
  schema.fields.map(({ name, type, nullable, metadata }) => {
    const known = columnType(type as DataType) // as: the library types a field's type as any
    if (known === null) return fail(file, `column ${JSON.stringify(name)}`, 'a type of a table', String(type))
    const [unit, description] = [metadata.get('unit') ?? '', metadata.get('description') ?? '']
    return { name, type: known, nullable, unit, description }
  })

/** The schema in a message as `arrowSchemaMessage` gives it. */
export const schemaIn = (message: string): Schema => {
  const reader = RecordBatchReader.from(Buffer.from(message, 'base64'))
  return reader.open().schema
}

const recordBatch = (schema: Schema, rows: readonly Row[]): RecordBatch => {
  const children = schema.fields.map(field => {
    const column = vectorFromArray(
      rows.map(row => row[field.name] ?? null),
      field.type,
    )
    if (column.data.length !== 1) throw new Error(`column ${field.name} is not one chunk`)
    return column.data[0] as Data // as: the library types its chunks as any
  })
  const type = new Struct(schema.fields)
  return new RecordBatch(schema, makeData({ type, length: rows.length, nullCount: 0, children }))
}

class FileWriter extends RecordBatchFileWriter {
  get bytes(): number {
    return this._position
  }
}
class StreamWriter extends RecordBatchStreamWriter {
  get bytes(): number {
    return this._position
  }
}

/**
 * The library's writers queue everything at once; here what a call produced is taken and written before the next call.
 */
const drained = (writer: FileWriter | StreamWriter, sink: ByteSink): ((closed: boolean) => Promise<void>) => {
  const chunks = writer[Symbol.asyncIterator]()
  let taken = 0
  return async closed => {
    while (closed || taken < writer.bytes) {
      const next = await chunks.next()
      if (next.done === true) return
      taken += next.value.byteLength
      await sink.write(next.value)
    }
  }
}

const arrowSink = <Name extends string>(
  writer: FileWriter | StreamWriter,
  schema: Schema,
  sink: ByteSink,
): TableSink<Name> => {
  const drain = drained(writer, sink)
  writer.reset(undefined, schema)
  return grouped<Name>(
    batchRows,
    async rows => {
      writer.write(recordBatch(schema, rows))
      await drain(false)
    },
    async () => {
      writer.close()
      await drain(true)
    },
  )
}

/** Arrow IPC file ("Feather v2"): random access, a footer at the end. */
export const arrowFileSink = <Name extends string>(
  table: Table<Name>,
  provenance: Provenance,
  sink: ByteSink,
): TableSink<Name> => arrowSink<Name>(new FileWriter(), arrowSchema(table, provenance), sink)

/** Arrow IPC stream, for pipes. */
export const arrowStreamSink = <Name extends string>(
  table: Table<Name>,
  provenance: Provenance,
  sink: ByteSink,
): TableSink<Name> => arrowSink<Name>(new StreamWriter(), arrowSchema(table, provenance), sink)

/** The schema's IPC message in base64: what Arrow readers look for under `ARROW:schema` in a Parquet footer. */
export const arrowSchemaMessage = (table: Table, provenance: Provenance): string => {
  const writer = new StreamWriter({ autoDestroy: false })
  writer.reset(undefined, arrowSchema(table, provenance))
  const stream = writer.finish().toUint8Array(true)
  const length = new DataView(stream.buffer, stream.byteOffset).getInt32(4, true)
  return Buffer.from(stream.subarray(0, 8 + length)).toString('base64')
}

/** Record batches of an IPC stream or file, as they come. */
export const arrowBatches = async function* (bytes: AsyncIterable<Uint8Array>): AsyncGenerator<RecordBatch> {
  const reader = await RecordBatchReader.from(bytes)
  try {
    for await (const batch of reader) yield batch
  } finally {
    await reader.cancel()
  }
}

/** The schema of an IPC file, which stands in its footer. @throws Failure if it cannot be opened */
export const arrowFileSchema = async (path: string): Promise<Schema> => {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw failureOf(path, error)
  })
  try {
    return (await (await RecordBatchReader.from(handle)).open()).schema
  } finally {
    await handle.close().catch(() => undefined) // the reader may have closed it
  }
}

/** Record batches of an IPC file, one at a time: its schema stands in the footer alone. @throws Failure if it cannot be opened */
export const arrowFileBatches = async function* (path: string): AsyncGenerator<RecordBatch> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw failureOf(path, error)
  })
  try {
    const reader = await RecordBatchReader.from(handle)
    for await (const batch of reader) yield batch
  } finally {
    await handle.close().catch(() => undefined) // the reader may have closed it
  }
}

/** The rows of a batch of this table. */
export const rowsOf = function* (path: string, batch: RecordBatch, table: Table): Generator<Row> {
  const columns = table.columns.map(({ name, type }) => {
    const found: Vector | null = batch.getChild(name)
    if (found === null) throw new Error(`${path}: no column ${name}`)
    const get = (i: number): Cell => found.get(i) as Cell // as: the types of Cell are all that a table's columns hold
    const list = (i: number): Cell => Float32Array.from((found.get(i) as Vector).toArray() as Float32Array) // as: a list's value is a vector
    return { name, get: type === 'float32 list' ? list : get }
  })
  for (let i = 0; i < batch.numRows; i++) yield Object.fromEntries(columns.map(({ name, get }) => [name, get(i)]))
}
