/**
 * Tables as Apache Parquet through hyparquet-writer: row groups of fixed size, SNAPPY, the Arrow schema and the
 * provenance in the footer. Not modelled: nested records, encryption, bloom filters.
 */
import { ByteWriter, ParquetWriter, type SchemaElement, type Writer } from 'hyparquet-writer'
import type { Column, Provenance, Row, Table } from '../../domain/tables/table.js'
import type { ByteSink } from '../atomicFile.js'
import { arrowSchemaMessage } from './arrow.js'
import { grouped, type TableSink } from './sink.js'

const groupRows = 16384

const elements = (column: Column): SchemaElement[] => {
  const repetition_type = column.nullable ? 'OPTIONAL' : 'REQUIRED'
  switch (column.type) {
    case 'utf8':
      return [
        {
          name: column.name,
          type: 'BYTE_ARRAY',
          converted_type: 'UTF8',
          logical_type: { type: 'STRING' },
          repetition_type,
        },
      ]
    case 'int32':
      return [{ name: column.name, type: 'INT32', repetition_type }]
    case 'float64':
      return [{ name: column.name, type: 'DOUBLE', repetition_type }]
    case 'float32 list':
      return [
        { name: column.name, repetition_type, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
      ]
  }
}

/** The library's buffer, emptied into the sink after every row group. */
const sinkWriter = (sink: ByteSink): Writer => {
  const buffer = new ByteWriter(1 << 16)
  const flush = async (): Promise<void> => {
    const bytes = buffer.getBytes().slice()
    buffer.index = 0
    await sink.write(bytes)
  }
  return Object.assign(buffer, { flush, finish: flush })
}

const cells = (column: Column, rows: readonly Row[]): unknown[] =>
  rows.map(row => {
    const cell = row[column.name] ?? null
    return cell instanceof Float32Array ? Array.from(cell) : cell
  })

/** A Parquet file written to `sink`; `close` writes the footer. */
export const parquetSink = <Name extends string>(
  table: Table<Name>,
  provenance: Provenance,
  sink: ByteSink,
): TableSink<Name> => {
  const writer = new ParquetWriter({
    writer: sinkWriter(sink),
    schema: [{ name: 'root', num_children: table.columns.length }, ...table.columns.flatMap(elements)],
    kvMetadata: [
      ...[...provenance].map(([key, value]) => ({ key, value })),
      { key: 'ARROW:schema', value: arrowSchemaMessage(table, provenance) },
    ],
    createdBy: 'ohmflow',
  })
  return grouped<Name>(
    groupRows,
    async rows => {
      await writer.write({
        columnData: table.columns.map(column => ({ name: column.name, data: cells(column, rows) })),
        rowGroupSize: rows.length,
      })
    },
    async () => {
      await writer.finish()
    },
  )
}
