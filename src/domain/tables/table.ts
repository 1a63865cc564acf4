/**
 * A table as a value: its name and its columns with types and units. One definition gives the Arrow schema and the
 * Parquet schema. Not modelled: dictionaries, nested records, partitions.
 */
export type ColumnType = 'utf8' | 'int32' | 'float64' | 'float32 list'

export type Cell = string | number | null | Float32Array

export interface Column<Name extends string = string> {
  readonly name: Name
  readonly type: ColumnType
  readonly nullable: boolean
  /** Unit as written in the field's metadata: 's', 'uS', '1' for a pure number, '' for names. */
  readonly unit: string
  readonly description: string
}

const holds: Readonly<Record<ColumnType, (cell: unknown) => boolean>> = {
  utf8: cell => typeof cell === 'string',
  int32: cell => typeof cell === 'number' && cell === (cell | 0),
  float64: cell => typeof cell === 'number',
  'float32 list': cell => Array.isArray(cell) && cell.every(item => typeof item === 'number'),
}

/** Whether something read from a file may stand in a column; a list as an array. */
export const isCellOf = ({ type, nullable }: Pick<Column, 'type' | 'nullable'>, cell: unknown): boolean =>
  cell === null ? nullable : holds[type](cell)

export interface Table<Name extends string = string> {
  readonly name: string
  readonly columns: readonly Column<Name>[]
}

export type Row<Name extends string = string> = Readonly<Record<Name, Cell>>

/** Facts that hold for every row: the config's hash, the inputs' hashes, seed, version. Nothing that a clock or host gives. */
export type Provenance = ReadonlyMap<string, string>
