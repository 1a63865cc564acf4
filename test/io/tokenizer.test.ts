import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts/lib/index.js'
import { describe, expect, test } from 'vitest'
import { describe as line } from '../../src/domain/problem.js'
import type { Tokenizer } from '../../src/domain/tokenizer/tokenizer.js'
import { countWords, tokenizerJson, trainBpe } from '../../src/domain/tokenizer/training.js'
import { readTokenizer, type TokenizerFolder } from '../../src/io/tokenizer.js'
import { shared } from '../shared.js'
import { accepted, folderWith } from './fixture.js'

const read = (path: string): Promise<TokenizerFolder> => accepted(readTokenizer(path))

/** The refusal, with the folder's own name cut off. */
const refusal = async (files: Readonly<Record<string, string | Uint8Array>>): Promise<string> => {
  const path = folderWith(files)
  const found = await readTokenizer(path)()
  return E.isLeft(found) ? line(found.left).replaceAll(path, '.') : 'accepted'
}

const Row = t.type({ text: t.string, pair: t.union([t.string, t.null]), ids: t.array(t.number) })
const Length = t.type({ max_length: t.number })

describe('the reference', () => {
  const expectReference = async (tokenizer: Tokenizer): Promise<void> => {
    const lines = (await readFile(shared('data/reference/tokenizer.jsonl'), 'utf8')).trimEnd().split('\n')
    expect(lines).toHaveLength(677)
    for (const text of lines) {
      const value: unknown = JSON.parse(text)
      const row = Row.decode(value)
      if (E.isLeft(row)) throw new Error(`not a row: ${text}`)
      const maxLength = Length.is(value) ? value.max_length : Infinity
      expect([...tokenizer.encode(row.right.text, row.right.pair, maxLength)], text).toEqual(row.right.ids)
    }
  }

  test('every row, from tokenizer.json', async () => {
    const { tokenizer, files } = await read(shared('data/roberta-base-tokenizer'))
    expect(files).toEqual([shared('data/roberta-base-tokenizer/tokenizer.json')])
    expect([tokenizer.vocabularySize, tokenizer.paddingId]).toEqual([50265, 1])
    await expectReference(tokenizer)
  })

  test('every row, from vocab.json and merges.txt', async () => {
    const path = folderWith({})
    for (const name of ['vocab.json', 'merges.txt'])
      await cp(shared('data/roberta-base-tokenizer', name), join(path, name))
    const { tokenizer, files } = await read(path)
    expect(files).toEqual([join(path, 'vocab.json'), join(path, 'merges.txt')])
    await expectReference(tokenizer)
  })

  /** Found with tokenizers 0.22.2 and models/sst2. */
  const single: readonly (readonly [string, readonly number[]])[] = [
    ["it 's a charming and often affecting journey .", [543, 349, 8, 264, 9058, 262, 798, 4925, 2480, 598]],
    ['Hello, World!', [72, 1438, 25, 5, 89, 74, 15645, 39]],
    ['', []],
    ['\u0000', [228]],
    [' ', [89]],
    ['a<mask>b', [16, 17563, 49]],
    ['a \t\u0085<mask> b', [16, 17563, 793]],
    ['<s></s>', [0, 2]],
    ['<pad><unk>', [1, 3]],
    ["can't CAN'T we'll", [4707, 314, 89, 43, 32, 54, 18, 61, 294, 673]],
    ['x\u0085y', [83, 102, 109, 28]],
    ['x\ufeffy', [83, 185, 93, 125, 28]],
    ['日本語 🙂', [176, 113, 118, 176, 12, 136, 174, 127, 153, 89, 206, 103, 7, 123]],
    ['½ ٣ 12', [102, 132, 89, 168, 94, 482]],
    ['\u088f \u0c5c', [140, 114, 124, 89, 140, 148, 12]],
    ['a  \n  b', [16, 89, 89, 238, 89, 793]],
    ['f'.repeat(40), Array<number>(20).fill(2409)],
    ['the\u00a0the', [705, 102, 159, 705]],
    ["'s's", [270, 270]],
    [" 's!'s", [349, 8, 39, 18, 8]],
    ['e\u0301 é', [29, 188, 126, 4934]],
    ['\u180e\u200b', [88, 159, 139, 165, 115, 142]],
    ['<mask', [180, 16555]],
    ['𝒳𝒴 𐐷', [206, 11, 130, 146, 206, 11, 130, 158, 89, 206, 152, 152, 155]],
  ]
  const pairs: readonly (readonly [string, string, number, readonly number[]])[] = [
    ['a b c d e', 'f g h', 8, [0, 16, 793, 2, 2, 57, 854, 2]],
    ['a b', 'f g h i j', 8, [0, 16, 793, 2, 2, 57, 854, 2]],
    ['a b c', 'd e f', 7, [0, 16, 2, 2, 48, 517, 2]],
    ['a b c', 'd e', 7, [0, 16, 793, 2, 2, 48, 2]],
    ['a b c d', 'e', 6, [0, 16, 2, 2, 29, 2]],
    ['a', 'b', 4, [0, 2, 2, 2]],
  ]
  test('a cut vocabulary, odd texts and truncation', async () => {
    const { tokenizer } = await read(shared('data/models/sst2'))
    for (const [text, ids] of single) expect([...tokenizer.encode(text, null, 512)], text).toEqual([0, ...ids, 2])
    for (const [a, b, maxLength, ids] of pairs) expect([...tokenizer.encode(a, b, maxLength)]).toEqual(ids)
  })
})

/** A tokenizer.json of the least size, as text to be changed. */
const trained = trainBpe(countWords(['the the the cat', 'the hat']), 270)
const least = JSON.stringify(tokenizerJson(trained))

/** `least` with one piece of text replaced, which has to be there. */
const changed = (from: string, to: string): Readonly<Record<string, string>> => {
  if (!least.includes(from)) throw new Error(`no ${from}`)
  return { 'tokenizer.json': least.replace(from, to) }
}

describe('tokenizer.json', () => {
  test('what the trainer writes is read back', async () => {
    const { tokenizer } = await read(folderWith({ 'tokenizer.json': least }))
    const the = trained.tokens.indexOf('Ġthe')
    expect([...tokenizer.encode('the the<mask>', null, 9)].slice(-3)).toEqual([the, trained.tokens.length - 1, 2])
    expect(tokenizer.vocabularySize).toBe(trained.tokens.length)
  })

  test('merges as pairs, an equivalent template, and a model without type are read alike', async () => {
    const pairs = JSON.stringify(trained.merges)
    const text = changed(JSON.stringify(trained.merges.map(pair => pair.join(' '))), pairs)['tokenizer.json'] ?? ''
    const part = (id: string, kind = 'SpecialToken') => ({ [kind]: { id, type_id: 0 } })
    const [s, a, e, b] = [part('<s>'), part('A', 'Sequence'), part('</s>'), part('B', 'Sequence')]
    const special = (id: string, number: number) => ({ id, ids: [number], tokens: [id] })
    const template = {
      type: 'TemplateProcessing',
      single: [s, a, e],
      pair: [s, a, e, e, b, e],
      special_tokens: { '<s>': special('<s>', 0), '</s>': special('</s>', 2) },
    }
    const withTemplate = text
      .replace(/"post_processor":\{.*?\},/, `"post_processor":${JSON.stringify(template)},`)
      .replace('"type":"BPE",', '')
    expect(withTemplate).toContain('TemplateProcessing')
    const [ours, theirs] = [
      await read(folderWith({ 'tokenizer.json': least })),
      await read(folderWith({ 'tokenizer.json': withTemplate })),
    ]
    expect(theirs.tokenizer.encode('the cat', 'hat', 99)).toEqual(ours.tokenizer.encode('the cat', 'hat', 99))
    const turned = withTemplate.replace('"id":"B","type_id":0', '"id":"B","type_id":1')
    expect(await refusal({ 'tokenizer.json': turned })).toMatch(
      /post_processor\.pair: expected <s> A <\/s> <\/s> B <\/s>/,
    )
  })

  test('a byte order mark is no fault', async () => {
    expect(await refusal({ 'tokenizer.json': `\uFEFF${least}` })).toBe('accepted')
  })

  test('add_prefix_space is honoured', async () => {
    const { tokenizer } = await read(folderWith(changed('"add_prefix_space":false', '"add_prefix_space":true')))
    expect(tokenizer.encode('the', null, 9)).toEqual(tokenizer.encode(' the', null, 9))
  })

  const at = './tokenizer.json: '
  test.each([
    [
      '"normalizer":null',
      '"normalizer":{"type":"NFC"}',
      'normalizer: expected null (normalizers are not available), found {"type":"NFC"}',
    ],
    ['{"type":"ByteLevel"', '{"type":"Metaspace"', 'pre_tokenizer.type: expected "ByteLevel", found "Metaspace"'],
    [
      '"use_regex":true',
      '"use_regex":false',
      'pre_tokenizer.use_regex: expected true (ByteLevel without its pattern is not available), found false',
    ],
    [
      'RobertaProcessing',
      'BertProcessing',
      'post_processor.type: expected "RobertaProcessing", found "BertProcessing"',
    ],
    ['"cls":["<s>",0]', '"cls":["<s>",1]', 'post_processor.cls: expected id 0 for "<s>", found 1'],
    ['"sep":["</s>",2]', '"sep":["[SEP]",2]', 'model.vocab["[SEP]"]: expected a special token, found none'],
    ['"type":"BPE"', '"type":"Unigram"', 'model.type: expected "BPE", found "Unigram"'],
    ['"dropout":null', '"dropout":0.1', 'model.dropout: expected null (BPE dropout is not available), found 0.1'],
    [
      '"end_of_word_suffix":""',
      '"end_of_word_suffix":"</w>"',
      'model.end_of_word_suffix: expected "" (word suffixes are not available), found "</w>"',
    ],
    ['"merges":["', '"merges":["q z","', 'model.merges.0: expected tokens of the vocabulary, found "qz", which is not'],
    [
      '"merges":["',
      '"merges":["zz q","',
      'model.merges.0: expected tokens of the vocabulary, found "zz", which is not',
    ],
    [
      '"merges":["',
      '"merges":["q","',
      'model.merges.0: expected a merge ("left right" or ["left", "right"]), found "q"',
    ],
    [
      '"merges":["',
      '"merges":["h e","',
      'model.merges.1: expected a merge not given before, found "h e", also model.merges.0',
    ],
    ['"!":4', '"!":5', 'model.vocab["\\""]: expected an id of its own, found 5, also of "!"'],
    ['"!":4', '"!":-4', 'model.vocab["!"]: expected a token id (integer from 0 to 16777215), found -4'],
    ['"!":4,', '', 'model.vocab["!"]: expected a token for byte 0x21, found none'],
    ['"<pad>":1,', '', 'added_tokens.'],
    ['"id":0,"content":"<s>"', '"id":7,"content":"<s>"', 'added_tokens.0: expected id 0 for "<s>", found 7'],
    [
      '"content":"<s>","single_word":false',
      '"content":"<s>","single_word":true',
      'added_tokens.0.single_word: expected false (single_word tokens are not available), found true',
    ],
    ['"content":"<unk>"', '"content":"<s>"', 'added_tokens.3: expected a token not given before, found "<s>"'],
    ['"version":"1.0"', '"version":"2.0"', 'version: expected "1.0", found "2.0"'],
  ])('%s -> %s is refused', async (from, to, message) => {
    expect(await refusal(changed(from, to))).toContain(at + message)
  })

  test('JSON cut or spoilt, and bytes that are not UTF-8, are refused with line and column', async () => {
    expect(await refusal({ 'tokenizer.json': '{\n "a": 1,\n "b": }' })).toMatch(
      /^\.\/tokenizer\.json: line 3, column 7: expected a JSON value, found "}"$/,
    )
    expect(await refusal({ 'tokenizer.json': least.slice(0, 300) })).toMatch(
      /^\.\/tokenizer\.json: line 1, column 29\d: expected a string with a closing quote, found the end of the file$/,
    )
    const bytes = Uint8Array.from([0x7b, 0x0a, 0x22, 0xc3, 0xa9, 0xc3, 0x22, 0x7d])
    expect(await refusal({ 'tokenizer.json': bytes })).toBe(
      './tokenizer.json: line 2, column 3: expected UTF-8 text, found byte 0xc3 at offset 5',
    )
    expect(await refusal(changed('"!":4', '"!":4,"!":4'))).toMatch(
      /line 1, column \d+: expected each key once, found the key "!" again$/,
    )
    expect(await refusal({ 'tokenizer.json': '[]' })).toMatch(/tokenizer\.json: /)
    expect(await refusal({ 'tokenizer.json': '' })).toMatch(/expected a JSON value, found the end of the file/)
  })
})

describe('vocab.json and merges.txt', () => {
  const vocabulary = JSON.stringify(Object.fromEntries(trained.tokens.map((token, id) => [token, id])))
  const merges = trained.merges.map(pair => pair.join(' ')).join('\n')
  const plain = { 'vocab.json': vocabulary, 'merges.txt': `#version: 0.2\n${merges}\n` }

  test('the same as tokenizer.json; with CRLF, without a version line', async () => {
    const expected = (await read(folderWith({ 'tokenizer.json': least }))).tokenizer.encode('the <mask>', 'hat', 99)
    const crlf = { ...plain, 'merges.txt': merges.replaceAll('\n', '\r\n') }
    for (const files of [plain, crlf]) {
      const { tokenizer } = await read(folderWith(files))
      expect(tokenizer.encode('the <mask>', 'hat', 99)).toEqual(expected)
    }
  })

  test('tokenizer.json is never mixed with them', async () => {
    const path = folderWith({ ...plain, 'vocab.json': 'not read', 'tokenizer.json': least })
    expect((await read(path)).files).toEqual([join(path, 'tokenizer.json')])
    expect(await refusal({ ...plain, 'tokenizer.json': '{' })).toMatch(/tokenizer\.json: line 1/)
  })

  test('special tokens and the prefix space may be said beside them', async () => {
    const path = folderWith({
      ...plain,
      'special_tokens_map.json': '{"mask_token":{"content":"<mask>","lstrip":false}}',
      'tokenizer_config.json': '{"add_prefix_space":true,"mask_token":{"content":"<mask>","lstrip":true}}',
    })
    const { tokenizer, files } = await read(path)
    expect(files).toHaveLength(4)
    const [space, mask] = [trained.tokens.indexOf('Ġ'), trained.tokens.indexOf('<mask>')]
    expect([...tokenizer.encode(' <mask>', null, 9)]).toEqual([0, space, mask, 2])
    expect(tokenizer.encode('the', null, 9)).toEqual(tokenizer.encode(' the', null, 9))
  })

  test.each([
    [
      { 'merges.txt': '#version: 0.2\nh e\nh  e\n' },
      './merges.txt: line 3: expected two tokens with a space between them, found "h  e"',
    ],
    [
      { 'merges.txt': 'h e\nh e\n' },
      './merges.txt: line 2: expected a merge not given before, found "h e", also line 1',
    ],
    [
      { 'merges.txt': '#version: 0.2\nq z' },
      './merges.txt: line 2: expected tokens of the vocabulary, found "qz", which is not',
    ],
    [
      { 'vocab.json': vocabulary.replace('"<pad>":1,', '') },
      './vocab.json: ["<pad>"]: expected a special token, found none',
    ],
    [{ 'vocab.json': '{"a":"b"}' }, './vocab.json: a: expected a token id (integer from 0 to 16777215), found "b"'],
    [
      { 'special_tokens_map.json': '{"cls_token":7}' },
      './special_tokens_map.json: cls_token: expected a special token, found 7',
    ],
    [
      { 'special_tokens_map.json': '{"cls_token":"[CLS]"}' },
      './vocab.json: ["[CLS]"]: expected a special token, found none',
    ],
  ])('%o is refused', async (files, message) => {
    expect(await refusal({ ...plain, ...files })).toBe(message)
  })

  test('a folder without either, or with half, is refused', async () => {
    expect(await refusal({})).toBe('.: expected tokenizer.json, or vocab.json and merges.txt, found neither')
    expect(await refusal({ 'vocab.json': vocabulary })).toBe('./merges.txt: expected a file that exists, found none')
    expect(await refusal({ 'merges.txt': merges })).toBe(
      '.: expected tokenizer.json, or vocab.json and merges.txt, found neither',
    )
  })
})
