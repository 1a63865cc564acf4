/**
 * Reads a RoBERTa tokenizer from a folder: tokenizer.json, or else vocab.json and merges.txt, never a mixture.
 * Not modelled: other tokenizers; whatever a file asks for that is not built is refused by name.
 */
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { problem, type Problem } from '../domain/problem.js'
import { tokenizer, type Tokenizer, type Vocabulary } from '../domain/tokenizer/tokenizer.js'
import { TokenizerFile } from './tokenizer/codec.js'
import { decodeJson, jsonPath, shown } from './decoding.js'
import { readText, readTextIfThere } from './textFile.js'
import { parsePlainFiles, type PlainFile } from './tokenizer/plain.js'
import { templateOf } from './tokenizer/template.js'
import { vocabularyOf, type Source } from './tokenizer/vocabulary.js'

export interface TokenizerFolder {
  readonly tokenizer: Tokenizer
  /** Files that decide the result, for provenance. */
  readonly files: readonly string[]
}

const PADDING = '<pad>'

const parseTokenizerFile = (file: string, text: string): E.Either<Problem, Vocabulary> => {
  const decoded = decodeJson(TokenizerFile, file)(text)
  if (E.isLeft(decoded)) return decoded
  const { model, added_tokens, pre_tokenizer, post_processor } = decoded.right
  const template = templateOf(file, post_processor)
  if (E.isLeft(template)) return template
  const { start, separator } = template.right
  const source = (...keys: readonly string[]): Source => ({ file, place: index => jsonPath([...keys, index]) })
  const vocabulary = vocabularyOf({
    vocabulary: source('model', 'vocab'),
    ids: new Map(Object.entries(model.vocab)),
    mergesFrom: source('model', 'merges'),
    merges: model.merges,
    addedFrom: source('added_tokens'),
    added: (added_tokens ?? []).map(({ id, content, lstrip, rstrip, normalized }) => ({
      content,
      id,
      stripsLeft: lstrip,
      stripsRight: rstrip,
      normalized,
    })),
    addPrefixSpace: pre_tokenizer.add_prefix_space,
    start: start[0],
    separator: separator[0],
    padding: PADDING,
  })
  if (E.isLeft(vocabulary)) return vocabulary
  const disagrees = (name: string, [token, given]: readonly [string, number], id: number): Problem | null =>
    given === id ? null : problem(file, `post_processor.${name}`, `id ${id} for ${shown(token)}`, `${given}`)
  const wrong =
    disagrees('cls', start, vocabulary.right.startId) ?? disagrees('sep', separator, vocabulary.right.separatorId)
  return wrong === null ? vocabulary : E.left(wrong)
}

/** The text of a file that may be missing, as a list of at most one. */
const optional = (file: string): TE.TaskEither<Problem, readonly PlainFile[]> =>
  pipe(
    readTextIfThere(file),
    TE.map(text => (text === null ? [] : [{ file, text }])),
  )

const required = (file: string): TE.TaskEither<Problem, PlainFile> =>
  pipe(
    readText(file),
    TE.map(text => ({ file, text })),
  )

const readPlainFiles = (folder: string): TE.TaskEither<Problem, TokenizerFolder> =>
  pipe(
    TE.Do,
    TE.bind('vocabulary', () => required(join(folder, 'vocab.json'))),
    TE.bind('merges', () => required(join(folder, 'merges.txt'))),
    TE.bind('map', () => optional(join(folder, 'special_tokens_map.json'))),
    TE.bind('config', () => optional(join(folder, 'tokenizer_config.json'))),
    TE.chainEitherK(({ vocabulary, merges, map, config }) => {
      const specials = [...map, ...config]
      return pipe(
        parsePlainFiles({ vocabulary, merges, specials }),
        E.map(found => ({
          tokenizer: tokenizer(found),
          files: [vocabulary, merges, ...specials].map(({ file }) => file),
        })),
      )
    }),
  )

/** The tokenizer of a folder. Where tokenizer.json stands it alone is read. */
export const readTokenizer = (folder: string): TE.TaskEither<Problem, TokenizerFolder> => {
  const file = join(folder, 'tokenizer.json')
  return pipe(
    readTextIfThere(file),
    TE.chain(text => {
      if (text !== null)
        return TE.fromEither(
          pipe(
            parseTokenizerFile(file, text),
            E.map(found => ({ tokenizer: tokenizer(found), files: [file] })),
          ),
        )
      return pipe(
        readTextIfThere(join(folder, 'vocab.json')),
        TE.chain(vocabulary =>
          vocabulary === null
            ? TE.left(problem(folder, '', 'tokenizer.json, or vocab.json and merges.txt', 'neither'))
            : readPlainFiles(folder),
        ),
      )
    }),
  )
}
