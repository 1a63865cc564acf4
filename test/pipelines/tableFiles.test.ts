/** What of a folder's tables may be removed or written over: `tableFiles`. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/io/hash.js'
import { removeOutdated, tableWriter, withTables, type TablePlace } from '../../src/pipelines/tableFiles.js'
import { folderWith } from '../io/fixture.js'

const placeIn = (out: string, config = 'one'): TablePlace => ({
  ...{ out, list: 'tables.json', files: ['a.parquet', 'a.arrow', 'b.parquet', 'b.arrow'] },
  provenance: new Map([
    ['ohmflow:version', '1'],
    ['ohmflow:config-sha256', config],
  ]),
})

const write = (place: TablePlace, ...files: readonly string[]): Promise<unknown> => {
  const writer = tableWriter(place)
  return files.reduce<Promise<unknown>>(
    (before, file) => before.then(() => writer.write(file, sink => sink.write(new TextEncoder().encode(file)))),
    Promise.resolve(),
  )
}

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'taken',
    (error: unknown) => String(error),
  )

describe('the tables of a folder', () => {
  test('are listed with their hashes; more of the same experiment join them, whatever is called first', async () => {
    const out = folderWith()
    await write(placeIn(out), 'b.parquet')
    await write(placeIn(out), 'a.parquet')
    const text = readFileSync(join(out, 'tables.json'), 'utf8')
    expect(JSON.parse(text)).toEqual({
      'ohmflow:version': '1',
      'ohmflow:config-sha256': 'one',
      files: { 'a.parquet': sha256('a.parquet'), 'b.parquet': sha256('b.parquet') },
    })
    expect(await removeOutdated(placeIn(out))).toEqual([])
    const other = folderWith()
    await write(placeIn(other), 'a.parquet', 'b.parquet')
    expect(readFileSync(join(other, 'tables.json'), 'utf8')).toBe(text)
  })

  test('of another experiment are removed, those that are listed and their list; nothing else', async () => {
    const out = folderWith()
    await write(placeIn(out), 'a.parquet', 'b.arrow')
    writeFileSync(join(out, 'notes.parquet'), 'mine')
    expect(await removeOutdated(placeIn(out, 'two'))).toEqual([join(out, 'a.parquet'), join(out, 'b.arrow')])
    expect(readdirSync(out)).toEqual(['notes.parquet'])
  })

  test('that a list names in another folder are refused, not removed', async () => {
    const out = folderWith()
    const outside = join(folderWith(), 'mine')
    writeFileSync(outside, 'mine')
    for (const name of [outside, '../mine', '..', 'a/b', 'a\\b', '']) {
      const files = { [name]: sha256('mine') }
      writeFileSync(join(out, 'tables.json'), JSON.stringify({ 'ohmflow:version': '1', files }))
      const found = await refusal(removeOutdated({ ...placeIn(out, 'two'), files: [name] }))
      expect(found).toContain('expected names of files in the same folder')
    }
    expect(existsSync(outside)).toBe(true)
  })

  test('are listed before they are there: stopped between, the next one takes them for its own', async () => {
    const out = folderWith()
    await write(placeIn(out), 'a.parquet')
    const text = readFileSync(join(out, 'tables.json'), 'utf8')
    writeFileSync(join(out, 'tables.json'), text.replace('"files": {', '"files": {\n    "b.parquet": "0",'))
    expect(await removeOutdated(placeIn(out))).toEqual([])
    expect(await removeOutdated(placeIn(out, 'two'))).toEqual([join(out, 'a.parquet')])
  })

  test.each<[string, (out: string) => unknown, string, string]>([
    ['a table without a list', out => writeFileSync(join(out, 'a.arrow'), 'mine'), 'a.arrow', 'one that is not listed'],
    [
      'a table beside the list of others',
      async out => {
        await write(placeIn(out), 'a.parquet')
        writeFileSync(join(out, 'b.parquet'), 'mine')
      },
      'b.parquet',
      'one that is not listed',
    ],
    [
      'a table that was changed',
      async out => {
        await write(placeIn(out), 'a.parquet')
        writeFileSync(join(out, 'a.parquet'), 'mine')
      },
      'a.parquet',
      'one that was changed since',
    ],
    [
      'another tables.json',
      out => writeFileSync(join(out, 'tables.json'), '{"files": []}'),
      'tables.json',
      'another file',
    ],
    [
      'a tables.json that is no JSON',
      out => writeFileSync(join(out, 'tables.json'), '|'),
      'tables.json',
      'another file',
    ],
  ])('%s is refused by name and stays, whichever experiment asks', async (_, put, file, found) => {
    for (const config of ['one', 'two']) {
      const out = folderWith()
      await put(out)
      const message = await refusal(removeOutdated(placeIn(out, config)))
      expect(message.startsWith(`Failure: ${join(out, file)}: expected a`)).toBe(true)
      expect(message.endsWith(`(another --out, or the file moved away), found ${found}`)).toBe(true)
      expect(existsSync(join(out, file))).toBe(true)
    }
  })

  test('of three experiments at once are those of one of them: whole, and listed as its own', async () => {
    const out = folderWith()
    const { signal } = new AbortController()
    const whole = (config: string): Promise<void> => {
      const place = placeIn(out, config)
      return withTables(place, signal, async () => {
        await removeOutdated(place)
        const writer = tableWriter(place)
        for (const file of ['a.parquet', 'b.parquet'])
          await writer.write(file, sink => sink.write(new TextEncoder().encode(`${config} ${file}`)))
      })
    }
    await Promise.all(['one', 'two', 'three'].map(whole))
    const { files, 'ohmflow:config-sha256': config } = JSON.parse(readFileSync(join(out, 'tables.json'), 'utf8')) as {
      readonly files: object
      readonly 'ohmflow:config-sha256': string
    } // as: what the list is
    expect(files).toEqual({ 'a.parquet': sha256(`${config} a.parquet`), 'b.parquet': sha256(`${config} b.parquet`) })
    for (const file of ['a.parquet', 'b.parquet'])
      expect(readFileSync(join(out, file), 'utf8')).toBe(`${config} ${file}`)
    expect(readdirSync(out).toSorted()).toEqual(['a.parquet', 'b.parquet', 'tables.json'])
  })
})
