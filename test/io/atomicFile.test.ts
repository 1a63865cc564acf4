import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { refuseNonFolder, writeAtomically, writeTextAtomically } from '../../src/io/atomicFile.js'
import { failure, folderWith } from './fixture.js'

describe('an atomic write', () => {
  test('makes the folders it needs', async () => {
    const folder = folderWith()
    await writeTextAtomically(join(folder, 'a', 'b', 'c.txt'), 'µ')
    expect(readFileSync(join(folder, 'a', 'b', 'c.txt'), 'utf8')).toBe('µ')
  })

  test.each([
    ['out', 'out: expected a folder, found a file of that name'],
    ['out/below', 'out/below: expected a folder, found a file in its path'],
  ])('names the folder %s that cannot be made', async (name, message) => {
    const folder = folderWith({ out: 'a file' })
    expect(await failure(writeTextAtomically(join(folder, name, 'c.txt'), ''))).toBe(`${folder}/${message}`)
    expect(readdirSync(folder)).toEqual(['out'])
  })

  test('leaves the old file, and nothing else, when it is broken off', async () => {
    const folder = folderWith({ 'c.txt': 'old' })
    const broken = writeAtomically(join(folder, 'c.txt'), async sink => {
      await sink.write(new Uint8Array(1000))
      throw new RangeError('broken off')
    })
    await expect(broken).rejects.toThrow(RangeError)
    expect(readdirSync(folder)).toEqual(['c.txt'])
    expect(readFileSync(join(folder, 'c.txt'), 'utf8')).toBe('old')
  })
})

describe('a folder for results', () => {
  test('may be there or not; a file in its place is refused by its own name', async () => {
    const folder = folderWith({ 'a-file': 'here' })
    await refuseNonFolder(folder)
    await refuseNonFolder(join(folder, 'new', 'one'))
    const file = join(folder, 'a-file')
    expect(await failure(refuseNonFolder(file))).toBe(
      `${file}: expected a folder, or a place where one can be made, found a file`,
    )
    expect(await failure(refuseNonFolder(join(file, 'out')))).toBe(
      `${join(file, 'out')}: expected a folder, found a file in its path`,
    )
  })
})
