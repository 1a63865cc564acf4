/**
 * vocab.json and merges.txt, with special_tokens_map.json and tokenizer_config.json where they stand; roberta-base's
 * special tokens otherwise. Not read: added_tokens.json and `added_tokens_decoder`; every token is in vocab.json.
 */
import * as E from 'fp-ts/lib/Either.js'
import { problem, type Problem } from '../../domain/problem.js'
import type { AddedToken } from '../../domain/tokenizer/added.js'
import type { Vocabulary } from '../../domain/tokenizer/tokenizer.js'
import { SpecialTokens, VocabularyIds, type SpecialToken } from './codec.js'
import { decodeJson, jsonPath, shown } from '../decoding.js'
import { vocabularyOf, type Source } from './vocabulary.js'

/** Lines of merges.txt, a pair of tokens each, after an optional `#version` line. */
const parseMerges = (
  file: string,
  text: string,
): E.Either<Problem, { readonly merges: readonly (readonly [string, string])[]; readonly from: Source }> => {
  const lines = text.split('\n').map(line => (line.endsWith('\r') ? line.slice(0, -1) : line))
  if (lines.at(-1) === '') lines.pop()
  const header = lines[0]?.startsWith('#version') === true ? 1 : 0
  const merges: (readonly [string, string])[] = []
  for (const [index, line] of lines.slice(header).entries()) {
    const [left = '', right = '', ...rest] = line.split(' ')
    if (left === '' || right === '' || rest.length > 0)
      return E.left(problem(file, `line ${index + header + 1}`, 'two tokens with a space between them', shown(line)))
    merges.push([left, right])
  }
  return E.right({ merges, from: { file, place: index => `line ${Number(index) + header + 1}` } })
}

/** A special token of roberta-base unless the folder says otherwise; `<mask>` takes the space before it. */
const specialToken = (given: SpecialToken | null, usual: string, ids: Readonly<Record<string, number>>): AddedToken => {
  const token = given ?? usual
  const content = typeof token === 'string' ? token : token.content
  const own = typeof token === 'string' ? null : token
  return {
    content,
    id: Object.hasOwn(ids, content) ? (ids[content] ?? -1) : -1, // "constructor" is a token only if it is listed
    stripsLeft: own === null ? usual === '<mask>' : own.lstrip === true,
    stripsRight: own?.rstrip === true,
    normalized: own?.normalized !== false,
  }
}

export interface PlainFile {
  readonly file: string
  readonly text: string
}

export interface PlainFiles {
  readonly vocabulary: PlainFile
  readonly merges: PlainFile
  /** special_tokens_map.json and tokenizer_config.json, what is there of them; the first to name a token decides. */
  readonly specials: readonly PlainFile[]
}

const noSpecials: SpecialTokens = {
  cls_token: null,
  sep_token: null,
  pad_token: null,
  unk_token: null,
  mask_token: null,
  bos_token: null,
  eos_token: null,
  additional_special_tokens: null,
  add_prefix_space: null,
}

const mergeSpecials = (files: readonly PlainFile[]): E.Either<Problem, SpecialTokens> => {
  let all = noSpecials
  for (const { file, text } of files) {
    const decoded = decodeJson(SpecialTokens, file)(text)
    if (E.isLeft(decoded)) return decoded
    const more = decoded.right
    all = {
      cls_token: all.cls_token ?? more.cls_token,
      sep_token: all.sep_token ?? more.sep_token,
      pad_token: all.pad_token ?? more.pad_token,
      unk_token: all.unk_token ?? more.unk_token,
      mask_token: all.mask_token ?? more.mask_token,
      bos_token: all.bos_token ?? more.bos_token,
      eos_token: all.eos_token ?? more.eos_token,
      additional_special_tokens: all.additional_special_tokens ?? more.additional_special_tokens,
      add_prefix_space: all.add_prefix_space ?? more.add_prefix_space,
    }
  }
  return E.right(all)
}

/** The vocabulary of the files together. */
export const parsePlainFiles = ({ vocabulary, merges, specials }: PlainFiles): E.Either<Problem, Vocabulary> => {
  const decoded = decodeJson(VocabularyIds, vocabulary.file)(vocabulary.text)
  if (E.isLeft(decoded)) return decoded
  const ids = decoded.right
  const pairs = parseMerges(merges.file, merges.text)
  if (E.isLeft(pairs)) return pairs
  const named = mergeSpecials(specials)
  if (E.isLeft(named)) return named
  const own = named.right
  const start = specialToken(own.cls_token, '<s>', ids)
  const separator = specialToken(own.sep_token, '</s>', ids)
  const padding = specialToken(own.pad_token, '<pad>', ids)
  const tokens = [
    start,
    padding,
    separator,
    specialToken(own.unk_token, '<unk>', ids),
    specialToken(own.mask_token, '<mask>', ids),
    // bos and eos are cls and sep under other names: of equal contents the first decides
    specialToken(own.bos_token, '<s>', ids),
    specialToken(own.eos_token, '</s>', ids),
    ...(own.additional_special_tokens ?? []).map(token => specialToken(token, '', ids)),
  ]
  const missing = tokens.find(token => token.id < 0)
  if (missing !== undefined)
    return E.left(problem(vocabulary.file, jsonPath([missing.content]), 'a special token', 'none'))
  return vocabularyOf({
    vocabulary: { file: vocabulary.file, place: index => jsonPath([index]) },
    ids: new Map(Object.entries(ids)),
    mergesFrom: pairs.right.from,
    merges: pairs.right.merges,
    addedFrom: { file: vocabulary.file, place: index => jsonPath([tokens[Number(index)]?.content ?? '']) },
    added: [...new Map(tokens.toReversed().map(token => [token.content, token])).values()],
    addPrefixSpace: own.add_prefix_space ?? false,
    start: start.content,
    separator: separator.content,
    padding: padding.content,
  })
}
