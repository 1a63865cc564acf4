import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { folderWith } from '../fixture.js'
import { opened, readAll, refusal } from './fixture.js'

const sst2 = (...rows: readonly string[]): string => ['sentence\tlabel', ...rows, ''].join('\n')
const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map(part => Buffer.from(part as string))) // string or bytes, Buffer.from takes both
const dev = (content: string | Uint8Array): string => folderWith({ 'dev.tsv': content })

const expected = [
  { index: 0, text: 'a', pair: null, label: 1 },
  { index: 1, text: 'b ', pair: null, label: 0 },
]

describe('TSV', () => {
  test.each([
    ['LF', sst2('a\t1', 'b \t0')],
    ['CRLF', sst2('a\t1', 'b \t0').replaceAll('\n', '\r\n')],
    ['a byte-order mark', '\ufeff' + sst2('a\t1', 'b \t0')],
    ['a last line without end', sst2('a\t1', 'b \t0').trimEnd()],
    ['blank lines at the end', sst2('a\t1', 'b \t0') + '\n\r\n\n'],
  ])('reads files with %s', async (_, content) => {
    expect(await readAll('sst2', dev(content), 'dev')).toEqual(expected)
  })

  test('quotes, and a byte-order mark or line separator inside, are ordinary characters', async () => {
    const texts = ['" He said', 'a "b" c', '""', '\ufeffx', 'a\u2028b\u0085c', "'", '']
    const rows = await readAll('sst2', dev(sst2(...texts.map(text => `${text}\t1`))), 'dev')
    expect(rows.map(row => row.text)).toEqual(texts)
  })

  test('CoLA has no header; a byte-order mark before its first row is dropped', async () => {
    const rows = await readAll('cola', dev('\ufeffgj04\t1\t\tIt is.\ngj04\t0\t*\tIs it is.\n'), 'dev')
    expect(rows).toEqual([
      { index: 0, text: 'It is.', pair: null, label: 1 },
      { index: 1, text: 'Is it is.', pair: null, label: 0 },
    ])
  })

  test('test files have an index and no label', async () => {
    const folder = folderWith({
      'CoLA/test.tsv': 'index\tsentence\n0\tIt is.\n',
      'MRPC/test.tsv': 'index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t1\t2\tx\ty\n',
      'STS-B/test.tsv':
        'index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\n0\tg\tf\ty\to\ts\ts\tx\ty\n',
      'QQP/test.tsv': 'id\tquestion1\tquestion2\n0\tx\ty\n',
    })
    expect((await opened('cola', folder, 'test')).labelled).toBe(false)
    expect(await readAll('cola', folder, 'test')).toEqual([{ index: 0, text: 'It is.', pair: null, label: null }])
    for (const task of ['mrpc', 'stsb', 'qqp'] as const)
      expect(await readAll(task, folder, 'test')).toEqual([{ index: 0, text: 'x', pair: 'y', label: null }])
  })

  test('MNLI’s training file has fewer columns than its development files', async () => {
    const head =
      'index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2'
    const row = `0${'\t'.repeat(8)}x\ty`
    const folder = folderWith({ 'train.tsv': `${head}\tlabel1\tgold_label\n${row}\tneutral\tcontradiction\n` })
    for (const task of ['mnli', 'mnli-mm'] as const)
      expect(await readAll(task, folder, 'train')).toEqual([{ index: 0, text: 'x', pair: 'y', label: 2 }])
  })

  test.each([
    ['an empty file', '', 'dev.tsv: expected the header sentence | label, found an empty file'],
    ['only a header', sst2(), 'dev.tsv: expected at least one row, found only a header'],
    [
      'another header',
      'text\tlabel\na\t1\n',
      'dev.tsv: line 1: expected the header sentence | label, found "text | label"',
    ],
    ['a column too few', sst2('a\t1', 'b'), 'dev.tsv: line 3: expected 2 columns, found 1 column'],
    ['a column too many', sst2('a\t1', 'b\t0\tc'), 'dev.tsv: line 3: expected 2 columns, found 3 columns'],
    ['an unknown label', sst2('a\t2'), 'dev.tsv: line 2, column "label": expected one of "0", "1", found "2"'],
    ['no label', sst2('a\t'), 'dev.tsv: line 2, column "label": expected one of "0", "1", found ""'],
    ['a blank line', sst2('a\t1', '', '', 'b\t0'), 'dev.tsv: line 3: expected a row, found a blank line'],
    [
      'a byte that is not UTF-8',
      bytes(sst2('a\t1'), 'caf', [0xe9], '\t1\n'),
      'dev.tsv: line 3: expected UTF-8 text, found byte 0xe9 at position 4',
    ],
  ])('refuses %s', async (_, content, message) => {
    expect(await refusal('sst2', dev(content))).toBe(message)
  })

  test.each(['5.001', '-0.1', 'x', '', 'NaN', 'Infinity', '0x3', '1 2'])('refuses the score %j', async score => {
    const head = 'index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore'
    const folder = dev(`${head}\n0\tg\tf\ty\to\ts\ts\tx\ty\t${score}\n`)
    expect(await refusal('stsb', folder)).toBe(
      `dev.tsv: line 2, column "score": expected a number from 0 to 5, found ${JSON.stringify(score)}`,
    )
  })

  test('refuses an empty file without header, and another task’s file', async () => {
    expect(await refusal('cola', dev(''))).toBe('dev.tsv: expected at least one row, found no rows')
    expect(await refusal('cola', dev(sst2('a\t1')))).toBe('dev.tsv: line 1: expected 4 columns, found 2 columns')
  })

  test.prop(
    [fc.array(fc.tuple(fc.stringMatching(/^[^\t\r\n\ud800-\udfff]*$/u), fc.constantFrom(0, 1)), { minLength: 1 })],
    {
      numRuns: 25,
    },
  )('gives back any text without tabs and line ends', async rows => {
    const read = await readAll('sst2', dev(sst2(...rows.map(([text, label]) => `${text}\t${label}`))), 'dev')
    expect(read.map(row => [row.text, row.label])).toEqual(rows)
  })
})
