import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { spares } from '../../src/domain/experiment/method.js'
import type { SavedRanges, SavedTile } from '../../src/domain/ranges/saved.js'
import { readRangesFile, shortest, writeRangesFile } from '../../src/io/rangesFile.js'
import { accepted, folderWith, refusal } from './fixture.js'

const positive = fc.float({ min: Math.fround(2 ** -149), max: Math.fround(3.4e38), noNaN: true })
const owners = fc.option(fc.array(fc.nat(65_535), { maxLength: 4 }).map(list => Uint16Array.from(list)))
const anyTile: fc.Arbitrary<SavedTile> = fc
  .tuple(
    fc.option(positive),
    fc.array(fc.tuple(fc.oneof(positive, fc.constant(0)), positive), { maxLength: 5 }),
    ...([owners, owners, fc.array(positive, { maxLength: 3 })] as const),
  )
  .map(([inputRange, columns, copies, rowCopies, scales]) => ({
    ...{ inputRange, copies, rowCopies, rowScales: Float32Array.from(scales) },
    fullScales: Float32Array.from(columns, c => c[0]),
    gains: Float32Array.from(columns, c => c[1]),
  }))
/** Nothing copied, nothing scaled. */
const plain = { copies: null, rowCopies: null, rowScales: new Float32Array(0) }
const layers = fc
  .array(fc.tuple(fc.constantFrom('encoder.a', 'b "c"', 'd'), fc.array(anyTile, { minLength: 1, maxLength: 3 })))
  .map(l => new Map(l))
const saved: fc.Arbitrary<SavedRanges> = fc.record({
  method: fc.constantFrom('optimal', 'a/b "c" µ'),
  spare: fc.constantFrom(...spares),
  tile: fc.record({ rows: fc.integer({ min: 1, max: 512 }), columns: fc.integer({ min: 1, max: 512 }) }),
  tasks: fc.array(fc.tuple(fc.constantFrom('sst2', 'cola'), layers)).map(t => new Map(t)),
})

const small = {
  ...{ schemaVersion: 1, method: 'optimal', tile: { rows: 64, columns: 64 } },
  tasks: { cola: { dense: [{ inputRange: 2.5, fullScales: [0.1, 0], gains: [1, 0.9] }] } },
}
/** With another tile. */
const withTile = (change: object) => ({
  ...small,
  tasks: { cola: { dense: [{ ...small.tasks.cola.dense[0], ...change }] } },
})
const refused = async (content: string | object): Promise<string> => {
  const path = join(folderWith({ 'r.json': content }), 'r.json')
  return (await refusal(readRangesFile(path))).replace(path, 'r.json')
}

describe('a file of ranges', () => {
  test.prop([saved], { numRuns: 60 })('gives back exactly what was written', async ranges => {
    const path = join(folderWith(), 'r.json')
    await writeRangesFile(path, ranges)
    expect(await accepted(readRangesFile(path))).toEqual(ranges)
  })

  test.prop([positive], { numRuns: 2000 })('holds binary32 numbers in few digits that give them back', value => {
    expect(Math.fround(shortest(value))).toBe(value)
  })

  test('is for people: 0.1 is written as 0.1, a tile on four lines, a range of inputs as it is', async () => {
    const path = join(folderWith(), 'r.json')
    const columns = { fullScales: Float32Array.of(0.1, 1 / 3, 0), gains: Float32Array.of(1, 2e-7, 1) }
    const tile = { inputRange: 0.1, ...columns, ...plain }
    await writeRangesFile(path, {
      ...{ method: 'm', tile: { rows: 8, columns: 4 }, spare: 'none' },
      tasks: new Map([['cola', new Map([['dense', [tile, { ...tile, inputRange: null }]]])]]),
    })
    const text = readFileSync(path, 'utf8')
    expect(text).toContain(
      '"inputRange": 0.1,\n          "fullScales": [0.1, 0.33333334, 0],\n          "gains": [1, 2e-7, 1]',
    )
    expect(text).toContain('"inputRange": null')
    expect(text).not.toContain('spare')
    expect(text).not.toContain('rowScales')
    expect(text.split('\n').length).toBeLessThan(30)
  })

  test('says of each spare column and row which it is a copy of, where there are any to say it of', async () => {
    const path = join(folderWith(), 'r.json')
    const tile = { inputRange: 1, fullScales: Float32Array.of(0.5, 0.25), gains: Float32Array.of(1, 1) }
    const copied = {
      ...tile,
      copies: Uint16Array.of(1, 0, 1),
      rowCopies: new Uint16Array(0),
      rowScales: Float32Array.of(0.5, Math.SQRT2),
    }
    await writeRangesFile(path, {
      ...{ method: 'm', tile: { rows: 8, columns: 5 }, spare: 'columns and rows' },
      tasks: new Map([['cola', new Map([['dense', [copied]]])]]),
    })
    const text = readFileSync(path, 'utf8')
    expect(text).toContain('  "spare": "columns and rows",\n  "tasks"')
    expect(text).toContain(
      '"gains": [1, 1],\n          "spareColumns": [1, 0, 1],\n          "spareRows": [],\n          "rowScales": [0.5, 1.4142135]\n',
    )
  })

  test('may leave out gains: they are 1', async () => {
    const path = join(folderWith({ 'r.json': withTile({ gains: null }) }), 'r.json')
    expect(await refusal(readRangesFile(path))).toContain('dense.0.gains: expected gains (an array of numbers')
    const without = { ...small, tasks: { cola: { dense: [{ inputRange: 1, fullScales: [0.5, 0.25] }] } } }
    const read = await accepted(readRangesFile(join(folderWith({ 'r.json': without }), 'r.json')))
    expect(read.tasks.get('cola')?.get('dense')?.[0]?.gains).toEqual(Float32Array.of(1, 1))
  })

  const cases: readonly (readonly [string, string | object, string])[] = [
    ['not JSON', '{', 'r.json: line 1, column 2: expected a key in double quotes or "}", found the end of the file'],
    ['another version', { ...small, schemaVersion: 2 }, 'r.json: schemaVersion: expected 1, found 2'],
    [
      'a misspelt key',
      withTile({ fullscales: [1] }),
      'r.json: tasks.cola.dense.0.fullscales: expected one of the keys of a tile of ranges: inputRange, fullScales, gains, spareColumns, spareRows, rowScales (did you mean "fullScales"?), found the unknown key "fullscales"',
    ],
    [
      'no input range',
      withTile({ inputRange: 0 }),
      'r.json: tasks.cola.dense.0.inputRange: expected a number > 0 that binary32 holds, or null: dynamic, found 0',
    ],
    [
      'an input range that binary32 takes for infinite',
      withTile({ inputRange: 1e39 }),
      'r.json: tasks.cola.dense.0.inputRange: expected a number > 0 that binary32 holds, or null: dynamic, found 1e+39',
    ],
    [
      'a negative full scale',
      withTile({ fullScales: [0.1, -0.1] }),
      'r.json: tasks.cola.dense.0.fullScales.1: expected a number >= 0 that binary32 holds, found -0.1',
    ],
    [
      'one that binary32 takes for 0',
      withTile({ fullScales: [1e-60, 1] }),
      'r.json: tasks.cola.dense.0.fullScales.0: expected a number >= 0 that binary32 holds, found 1e-60',
    ],
    [
      'a gain of 0',
      withTile({ gains: [0, 1] }),
      'r.json: tasks.cola.dense.0.gains.0: expected a number > 0 that binary32 holds, found 0',
    ],
    [
      'a word among numbers',
      withTile({ gains: [1, '1'] }),
      'r.json: tasks.cola.dense.0.gains.1: expected a number > 0 that binary32 holds, found "1"',
    ],
    [
      'a layer without tiles',
      { ...small, tasks: { cola: { dense: [] } } },
      'r.json: tasks.cola.dense: expected tiles of a layer (an array of at least 1), found []',
    ],
    [
      'half a column copied',
      withTile({ spareColumns: [1, 0.5] }),
      'r.json: tasks.cola.dense.0.spareColumns.1: expected a column of the tile, counted from 0, found 0.5',
    ],
    [
      'a row before the first copied',
      withTile({ spareRows: [-1] }),
      'r.json: tasks.cola.dense.0.spareRows.0: expected a row of the tile, counted from 0, found -1',
    ],
    [
      'a number of copies',
      withTile({ spareRows: 3 }),
      'r.json: tasks.cola.dense.0.spareRows: expected copied rows (an array of rows of the tile, counted from 0), found 3',
    ],
    [
      'another use of idle cells',
      { ...small, spare: 'rows' },
      'r.json: spare: expected one of "none", "columns", "columns and rows", found "rows"',
    ],
    ['tasks in a list', { ...small, tasks: [] }, 'r.json: tasks: expected ranges of tasks (an object), found []'],
  ]
  test.each(cases)('with %s is refused', async (_, content, expected) => {
    expect(await refused(content)).toBe(expected)
  })

  test('that is not there is refused by name', async () => {
    expect(await refusal(readRangesFile('/nowhere/r.json'))).toBe(
      '/nowhere/r.json: expected a file that exists, found none',
    )
  })
})
