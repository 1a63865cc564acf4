import { join } from 'node:path'
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { lines, maxLineBytes } from '../../src/io/lines.js'
import { folderWith } from './fixture.js'

const fileOf = (content: string | Uint8Array): string => join(folderWith({ 'a.txt': content }), 'a.txt')
const linesOf = async (file: string): Promise<readonly string[]> => {
  const texts: string[] = []
  for await (const { number, text } of lines(file)) {
    expect(number).toBe(texts.length + 1)
    texts.push(text)
  }
  return texts
}
/** Longer than a block, so that characters and lines lie across blocks. */
const long = fc
  .array(fc.constantFrom('é', '漢', '😀', 'x', 'Ohm’s law '), { maxLength: 8 })
  .map(parts => parts.join(''))

describe('lines', () => {
  test.prop([fc.array(fc.tuple(long, fc.constantFrom(0, 1, 9_000)), { minLength: 1, maxLength: 8 }), fc.boolean()], {
    numRuns: 20,
  })('split at LF or CRLF whatever their length', async (parts, carriageReturn) => {
    const texts = parts.map(([text, times]) => text + text.repeat(times))
    const end = carriageReturn ? '\r\n' : '\n'
    expect(await linesOf(fileOf(texts.map(text => text + end).join('')))).toEqual(texts)
  })

  test('a file without bytes has no lines', async () => {
    expect(await linesOf(fileOf(''))).toEqual([])
  })

  test.each([
    { bad: [0xff], as: 'a byte of no encoding' },
    { bad: [0xc0, 0xaf], as: 'an overlong slash' },
    { bad: [0xed, 0xa0, 0x80], as: 'half a surrogate pair' },
    { bad: [0xe9, 0x20], as: 'Latin-1' },
    { bad: [0xe6, 0xbc], as: 'a character cut off' },
  ])('name the line and the first byte of $as', async ({ bad }) => {
    for (const before of [0, 1_365, 5_000, 70_000]) {
      const content = Buffer.concat([Buffer.from('first\n' + '漢'.repeat(before)), Buffer.from(bad), Buffer.from('\n')])
      const byte = (bad[0] ?? 0).toString(16)
      await expect(linesOf(fileOf(content))).rejects.toThrow(
        `a.txt: line 2: expected UTF-8 text, found byte 0x${byte} at position ${3 * before + 1}`,
      )
    }
  })

  test('UTF-16 is refused at its first byte', async () => {
    const utf16 = Buffer.from('\ufeffsentence\tlabel\n', 'utf16le')
    await expect(linesOf(fileOf(utf16))).rejects.toThrow('line 1: expected UTF-8 text, found byte 0xff at position 1')
  })

  test('the longest line is read, a longer one refused', async () => {
    const [longest] = await linesOf(fileOf('x'.repeat(maxLineBytes) + '\n'))
    expect(longest?.length).toBe(maxLineBytes)
    await expect(linesOf(fileOf('a\n' + 'x'.repeat(maxLineBytes + 1)))).rejects.toThrow(
      `a.txt: line 2: expected at most ${maxLineBytes} bytes in a line, found a longer line`,
    )
  })

  test('a file that is not there, and a folder, are named', async () => {
    const folder = folderWith({})
    await expect(linesOf(join(folder, 'no.tsv'))).rejects.toThrow('no.tsv: expected a file that exists, found none')
    await expect(linesOf(folder)).rejects.toThrow(`${folder}: expected a regular file, found a folder`)
  })
})
