/**
 * What a report needs of the tables, read a window of rows at a time: scores whole, of the others means and counts. The
 * predictions are not read.
 */
import { averages, type Average } from '../../domain/report/averages.js'
import type { LayerError, SourceError } from '../../domain/report/budget.js'
import { binCount, binOf, type ColumnRanges, type DriftFactor } from '../../domain/report/columns.js'
import type { LayerCuts, MethodCuts } from '../../domain/report/converters.js'
import { columnsTable, type ColumnRow } from '../../domain/tables/columns.js'
import { errorsTable, type ErrorRow } from '../../domain/tables/errors.js'
import { scoresTable, type ScoreRow } from '../../domain/tables/scores.js'
import { tilesTable, type TileRow } from '../../domain/tables/tiles.js'
import type { Column, Row, Table } from '../../domain/tables/table.js'
import { readTable } from '../../io/tables/read.js'

/** The rows of one setting of a sweep; without a sweep, which has no columns, all. */
export interface OneSetting {
  /** What tells settings apart, in front of every table. */
  readonly columns: readonly Column[]
  readonly cells: Row
}

const withFront = <Name extends string>(columns: readonly Column[], table: Table<Name>): Table => ({
  ...table,
  columns: [...columns, ...table.columns],
})

/** Some columns of a table, a window of rows at a time. */
const rowsIn = async function* <R extends Row, Name extends keyof R & string>(
  file: string,
  table: Table<keyof R & string>,
  names: readonly Name[],
  { columns, cells }: OneSetting,
): AsyncGenerator<readonly Pick<R, Name>[]> {
  const front = columns.map(c => c.name)
  for await (const rows of readTable<Row, string>(file, withFront(columns, table), [...front, ...names])) {
    const own = rows.filter(row => front.every(name => row[name] === cells[name]))
    yield own as unknown as readonly Pick<R, Name>[] // as: of the table's types, which `readTable` has checked
  }
}

/** Of all settings, each row with what tells its setting apart. @param columns none without a sweep */
export const gatherScores = async (file: string, columns: readonly Column[]): Promise<readonly ScoreRow[]> => {
  const table = withFront(columns, scoresTable)
  const all: ScoreRow[] = []
  for await (const rows of readTable<ScoreRow & Row, string>(
    file,
    table,
    table.columns.map(c => c.name),
  ))
    all.push(...(rows as readonly ScoreRow[])) // as: all columns
  return all
}

export interface Errors {
  readonly sources: readonly SourceError[]
  /** At the last time. */
  readonly layers: readonly LayerError[]
}

export const gatherErrors = async (file: string, setting: OneSetting): Promise<Errors> => {
  const names = ['method', 'time_seconds', 'layer', 'source', 'error', 'predicted'] as const
  type Read = Pick<ErrorRow, (typeof names)[number]>
  const bySource = averages<Read, 'method' | 'time_seconds' | 'source'>(['method', 'time_seconds', 'source'], {
    error: ['error', null],
    predicted: ['predicted', null],
  })
  const byLayer = averages<Read, 'method' | 'layer' | 'source' | 'time_seconds'>(
    ['method', 'layer', 'source', 'time_seconds'],
    { error: ['error', null] },
  )
  for await (const rows of rowsIn<ErrorRow, (typeof names)[number]>(file, errorsTable, names, setting)) {
    bySource.add(rows)
    byLayer.add(rows)
  }
  const sources = bySource.all().map(({ group, means }) => ({
    ...group,
    error: means.error ?? NaN,
    predicted: means.predicted ?? null,
  }))
  const last = Math.max(...sources.map(s => s.time_seconds))
  const layers = byLayer
    .all()
    .flatMap(({ group: { time_seconds, ...group }, means }) =>
      time_seconds === last ? [{ ...group, error: means.error ?? NaN }] : [],
    )
  return { sources, layers }
}

export interface Cuts {
  readonly methods: readonly MethodCuts[]
  readonly layers: readonly LayerCuts[]
}

export const gatherTiles = async (file: string, setting: OneSetting): Promise<Cuts> => {
  const names = [
    ...(['method', 'layer', 'utilisation', 'weights', 'clipped_weights'] as const),
    ...(['inputs', 'clipped_inputs', 'outputs', 'saturated_outputs'] as const),
  ] as const
  type Read = Pick<TileRow, (typeof names)[number]>
  const of = {
    clipped_weights: ['clipped_weights', 'weights'],
    clipped_inputs: ['clipped_inputs', 'inputs'],
    saturated_outputs: ['saturated_outputs', 'outputs'],
    utilisation: ['utilisation', null],
  } as const
  const byMethod = averages<Read, 'method'>(['method'], of)
  const byLayer = averages<Read, 'method' | 'layer'>(['method', 'layer'], of)
  for await (const rows of rowsIn<TileRow, (typeof names)[number]>(file, tilesTable, names, setting)) {
    byMethod.add(rows)
    byLayer.add(rows)
  }
  const cuts = ({ means }: Pick<Average<Read, 'method'>, 'means'>) => ({
    clipped_weights: means.clipped_weights ?? null,
    clipped_inputs: means.clipped_inputs ?? null,
    saturated_outputs: means.saturated_outputs ?? null,
  })
  return {
    methods: byMethod
      .all()
      .map(a => ({ ...a.group, tiles: a.rows, utilisation: a.means.utilisation ?? null, ...cuts(a) })),
    layers: byLayer.all().map(a => ({ ...a.group, ...cuts(a) })),
  }
}

export interface Columns {
  readonly ranges: readonly ColumnRanges[]
  readonly factors: readonly DriftFactor[]
}

interface Counting {
  readonly method: string
  readonly bins: number[]
  whole: number
  sum: number
}

/** Ranges are the same at every time: they are counted at the first. */
export const gatherColumns = async (file: string, setting: OneSetting): Promise<Columns> => {
  const names = ['method', 'full_scale', 'abs_max', 'time_seconds', 'alpha'] as const
  type Read = Pick<ColumnRow, (typeof names)[number]>
  const factors = averages<Read, 'method' | 'time_seconds'>(['method', 'time_seconds'], { alpha: ['alpha', null] })
  const counts = new Map<string, Counting>()
  let first: number | null = null
  for await (const rows of rowsIn<ColumnRow, (typeof names)[number]>(file, columnsTable, names, setting)) {
    factors.add(rows)
    first ??= rows[0]?.time_seconds ?? null
    for (const { method, full_scale, abs_max, time_seconds } of rows) {
      const bin = time_seconds === first ? binOf(full_scale, abs_max) : null
      if (bin === null) continue
      const own = counts.get(method) ?? { method, bins: Array<number>(binCount).fill(0), whole: 0, sum: 0 }
      counts.set(method, own)
      own.bins[bin] = (own.bins[bin] ?? 0) + 1
      own.sum += full_scale / abs_max
      if (full_scale === abs_max) own.whole += 1
    }
  }
  return {
    ranges: [...counts.values()].map(({ method, bins, whole, sum }) => ({
      ...{ method, bins, whole },
      mean: sum / bins.reduce((total, n) => total + n, 0),
    })),
    factors: factors.all().map(({ group, means }) => ({ ...group, alpha: means.alpha ?? null })),
  }
}
