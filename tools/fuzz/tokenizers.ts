/** Kinds of tokeniser files: tokenizer.json, and vocab.json with merges.txt and special tokens. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from '../../src/domain/experiment/config.js'
import { orThrow } from '../../src/io/fault.js'
import { readTokenizer } from '../../src/io/tokenizer.js'
import { spoiltBytes } from './bytes.js'
import { spoiltJson } from './json.js'
import type { Kind, Wrong } from './kind.js'

const file = join(import.meta.dirname, '../../data/models/sst2/tokenizer.json')
// as: a file of this repository
const whole = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly model: { readonly vocab: Record<string, number>; readonly merges: readonly (string | readonly string[])[] }
}
/** Bytes, special tokens and a few merges: small, so that changes hit what matters. */
const merges = whole.model.merges.slice(0, 12).map(m => (typeof m === 'string' ? m : m.join(' ')))
const few = new Map(Object.entries(whole.model.vocab).filter(([, id]) => id < 261 + merges.length))
for (const merge of merges) few.set(merge.replace(' ', ''), whole.model.vocab[merge.replace(' ', '')] ?? few.size)
if (!few.has('<mask>')) few.set('<mask>', Infinity)
const vocab = Object.fromEntries([...few].sort(([, a], [, b]) => a - b).map(([token], i) => [token, i]))
const small = {
  ...(whole as unknown as Record<string, Json>),
  added_tokens: ['<s>', '<pad>', '</s>', '<unk>', '<mask>']
    .filter(content => content in vocab)
    .map(content => ({ ...flags(content), id: vocab[content] ?? 0, content })),
  model: { ...(whole.model as unknown as Record<string, Json>), vocab, merges },
}

function flags(content: string) {
  return { single_word: false, lstrip: content === '<mask>', rstrip: false, normalized: false, special: true }
}

const texts = ['', 'a', ' the film', 'It’s 2024 — naïve café!', '<s>x</s> <mask>', '\ud83d\ude00\u0000\n\t']

/** Byte-level BPE loses nothing: tokens give their text back, and every id is one of the vocabulary. */
const readAll = async (folder: string): Promise<Wrong> => {
  const { tokenizer } = await orThrow(readTokenizer(folder))
  for (const given of texts) {
    const ids = tokenizer.encode(given, null, 1000)
    if (ids.some(id => !(id >= 0 && id < tokenizer.vocabularySize))) return `an id of ${JSON.stringify(given)} is none`
    const inner = Buffer.from(tokenizer.decode(ids.subarray(1, -1))).toString('utf8')
    // Tokens that take the spaces beside them, and the space before a text, are all that may be lost or come.
    const plain = (s: string): string => s.replaceAll(/\s/gu, '')
    if (plain(inner) !== plain(given)) return `${JSON.stringify(given)} comes back as ${JSON.stringify(inner)}`
  }
  return null
}

export const tokenizerJson: Kind = {
  name: 'tokenizer',
  spoilt: random => ({ 'tokenizer.json': spoiltJson(small, random) }),
  read: readAll,
}

const encoder = new TextEncoder()
const vocabBytes = encoder.encode(JSON.stringify(vocab))
const mergesBytes = encoder.encode(`#version: 0.2\n${merges.join('\n')}\n`)
const specials: Json = {
  cls_token: '<s>',
  sep_token: { content: '</s>', lstrip: false, rstrip: false, normalized: true, single_word: false },
  pad_token: '<pad>',
  additional_special_tokens: ['<s>'],
}

export const mergesKind: Kind = {
  name: 'merges',
  spoilt: random => {
    const which = random.below(3)
    return {
      'vocab.json': which === 0 ? spoiltJson(vocab, random) : vocabBytes,
      'merges.txt': which === 1 ? spoiltBytes(mergesBytes, random) : mergesBytes,
      'special_tokens_map.json': which === 2 ? spoiltJson(specials, random) : encoder.encode(JSON.stringify(specials)),
    }
  },
  read: readAll,
}
