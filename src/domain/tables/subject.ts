/**
 * What a row of a table is about, as far as tables share it: a task and a method, and a place on the method's chip.
 * Not here: which repetition (`repetition.ts`).
 */
import type { Column } from './table.js'

export type SubjectColumn = 'task' | 'method'

/** An alias, not an interface: rows must stay assignable to records of cells. */
export type Subject = {
  readonly task: string
  readonly method: string
}

/** First in each table, in this order. */
export const subjectColumns: readonly Column<SubjectColumn>[] = [
  { name: 'task', type: 'utf8', nullable: false, unit: '', description: 'GLUE task' },
  { name: 'method', type: 'utf8', nullable: false, unit: '', description: 'method, as named in the config' },
]

export type PlaceColumn = 'layer' | 'tile'

/** An alias, not an interface, as above. */
export type Place = {
  readonly layer: string
  /** Position within the layer, row pieces outermost (`Tile.index`). */
  readonly tile: number
}

export const layerColumn: Column<'layer'> = {
  name: 'layer',
  type: 'utf8',
  nullable: false,
  unit: '',
  description: 'linear layer, by its Hugging Face name',
}

export const placeColumns: readonly Column<PlaceColumn>[] = [
  layerColumn,
  {
    name: 'tile',
    type: 'int32',
    nullable: false,
    unit: '1',
    description: 'zero-based position of the tile in its layer, pieces of rows outermost',
  },
]
