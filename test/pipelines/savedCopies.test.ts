/** Copies for idle cells, and factors of rows, in a file of ranges: taken as they are, to the same results; and those that do not fit. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Spare } from '../../src/domain/experiment/method.js'
import { enginePool } from '../../src/pipelines/enginePool.js'
import { calibrateExperiment } from '../../src/pipelines/experiment/calibrate.js'
import { storedRanges } from '../../src/pipelines/experiment/rangesUnit.js'
import { runExperiment } from '../../src/pipelines/experiment/run.js'
import type { Workspace } from '../../src/pipelines/experiment/workspace.js'
import { uninterrupted } from '../../src/pipelines/interruption.js'
import type { Progress } from '../../src/pipelines/progress.js'
import type { ChosenRanges } from '../../src/pipelines/ranges.js'
import { folderWith } from '../io/fixture.js'
import { repository } from '../shared.js'
import { prepared } from './prepared.js'

const optimal = { rule: 'optimal' }
/** Rows placed among their copies on lines that drop; both of which must come out of a file again. */
const chip = { irDrop: 'place', hardware: { wireResistanceOhm: 2 } }
const filled = {
  ...{ name: 'filled', inputRange: optimal, columnRange: optimal },
  ...{ spare: 'columns and rows', rowScale: 'optimal', ...chip },
}
const columnsOnly = { name: 'columns', inputRange: optimal, spare: 'columns' }
const config = (methods: readonly object[]) => ({
  ...{ schema: 1, name: 'copies', seed: 3, methods },
  tasks: [
    {
      ...{ task: 'cola', examples: 3 },
      ...{ checkpoint: join(repository, 'data/models/cola'), data: join(repository, 'data/glue/CoLA') },
    },
  ],
  hardware: { tile: { rows: 50, columns: 40 } },
  repeat: { chips: 2, times: ['1 h'] },
  calibration: { examples: 3 },
})
const folder = folderWith()
const preparedWith = (methods: readonly object[], out?: string): Promise<Workspace> =>
  prepared(folder, config(methods), out)

const titles: string[] = []
const nothing = (): void => undefined
const progress: Progress = {
  ...{ advance: nothing, end: nothing, close: nothing, note: nothing },
  begin: title => titles.push(title),
}
const withEngines = async <A>(
  workspace: Workspace,
  use: (engines: ReturnType<typeof enginePool>) => Promise<A>,
): Promise<A> => {
  const engines = enginePool(workspace.settings, { workers: 0 }, progress, storedRanges(workspace))
  try {
    return await use(engines)
  } finally {
    await engines.close()
  }
}
const shared = { progress, signal: uninterrupted }
const rangesOf = async (method: object): Promise<readonly ChosenRanges[]> => {
  const workspace = await preparedWith([method], 'elsewhere')
  const [open] = workspace.tasks
  const [own] = workspace.config.methods
  if (open === undefined || own?.execution !== 'analog') throw new Error('no method')
  return withEngines(workspace, engines => engines.ranges({ open }, own))
}

interface Tile {
  readonly rowScales?: readonly number[]
  readonly spareColumns?: readonly number[]
  readonly spareRows?: readonly number[]
}
interface File {
  readonly spare?: Spare
  readonly tasks: { readonly cola: Readonly<Record<string, readonly Tile[]>> }
}
const layer = 'encoder.layer.0.output.dense'
const fileOf = (name: string): File => JSON.parse(readFileSync(join(folder, 'out', name), 'utf8')) as File // as: written by us
/** The file with another first tile of a layer. */
const edited = (file: File, change: (tile: Tile) => object): object => {
  const [first = {}, ...others] = file.tasks.cola[layer] ?? []
  return { ...file, tasks: { cola: { ...file.tasks.cola, [layer]: [{ ...first, ...change(first) }, ...others] } } }
}
const taken = (file: string, spare: Spare, more: object = chip) => ({
  ...{ name: 'taken', spare, ...more },
  ...{ inputRange: { rule: 'fixed', file }, columnRange: { rule: 'fixed', file } },
})

describe('copies in a file of ranges', { timeout: 600_000 }, () => {
  let whole: File
  let columns: File

  beforeAll(async () => {
    const workspace = await preparedWith([filled, columnsOnly])
    await withEngines(workspace, engines => calibrateExperiment(workspace, { ...shared, engines }))
    whole = fileOf('filled.ranges.json')
    columns = fileOf('columns.ranges.json')
  }, 600_000)

  test('stand there for every tile, of columns and rows as the method has them', () => {
    expect([whole.spare, columns.spare]).toEqual(['columns and rows', 'columns'])
    const tiles = Object.values(whole.tasks.cola).flat()
    const count = (of: keyof Tile): number => tiles.reduce((sum, t) => sum + (t[of]?.length ?? NaN), 0)
    expect(count('spareColumns')).toBeGreaterThan(100)
    expect(count('spareRows')).toBeGreaterThan(100)
    expect(tiles.filter(t => t.rowScales !== undefined).length).toBeGreaterThan(tiles.length / 2)
    for (const tile of Object.values(columns.tasks.cola).flat()) {
      expect(tile.spareColumns).toBeDefined()
      expect(tile.spareRows).toBeUndefined()
      expect(tile.rowScales).toBeUndefined()
    }
  })

  test('give the results of the method that searched for them, and are not searched for again', async () => {
    const file = 'out/filled.ranges.json'
    const workspace = await preparedWith([filled, taken(file, 'columns and rows')])
    titles.length = 0
    const options = { ...shared, shard: { index: 0, of: 1 }, formats: ['parquet'] as const }
    await withEngines(workspace, engines => runExperiment(workspace, { ...options, engines }))
    expect(titles.filter(t => t.includes('optimal ranges') || t.includes('errors of layers'))).toEqual([])
    for (const table of ['predictions', 'scores', 'columns', 'errors', 'tiles']) {
      const bytes = readFileSync(join(folder, 'out', `${table}.parquet`))
      const rows = await parquetReadObjects({ file: Uint8Array.from(bytes).buffer })
      const of = (method: string) =>
        rows
          .filter(row => row.method === method)
          .map(row => ({ ...row, method: '', expected_error: null, expected_error_start: null }))
      expect(of('taken').length).toBeGreaterThan(0)
      expect(of('taken')).toEqual(of('filled'))
    }
    // Read from their unit again, they are whole too.
    const [open] = workspace.tasks
    if (open === undefined) throw new Error('no task')
    const stored = await Promise.all(
      workspace.config.methods.flatMap(m => (m.execution === 'analog' ? [storedRanges(workspace)(open, m)] : [])),
    )
    const [own, again] = stored.map(all => all?.map(r => ({ ...r, expected: null })))
    expect(own?.some(r => r.rowScales.length > 0)).toBe(true)
    expect(again).toEqual(own)
  })

  test('may be edited', async () => {
    const fewer = edited(whole, () => ({ spareColumns: [3, 3], spareRows: [0, 7, 7] }))
    writeFileSync(join(folder, 'edited.json'), JSON.stringify(fewer))
    titles.length = 0
    const ranges = await rangesOf(taken('edited.json', 'columns and rows'))
    const at = ranges.findIndex(r => r.copies.length === 2 && r.copies[0] === 3 && r.rowCopies.length === 3)
    expect([...(ranges[at]?.copies ?? [])]).toEqual([3, 3])
    expect([...(ranges[at]?.rowCopies ?? [])]).toEqual([0, 7, 7])
    expect(ranges[at]?.rowOrder).toHaveLength(43 + 3)
    expect(titles.some(t => t.includes('optimal ranges'))).toBe(false)
  })

  test('are searched for where the file has none, and where only one of the ranges is taken from it', async () => {
    const bare = Object.fromEntries(
      Object.entries(columns.tasks.cola).map(([name, tiles]) => [
        name,
        tiles.map(({ spareColumns: __, ...tile }) => tile),
      ]),
    )
    writeFileSync(join(folder, 'bare.json'), JSON.stringify({ ...columns, spare: undefined, tasks: { cola: bare } }))
    for (const method of [
      taken('bare.json', 'columns', {}),
      { ...taken('out/columns.ranges.json', 'columns', {}), columnRange: { rule: 'abs-max' } },
    ]) {
      titles.length = 0
      const ranges = await rangesOf(method)
      expect(titles.some(t => t.includes('optimal ranges'))).toBe(true)
      expect(ranges.some(r => r.copies.length > 0 && r.expected !== null)).toBe(true)
    }
    // Without copies of the method's own, one of the ranges alone has none.
    const none = await rangesOf({ name: 'x', columnRange: { rule: 'fixed', file: 'out/columns.ranges.json' } })
    expect(none.every(r => r.copies.length === 0)).toBe(true)
  })

  test('are searched for behind factors of rows that the file has', async () => {
    const bare = Object.fromEntries(
      Object.entries(whole.tasks.cola).map(([name, tiles]) => [
        name,
        tiles.map(({ spareColumns: _, spareRows: __, ...tile }) => tile),
      ]),
    )
    writeFileSync(join(folder, 'scaled.json'), JSON.stringify({ ...whole, spare: undefined, tasks: { cola: bare } }))
    const [none, both] = await Promise.all(
      (['none', 'columns and rows'] as const).map(spare => rangesOf(taken('scaled.json', spare))),
    )
    const scalesOf = (all: readonly ChosenRanges[] | undefined) => all?.map(r => r.rowScales)
    expect(none?.some(r => r.rowScales.length > 0)).toBe(true)
    expect(scalesOf(both)).toEqual(scalesOf(none))
    expect(both?.some(r => r.copies.length > 0 && r.rowCopies.length > 0)).toBe(true)
    both?.forEach(({ expected }) => expect(expected?.chosen).toBeLessThanOrEqual(expected?.start ?? NaN))
  })

  test('with factors of rows, are taken whole or not at all', async () => {
    const file = 'out/filled.ranges.json'
    const scaled = /rowScales: expected both ranges taken from the file, .*, found only its (columns|input ranges)$/
    const half = { ...taken(file, 'none', {}), spare: 'columns and rows' }
    await expect(preparedWith([{ ...half, columnRange: { rule: 'abs-max' } }])).rejects.toThrow(scaled)
    await expect(preparedWith([{ ...half, inputRange: { rule: 'abs-max' } }])).rejects.toThrow(scaled)
    const dynamic = edited(whole, () => ({ inputRange: null }))
    writeFileSync(join(folder, 'dynamic.json'), JSON.stringify(dynamic))
    await expect(preparedWith([taken('dynamic.json', 'columns and rows')])).rejects.toThrow('found a dynamic range')
  })

  const at = `tasks.cola["${layer}"].0`
  const cases: readonly (readonly [string, () => object, Spare, string])[] = [
    [
      'copies, for a method without',
      () => whole,
      'none',
      'spare: expected "none", as method "taken" has it, found "columns and rows"',
    ],
    [
      'copies of columns alone',
      () => columns,
      'columns and rows',
      'spare: expected "columns and rows", as method "taken" has it, found "columns"',
    ],
    [
      'a column beyond the tile',
      () => edited(whole, () => ({ spareColumns: [0, 32] })),
      'columns and rows',
      `${at}.spareColumns.1: expected a column of the tile, below 32, found 32`,
    ],
    [
      'a row beyond the tile',
      () => edited(whole, () => ({ spareRows: [43] })),
      'columns and rows',
      `${at}.spareRows.0: expected a row of the tile, below 43, found 43`,
    ],
    [
      'more copies than idle columns',
      () => edited(whole, () => ({ spareColumns: new Array(9).fill(0) })),
      'columns and rows',
      `${at}.spareColumns: expected at most 8 copies, one an idle column, found 9`,
    ],
    [
      'more copies than idle rows',
      () => edited(whole, () => ({ spareRows: new Array(8).fill(0) })),
      'columns and rows',
      `${at}.spareRows: expected at most 7 copies, one an idle row, found 8`,
    ],
    [
      'rows out of order',
      () => edited(whole, () => ({ spareRows: [3, 5, 4] })),
      'columns and rows',
      `${at}.spareRows.2: expected rows in ascending order, here at least 5, found 4`,
    ],
    [
      'factors of other rows',
      () => edited(whole, () => ({ rowScales: [1, 2] })),
      'columns and rows',
      `${at}.rowScales: expected 43 numbers, one a row of the tile, found 2`,
    ],
    [
      'a factor of 0',
      () => edited(whole, () => ({ rowScales: new Array(43).fill(0) })),
      'columns and rows',
      `${at}.rowScales.0: expected a number > 0 that binary32 holds, found 0`,
    ],
    [
      'nothing said of a tile',
      () => edited(whole, () => ({ spareRows: undefined })),
      'columns and rows',
      `${at}.spareRows: expected the rows that are copied, as "spare" of the file says, found none`,
    ],
    [
      'copies that it says it has not',
      () => edited(columns, () => ({ spareRows: [1] })),
      'columns',
      `${at}.spareRows: expected none: "spare" of the file has no such copies, found 1 copy`,
    ],
  ]
  test.each(cases)('%s: refused before anything runs', async (_, content, spare, expected) => {
    writeFileSync(join(folder, 'bad.json'), JSON.stringify(content()))
    await expect(preparedWith([taken('bad.json', spare)])).rejects.toThrow(`${join(folder, 'bad.json')}: ${expected}`)
  })
})
