import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderWith } from '../fixture.js'
import { opened, parquet, refusal, sst2Columns } from './fixture.js'

const tsv = 'sentence\tlabel\na\t1\n'
const shard = parquet(sst2Columns(['a'], [1n]))
const dev = 'validation-00000-of-00001.parquet'

describe('the folder of a data set', () => {
  test.each([
    ['the task’s own folder', 'dev.tsv', tsv],
    ['a GLUE root', 'SST-2/dev.tsv', tsv],
    ['a Hugging Face configuration', dev, shard],
    ['a Hugging Face root', `sst2/${dev}`, shard],
  ])('may be %s', async (_, name, content) => {
    const folder = folderWith({ [name]: content, 'README.md': '', 'CoLA/dev.tsv': 'gj04\t1\t\tIt is.\n' })
    expect((await opened('sst2', folder, 'dev')).files).toEqual([join(folder, name)])
  })

  test('MNLI’s development sets are told apart', async () => {
    const folder = folderWith({
      [`mnli/validation_matched-00000-of-00001.parquet`]: parquet([
        { name: 'premise', data: ['m'], type: 'STRING' },
        { name: 'hypothesis', data: ['h'], type: 'STRING' },
        { name: 'label', data: [2n], type: 'INT64' },
      ]),
    })
    expect((await opened('mnli', folder, 'dev')).files).toHaveLength(1)
    expect(await refusal('mnli-mm', folder)).toBe(
      'mnli: expected the dev split of mnli-mm (validation_mismatched-00000-of-00001.parquet or its shards), found none of its splits (files: validation_matched-00000-of-00001.parquet)',
    )
  })

  test('a split that is missing: what is there is listed', async () => {
    expect(await refusal('sst2', folderWith({ 'SST-2/dev.tsv': tsv, 'SST-2/test.tsv': tsv }), 'train')).toBe(
      'SST-2: expected the train split of sst2 (train.tsv), found dev and test (files: dev.tsv, test.tsv)',
    )
    expect(await refusal('sst2', folderWith({ [dev]: shard }), 'test')).toBe(
      `.: expected the test split of sst2 (test-00000-of-00001.parquet or its shards), found dev (files: ${dev})`,
    )
    expect(await refusal('sst2', folderWith({ 'validation.tsv': tsv }))).toBe(
      '.: expected the dev split of sst2 (dev.tsv), found none of its splits (files: validation.tsv)',
    )
  })

  test('both layouts, or one in two places, are refused', async () => {
    expect(await refusal('sst2', folderWith({ 'dev.tsv': tsv, [dev]: shard }))).toBe(
      '.: expected sst2 in one layout and place only, found tsv files in . and parquet files in .',
    )
    expect(await refusal('sst2', folderWith({ 'SST-2/dev.tsv': tsv, [`sst2/${dev}`]: shard }))).toBe(
      '.: expected sst2 in one layout and place only, found tsv files in SST-2 and parquet files in sst2',
    )
  })

  test('neither layout: what is there is listed', async () => {
    const expected = '.: expected sst2 as dev.tsv or validation-00000-of-00001.parquet, here or in SST-2 or sst2, found'
    expect(await refusal('sst2', folderWith({}))).toBe(`${expected} an empty folder`)
    expect(await refusal('sst2', folderWith({ 'CoLA/dev.tsv': '', 'a.csv': '' }))).toBe(`${expected} only CoLA, a.csv`)
  })

  test('a folder that is not there, or no folder', async () => {
    const folder = folderWith({ 'dev.tsv': tsv })
    expect(await refusal('sst2', join(folder, 'no'))).toBe('.: expected a folder of GLUE data, found none')
    expect(await refusal('sst2', join(folder, 'dev.tsv'))).toMatch(/expected a folder of GLUE data, found a file/)
  })

  test.each([
    ['one missing', ['validation-00000-of-00002.parquet']],
    ['the first missing', ['validation-00001-of-00002.parquet']],
    ['two countings', ['validation-00000-of-00002.parquet', 'validation-00001-of-00003.parquet']],
    ['two versions', ['validation-00000-of-00001.parquet', 'validation-00000-of-00002.parquet']],
    ['a number beyond the last', ['validation-00002-of-00001.parquet']],
  ])('incomplete shards are refused: %s', async (_, names) => {
    const folder = folderWith(Object.fromEntries(names.map(name => [name, shard])))
    expect(await refusal('sst2', folder)).toMatch(
      new RegExp(`expected every shard of validation, 0 to \\d of \\d, once, found ${names.join(', ')}`),
    )
  })
})
