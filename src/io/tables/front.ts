/**
 * The columns that a file of results has in front of its table's own: those of a sweep. Read from its footer, without rows.
 * Not here: whether a sweep may have such columns.
 */
import { open } from 'node:fs/promises'
import { RecordBatchReader } from 'apache-arrow'
import { parquetMetadataAsync, parquetSchema } from 'hyparquet'
import type { Column, ColumnType, Table } from '../../domain/tables/table.js'
import { decoding, rangesOf, refuseFooterless } from '../parquetFile.js'
import { failureOf } from '../fault.js'
import { openSource, type Source } from '../source.js'

export interface FrontColumn extends Pick<Column, 'name' | 'nullable'> {
  /** Null: none that a sweep's column has. */
  readonly type: ColumnType | null
}

const parquetTypes: Readonly<Record<string, ColumnType>> = { BYTE_ARRAY: 'utf8', INT32: 'int32', DOUBLE: 'float64' }
const arrowTypes: Readonly<Record<string, ColumnType>> = { Utf8: 'utf8', Int32: 'int32', Float64: 'float64' }

const parquetColumns = async (source: Source): Promise<readonly FrontColumn[]> => {
  refuseFooterless(source)
  const file = rangesOf(source)
  const metadata = await decoding(source.path, 'footer', () => parquetMetadataAsync(file, { geoparquet: false }))
  return parquetSchema(metadata).children.map(({ element: { name, type, repetition_type } }) => ({
    ...{ name, nullable: repetition_type !== 'REQUIRED' },
    type: parquetTypes[type ?? ''] ?? null,
  }))
}

const arrowColumns = async ({ path }: Source): Promise<readonly FrontColumn[]> => {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw failureOf(path, error)
  })
  try {
    const reader = await RecordBatchReader.from(handle)
    const { schema } = await decoding(path, 'footer', () => reader.open())
    return schema.fields.map(f => ({ name: f.name, nullable: f.nullable, type: arrowTypes[String(f.type)] ?? null }))
  } finally {
    await handle.close().catch(() => undefined) // the reader may have closed it
  }
}

/**
 * @param file ends in .parquet or .arrow
 * @returns what stands before the first of the table's columns; all of a file that has not that one
 * @throws Failure for a file that cannot be read
 */
export const frontColumns = async (file: string, { columns }: Table): Promise<readonly FrontColumn[]> => {
  const source = await openSource(file)
  try {
    const found = await (file.endsWith('.arrow') ? arrowColumns : parquetColumns)(source)
    const place = found.findIndex(c => c.name === columns[0]?.name)
    return place < 0 ? found : found.slice(0, place)
  } finally {
    await source.close()
  }
}
