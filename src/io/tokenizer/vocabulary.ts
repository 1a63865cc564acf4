/**
 * Checks that the parts of a tokenizer fit together: unique ids, every byte, merges of known tokens, special tokens.
 * Not modelled: where the parts were read; `VocabularyParts` says how to name their places.
 */
import * as E from 'fp-ts/lib/Either.js'
import { byteCharacters } from '../../domain/tokenizer/alphabet.js'
import type { AddedToken } from '../../domain/tokenizer/added.js'
import type { MergeRule } from '../../domain/tokenizer/merges.js'
import type { Vocabulary } from '../../domain/tokenizer/tokenizer.js'
import { problem, type Problem } from '../../domain/problem.js'
import { shown } from '../decoding.js'

/** A file and what to call a place in it. */
export interface Source {
  readonly file: string
  readonly place: (index: number | string) => string
}

export interface VocabularyParts {
  readonly vocabulary: Source
  readonly ids: ReadonlyMap<string, number>
  readonly mergesFrom: Source
  readonly merges: readonly (readonly [string, string])[]
  readonly addedFrom: Source
  readonly added: readonly AddedToken[]
  readonly addPrefixSpace: boolean
  /** Contents of the special tokens. */
  readonly start: string
  readonly separator: string
  readonly padding: string
}

const at = (source: Source, index: number | string, expected: string, found: string): E.Either<Problem, never> =>
  E.left(problem(source.file, source.place(index), expected, found))

const uniqueIds = ({ vocabulary, ids }: VocabularyParts): E.Either<Problem, ReadonlyMap<number, string>> => {
  const tokens = new Map<number, string>()
  for (const [token, id] of ids) {
    const other = tokens.get(id)
    if (other !== undefined) return at(vocabulary, token, `an id of its own`, `${id}, also of ${shown(other)}`)
    tokens.set(id, token)
  }
  const missing = byteCharacters.findIndex(character => !ids.has(character))
  if (missing < 0) return E.right(tokens)
  const character = byteCharacters[missing] ?? ''
  return at(vocabulary, character, `a token for byte 0x${missing.toString(16).padStart(2, '0')}`, 'none')
}

const rules = ({ ids, merges, mergesFrom }: VocabularyParts): E.Either<Problem, readonly MergeRule[]> => {
  const found: MergeRule[] = []
  const places = new Map<string, number>()
  for (const [index, [left, right]] of merges.entries()) {
    const pair = `${left} ${right}`
    const earlier = places.get(pair)
    if (earlier !== undefined)
      return at(mergesFrom, index, 'a merge not given before', `${shown(pair)}, also ${mergesFrom.place(earlier)}`)
    places.set(pair, index)
    const [l, r, merged] = [ids.get(left), ids.get(right), ids.get(left + right)]
    const unknown = l === undefined ? left : r === undefined ? right : left + right
    if (l === undefined || r === undefined || merged === undefined)
      return at(mergesFrom, index, 'tokens of the vocabulary', `${shown(unknown)}, which is not`)
    found.push({ left: l, right: r, merged })
  }
  return E.right(found)
}

/** Ids of added tokens agree with the vocabulary, or follow it one by one. */
const checkAdded = (
  { ids, added, addedFrom }: VocabularyParts,
  tokens: ReadonlyMap<number, string>,
): E.Either<Problem, ReadonlyMap<string, number>> => {
  const all = new Map(ids)
  const seen = new Set<string>()
  let next = tokens.size
  for (const [index, { content, id }] of added.entries()) {
    if (content === '') return at(addedFrom, index, 'a token with a text', '""')
    if (/\p{Surrogate}/u.test(content)) return at(addedFrom, index, 'well-formed Unicode', shown(content))
    if (seen.has(content)) return at(addedFrom, index, 'a token not given before', shown(content))
    seen.add(content)
    const expected = ids.get(content) ?? next++
    if (id !== expected || (!ids.has(content) && tokens.has(id)))
      return at(addedFrom, index, `id ${expected} for ${shown(content)}`, `${id}`)
    all.set(content, id)
  }
  return E.right(all)
}

/** The vocabulary, if its parts fit together. */
export const vocabularyOf = (parts: VocabularyParts): E.Either<Problem, Vocabulary> => {
  const tokens = uniqueIds(parts)
  if (E.isLeft(tokens)) return tokens
  const merges = rules(parts)
  if (E.isLeft(merges)) return merges
  const all = checkAdded(parts, tokens.right)
  if (E.isLeft(all)) return all
  const idOf = (token: string): E.Either<Problem, number> => {
    const id = all.right.get(token)
    return id === undefined ? at(parts.vocabulary, token, 'a special token', 'none') : E.right(id)
  }
  const [startId, separatorId, paddingId] = [idOf(parts.start), idOf(parts.separator), idOf(parts.padding)]
  if (E.isLeft(startId)) return startId
  if (E.isLeft(separatorId)) return separatorId
  if (E.isLeft(paddingId)) return paddingId
  return E.right({
    ids: parts.ids,
    merges: merges.right,
    added: parts.added,
    addPrefixSpace: parts.addPrefixSpace,
    startId: startId.right,
    separatorId: separatorId.right,
    paddingId: paddingId.right,
  })
}
