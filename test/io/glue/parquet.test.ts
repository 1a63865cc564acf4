import { gzipSync } from 'node:zlib'
import { join } from 'node:path'
import { parquetMetadata } from 'hyparquet'
import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { folderWith } from '../fixture.js'
import { all, opened, parquet, readAll, refusal, sst2Columns, type Columns } from './fixture.js'

const name = 'validation-00000-of-00001.parquet'
const dev = (columns: Columns, options?: Parameters<typeof parquet>[1]): string =>
  folderWith({ [name]: parquet(columns, options) })
const numbered = (n: number): readonly string[] =>
  Array.from({ length: n }, (_, i) => `text ${i} ${'é'.repeat(i % 90)}`)
const labels = (n: number): readonly bigint[] => Array.from({ length: n }, (_, i) => BigInt((i >> 3) & 1))
const expected = (n: number) => {
  const classes = labels(n)
  return numbered(n).map((text, index) => ({ index, text, pair: null, label: Number(classes[index]) }))
}

describe('Parquet', () => {
  test.each([
    ['small row groups', { rowGroupSize: 100 }],
    ['one row group of many pages, with a page index', { rowGroupSize: 30_000, pageSize: 2_000 }],
    ['one row group of one page', { rowGroupSize: 30_000 }],
    ['no compression', { codec: 'UNCOMPRESSED' }],
    ['GZIP', { codec: 'GZIP', compressors: { GZIP: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)) } }],
  ] as const)('reads %s', async (_, options) => {
    const folder = dev(sst2Columns(numbered(20_000), labels(20_000)), options)
    expect(await readAll('sst2', folder, 'dev')).toEqual(expected(20_000))
  })

  test('reads many pages without a page index', async () => {
    const columns = sst2Columns(numbered(20_000), labels(20_000)).map(column => ({ ...column, offsetIndex: false }))
    const folder = dev(columns, { rowGroupSize: 30_000, pageSize: 2_000 })
    expect(await readAll('sst2', folder, 'dev')).toEqual(expected(20_000))
  })

  test.each([
    ['DELTA_BYTE_ARRAY', 'DELTA_BINARY_PACKED'],
    ['DELTA_LENGTH_BYTE_ARRAY', 'BYTE_STREAM_SPLIT'],
    ['PLAIN', 'PLAIN'],
    ['RLE_DICTIONARY', 'RLE_DICTIONARY'],
  ] as const)('reads texts in %s and labels in %s', async (text, label) => {
    const [sentence, target] = sst2Columns(numbered(3_000), labels(3_000))
    if (sentence === undefined || target === undefined) throw new Error('two columns')
    const columns = [
      { ...sentence, encoding: text },
      { ...target, encoding: label },
    ]
    for (const options of [{}, { pageSize: 2_000 }])
      expect(await readAll('sst2', dev(columns, options), 'dev')).toEqual(expected(3_000))
  })

  test('refuses an index of pages that is not of the pages there, whichever bit of it is another', async () => {
    const bytes = parquet(sst2Columns(numbered(120), labels(120)), { pageSize: 1_000, codec: 'UNCOMPRESSED' })
    const { row_groups } = parquetMetadata(bytes.slice().buffer)
    const index = row_groups[0]?.columns[0]
    const [at, length] = [Number(index?.offset_index_offset), Number(index?.offset_index_length)]
    expect(length).toBeGreaterThan(20)
    const folder = dev([])
    let refused = 0
    for (let bit = 8 * at; bit < 8 * (at + length); bit++) {
      const spoilt = bytes.slice()
      spoilt[bit >> 3] = (spoilt[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      writeFileSync(join(folder, name), spoilt)
      const found = await refusal('sst2', folder)
      if (found === 'accepted with 120 rows') expect(await readAll('sst2', folder, 'dev')).toEqual(expected(120))
      else expect(found).toMatch(/^validation.*: rows 0 to 119, column "sentence", index of pages: expected/)
      refused += found.startsWith('accepted') ? 0 : 1
    }
    expect(refused).toBeGreaterThan(4 * length)
  })

  test('takes shards in order and numbers their rows through; other columns may be there', async () => {
    const shard = (from: number, to: number) =>
      parquet([
        { name: 'idx', data: [99, 98].slice(0, to - from), type: 'INT32' },
        ...sst2Columns(numbered(5).slice(from, to), labels(5).slice(from, to)),
      ])
    const folder = folderWith({
      'sst2/validation-00001-of-00003.parquet': shard(2, 4),
      'sst2/validation-00000-of-00003.parquet': shard(0, 2),
      'sst2/validation-00002-of-00003.parquet': shard(4, 5),
    })
    const dataset = await opened('sst2', folder, 'dev')
    expect(dataset.files).toEqual([0, 1, 2].map(i => join(folder, 'sst2', `validation-0000${i}-of-00003.parquet`)))
    expect(await all(dataset.examples())).toEqual(expected(5))
  })

  test('test splits: -1 is no label; labels, where they are there, are kept', async () => {
    const folder = folderWith({
      'sst2/test-00000-of-00001.parquet': parquet(sst2Columns(['a', 'b'], [-1n, -1n])),
      'mrpc/test-00000-of-00001.parquet': parquet([
        { name: 'sentence1', data: ['a'], type: 'STRING' },
        { name: 'sentence2', data: ['b'], type: 'STRING' },
        { name: 'label', data: [1], type: 'INT32' },
      ]),
    })
    const hidden = await opened('sst2', folder, 'test')
    expect(hidden.labelled).toBe(false)
    expect((await all(hidden.examples())).map(row => row.label)).toEqual([null, null])
    const shown = await opened('mrpc', folder, 'test')
    expect(shown.labelled).toBe(true)
    expect(await all(shown.examples())).toEqual([{ index: 0, text: 'a', pair: 'b', label: 1 }])
  })

  test.each([
    ['label first', [1n, -1n], `expected a class from 0 to 1, found -1 (unlabelled)`],
    ['no label first', [-1n, 1n], `expected no label (-1), as in the rows before, found 1`],
  ])('refuses a test split that mixes both, %s', async (_, mixed, message) => {
    const file = 'test-00000-of-00001.parquet'
    const folder = folderWith({ [file]: parquet(sst2Columns(['a', 'b'], mixed)) })
    expect(await refusal('sst2', folder, 'test')).toBe(`${file}: row 1, column "label": ${message}`)
  })

  const text = (data: readonly unknown[]): Columns[number] => ({ name: 'sentence', data: [...data], type: 'STRING' })
  const label: Columns[number] = { name: 'label', data: [0n, 1n], type: 'INT64' }
  test.each<readonly [string, Columns, string]>([
    ['a null text', [text(['a', null]), label], 'row 1, column "sentence": expected a text, found null'],
    [
      'a label -1 in a development split',
      sst2Columns(['a', 'b'], [0n, -1n]),
      'row 1, column "label": expected a class from 0 to 1, found -1 (unlabelled)',
    ],
    [
      'a label too large',
      sst2Columns(['a', 'b'], [0n, 2n]),
      'row 1, column "label": expected a class from 0 to 1, found 2',
    ],
    [
      'a null label',
      sst2Columns(['a', 'b'], [0n, null]),
      'row 1, column "label": expected a class from 0 to 1, found null',
    ],
    [
      'a missing column',
      [text(['a', 'b'])],
      'column "label": expected classes (integers) of sst2, found only the columns sentence',
    ],
    [
      'numbers for texts',
      [{ name: 'sentence', data: [1, 2], type: 'INT32' }, label],
      'column "sentence": expected text (UTF-8 strings), found type INT32',
    ],
    [
      'scores for classes',
      [text(['a', 'b']), { name: 'label', data: [0.5, 1], type: 'DOUBLE' }],
      'column "label": expected classes (integers), found type DOUBLE',
    ],
    [
      'texts for classes',
      [text(['a', 'b']), { name: 'label', data: ['0', '1'], type: 'STRING' }],
      'column "label": expected classes (integers), found type BYTE_ARRAY (UTF8)',
    ],
    ['no rows', sst2Columns([], []), 'expected at least one row, found no rows'],
  ])('refuses %s', async (_, columns, message) => {
    expect(await refusal('sst2', dev(columns))).toBe(`${name}: ${message}`)
  })

  test.each([5.5, -0.5, NaN, -1])('refuses the score %f', async score => {
    const folder = dev([
      { name: 'sentence1', data: ['a'], type: 'STRING' },
      { name: 'sentence2', data: ['b'], type: 'STRING' },
      { name: 'label', data: [score], type: 'FLOAT' },
    ])
    expect(await refusal('stsb', folder)).toMatch(/row 0, column "label": expected a score from 0 to 5, found/)
  })

  test('refuses bytes that are not UTF-8, with their row', async () => {
    const bytes = parquet(sst2Columns(['first', 'caf@', 'last'], [0n, 1n, 0n]), {
      codec: 'UNCOMPRESSED',
      statistics: false,
    })
    bytes[Buffer.from(bytes).indexOf('caf@') + 3] = 0xe9
    expect(await refusal('sst2', folderWith({ [name]: bytes }))).toBe(
      `${name}: row 1, column "sentence": expected UTF-8 text, found byte 0xe9 at offset 3`,
    )
  })

  test('tells tasks with the same columns apart by the class names in the metadata', async () => {
    const rte = (names: readonly string[]) =>
      dev(
        [
          { name: 'sentence1', data: ['a'], type: 'STRING' },
          { name: 'sentence2', data: ['b'], type: 'STRING' },
          { name: 'label', data: [1n], type: 'INT64' },
        ],
        {
          kvMetadata: [
            {
              key: 'huggingface',
              value: JSON.stringify({ info: { features: { label: { names, _type: 'ClassLabel' } } } }),
            },
          ],
        },
      )
    expect(await readAll('rte', rte(['entailment', 'not_entailment']), 'dev')).toHaveLength(1)
    for (const names of [['not_entailment', 'entailment'], ['not_equivalent', 'equivalent'], ['entailment']])
      // prettier-ignore
      expect(await refusal('rte', rte(names))).toBe(
        `${name}: metadata "huggingface": expected the classes of rte (entailment, not_entailment), found ${names.join(', ')}`,
      )
  })

  test('refuses a file cut anywhere, and what is no Parquet file', async () => {
    const bytes = parquet(sst2Columns(numbered(300), labels(300)), { rowGroupSize: 100 })
    const folder = folderWith({ [name]: bytes })
    for (const size of [0, 3, 11, 12, bytes.length >> 1, bytes.length - 1]) {
      writeFileSync(join(folder, name), bytes.subarray(0, size))
      expect(await refusal('sst2', folder)).toMatch(/^validation.*expected a (whole and valid )?Parquet file, found/)
    }
    writeFileSync(join(folder, name), 'sentence\tlabel\nno Parquet file at all\t1\n')
    expect(await refusal('sst2', folder)).toMatch(/^validation.*footer: expected a whole and valid Parquet file, found/)
  })

  test('refuses a file whose middle was cut out: its footer points beyond its end', async () => {
    const bytes = parquet(sst2Columns(numbered(3_000), labels(3_000)), { rowGroupSize: 500, codec: 'UNCOMPRESSED' })
    const cut = Buffer.concat([bytes.subarray(0, 1_000), bytes.subarray(bytes.length - 3_000)])
    expect(await refusal('sst2', folderWith({ [name]: cut }))).toMatch(/^validation.*expected .*Parquet file/)
  })

  test('refuses a page that does not decompress, with its rows', async () => {
    const bytes = parquet(sst2Columns(numbered(300), labels(300)), { rowGroupSize: 100 })
    bytes.fill(0xff, 4, 200)
    expect(await refusal('sst2', folderWith({ [name]: bytes }))).toMatch(
      /^validation.*: rows 0 to 99, column "sentence": expected a whole and valid Parquet file, found/,
    )
  })
})
