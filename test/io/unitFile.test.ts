/** Unit files: several tables in one file, each read for itself; anything less than the whole file counts as not there. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Column, ColumnType, Row, Table } from '../../src/domain/tables/table.js'
import { provenanceOf, readUnit, unitState, writeUnit } from '../../src/io/unitFile.js'
import { failure, folderWith } from './fixture.js'

const column = <Name extends string>(name: Name, type: ColumnType, nullable = false): Column<Name> => ({
  ...{ name, type, nullable, unit: '1', description: name },
})

const names: Table<'name' | 'place'> = { name: 'names', columns: [column('name', 'utf8'), column('place', 'int32')] }
const numbers: Table<'value' | 'half'> = {
  name: 'numbers',
  columns: [column('value', 'float64'), column('half', 'float64', true)],
}
const lists: Table<'logits'> = { name: 'lists', columns: [column('logits', 'float32 list')] }

const nameRows = ['', 'ä 😀', 'b'].map((name, place) => ({ name, place }))
/** More than one batch of a stream, and than one block of a read. */
const numberRows = Array.from({ length: 20_000 }, (_, i) => ({ value: i / 3, half: i % 7 === 0 ? null : i / 2 }))
const listRows = [[1, -0.5], [], [NaN, Infinity]].map(l => ({ logits: Float32Array.from(l) }))

type Part = readonly [Table, readonly Row[]]
const all: readonly Part[] = [
  [names, nameRows],
  [numbers, numberRows],
  [lists, []],
  [lists, listRows],
]

const write = async (path: string, parts: readonly Part[]): Promise<void> => {
  await writeUnit(path, new Map([['about', 'a test']]), async unit => {
    for (const [table, rows] of parts) {
      const sink = unit.table(table)
      for (const row of rows) await sink.write(row)
      await sink.close()
    }
  })
}
const written = async (parts: readonly Part[]): Promise<string> => {
  const path = join(folderWith(), 'a.unit')
  await write(path, parts)
  return path
}
const read = async (path: string, table: Table, place?: number): Promise<readonly Row[]> => {
  const rows: Row[] = []
  for await (const row of readUnit(path, table, place)) rows.push(row)
  return rows
}

/** Where a file's sections end, from its own trailer. */
const sections = (bytes: Buffer) => {
  const count = bytes.readUInt32LE(bytes.length - 44)
  const lengthsAt = bytes.length - 44 - 8 * count
  const lengths = Array.from({ length: count }, (_, i) => Number(bytes.readBigUInt64LE(lengthsAt + 8 * i)))
  const ends = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b, 0))
  return { count, ends, lengthsAt }
}

describe('a unit file', () => {
  test('gives every table back, in any order, from its place', async () => {
    const path = await written(all)
    expect(await unitState(path)).toBe('whole')
    for (const place of [3, 1, 0, 2, 1]) {
      const [table, rows] = all[place] ?? [names, []]
      expect(await read(path, table, place)).toEqual(rows)
    }
    expect(await read(path, names)).toEqual(nameRows)
    await expect(read(path, names, 4)).rejects.toThrow(
      `${path}: table "names": expected a unit as ohmflow writes it, found no table 4`,
    )
  })

  test('gives two tables side by side, and stops where its reader does', async () => {
    const path = await written(all)
    const [a, b] = [readUnit(path, numbers, 1), readUnit(path, names, 0)]
    for (const row of nameRows) {
      expect((await b.next()).value).toEqual(row)
      await a.next()
    }
    await a.return(undefined)
    expect((await b.next()).done).toBe(true)
  })

  test('ends with the length of each table, their number, and a SHA-256 of all before it', async () => {
    const bytes = readFileSync(await written(all))
    const { count, ends, lengthsAt } = sections(bytes)
    expect(count).toBe(4)
    expect(ends.at(-1)).toBe(lengthsAt)
    expect(bytes.subarray(-40, -32).toString()).toBe('OHMUNIT2')
    expect(bytes.subarray(-32)).toEqual(createHash('sha256').update(bytes.subarray(0, -32)).digest())
  })

  test('is the same bytes for the same rows, and nothing is left beside it', async () => {
    const [a, b] = [await written(all), await written(all)]
    expect(readFileSync(a).equals(readFileSync(b))).toBe(true)
    expect(readdirSync(join(a, '..'))).toEqual(['a.unit'])
  })

  test('without any table is whole, too', async () => {
    const path = await written([])
    expect(await unitState(path)).toBe('whole')
    await expect(read(path, names)).rejects.toThrow('no table 0')
  })

  test('is not there at all if its writer fails', async () => {
    const path = join(folderWith(), 'a.unit')
    const failing = writeUnit(path, new Map(), async unit => {
      await unit.table(names).close()
      throw new Error('half-way')
    })
    await expect(failing).rejects.toThrow('half-way')
    expect(existsSync(path)).toBe(false)
    expect(readdirSync(join(path, '..'))).toEqual([])
    expect(await unitState(path)).toBe('absent')
  })
})

describe('a damaged unit file counts as not there', () => {
  const parts: readonly Part[] = [
    [names, nameRows],
    [lists, listRows],
  ]
  const spoilt = async (spoil: (bytes: Buffer) => Uint8Array): Promise<string> => {
    const path = await written(parts)
    writeFileSync(path, spoil(readFileSync(path)))
    return path
  }

  test('cut off at, before and behind every section boundary', async () => {
    const whole = readFileSync(await written(parts))
    const { ends, lengthsAt } = sections(whole)
    const size = whole.length
    const borders = [0, ...ends, ...[8, 16, 20, 28].map(n => lengthsAt + n), size]
    expect(borders.at(-2)).toBe(size - 32)
    const cuts = [...new Set(borders.flatMap(at => [at - 1, at, at + 1]))].filter(at => at >= 0 && at < size)
    expect(cuts.length).toBeGreaterThan(15)
    for (const at of cuts) expect([at, await unitState(await spoilt(b => b.subarray(0, at)))]).toEqual([at, 'damaged'])
  })

  test('with a table, or its length, left out', async () => {
    const whole = readFileSync(await written(parts))
    const { ends, lengthsAt } = sections(whole)
    const [first = 0] = ends
    for (const [from, to] of [
      [0, first],
      [first, lengthsAt],
      [lengthsAt, lengthsAt + 8],
    ] as const)
      expect(await unitState(await spoilt(b => Buffer.concat([b.subarray(0, from), b.subarray(to)])))).toBe('damaged')
  })

  test('with one bit flipped, wherever', async () => {
    const whole = readFileSync(await written(parts))
    const { lengthsAt } = sections(whole)
    const places = Array.from({ length: 25 }, (_, k) => Math.floor((k * lengthsAt) / 25))
    for (let at = lengthsAt; at < whole.length; at++) places.push(at)
    const path = await written(parts)
    for (const at of places) {
      const bytes = Buffer.from(whole)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))
      writeFileSync(path, bytes)
      expect([at, await unitState(path)]).toEqual([at, 'damaged'])
    }
    writeFileSync(path, whole)
    expect(await unitState(path)).toBe('whole')
  })

  test('with something behind it, or of another kind', async () => {
    expect(await unitState(await spoilt(b => Buffer.concat([b, Buffer.from([0])])))).toBe('damaged')
    // Sound, but of the format before this one.
    const older = await spoilt(b => {
      const body = Buffer.from(b.subarray(0, -32))
      body.write('OHMUNIT1', body.length - 8)
      return Buffer.concat([body, createHash('sha256').update(body).digest()])
    })
    expect(await unitState(older)).toBe('damaged')
    expect(await unitState(await spoilt(() => Buffer.alloc(1000)))).toBe('damaged')
  })

  test('under the name of another unit, or without saying which it is', async () => {
    const [own, other] = ['a', 'b'].map(c => c.repeat(64)) as [string, string] // as: two of them
    const folder = folderWith()
    const fill = (path: string, key: string | null): Promise<void> =>
      writeUnit(path, key === null ? new Map() : provenanceOf(key), async unit => unit.table(names).close())
    await fill(join(folder, `${own}.unit`), own)
    await fill(join(folder, `${own}-000000001.unit`), own)
    await fill(join(folder, `${other}.unit`), own)
    await fill(join(folder, `${other}-000000001.unit`), null)
    const states = [`${own}.unit`, `${own}-000000001.unit`, `${other}.unit`, `${other}-000000001.unit`]
    expect(await Promise.all(states.map(name => unitState(join(folder, name))))).toEqual([
      ...['whole', 'whole'],
      ...['misplaced', 'misplaced'],
    ])
  })

  test('with lengths that do not come to what is there, under a checksum that holds', async () => {
    for (const count of [0, 1, 2, 3, 1000, 2 ** 32 - 1]) {
      const path = await spoilt(b => {
        const body = Buffer.from(b.subarray(0, -32))
        body.writeUInt32LE(count, body.length - 12)
        if (count === 2) body.writeBigUInt64LE(2n ** 63n, body.length - 20)
        return Buffer.concat([body, createHash('sha256').update(body).digest()])
      })
      expect([count, await unitState(path)]).toEqual([count, 'damaged'])
      await expect(read(path, names)).rejects.toThrow('expected a unit as ohmflow writes it, found no table 0')
    }
  })

  test('what is no table under a checksum that holds is refused by name, not thrown as a fault', async () => {
    const path = await spoilt(b => {
      const body = Buffer.from(b.subarray(0, -32))
      body.fill(0xff, 8, 40)
      return Buffer.concat([body, createHash('sha256').update(body).digest()])
    })
    expect(await failure(read(path, names))).toMatch(/table "names": expected a table as ohmflow writes it, found /)
    expect(await failure(read(await written(parts), numbers))).toMatch('no column value')
  })
})
