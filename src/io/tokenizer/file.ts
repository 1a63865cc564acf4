/**
 * Text and JSON files of a tokenizer folder, read whole and refused with a place when they are not what they claim.
 * Not modelled: other encodings, a byte order mark (it is refused as JSON), streams.
 */
import { readFile } from 'node:fs/promises'
import { isUtf8 } from 'node:buffer'
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type * as t from 'io-ts/lib/index.js'
import { problem, type Problem } from '../../domain/problem.js'

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')

/** `line 3, column 7` of a byte or a character, both from 1. */
const placeOf = (before: string): string => {
  const lines = before.split('\n')
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`
}

/** The first byte that is not UTF-8: where encoding the decoded text again first gives another one. */
const notUtf8 = (path: string, bytes: Buffer): Problem => {
  const again = Buffer.from(bytes.toString('utf8'), 'utf8')
  let at = 0
  while (at < bytes.length && bytes[at] === again[at]) at++
  const found = `byte 0x${(bytes[at] ?? 0).toString(16).padStart(2, '0')} at offset ${at}`
  return problem(path, placeOf(bytes.toString('utf8', 0, at)), 'UTF-8 text', found)
}

/** The file's text, or null if there is no such file. */
export const readText =
  (path: string): TE.TaskEither<Problem, string | null> =>
  async () => {
    try {
      const bytes = await readFile(path)
      return isUtf8(bytes) ? E.right(bytes.toString('utf8')) : E.left(notUtf8(path, bytes))
    } catch (error) {
      if (isMissing(error)) return E.right(null)
      return E.left(problem(path, '', 'a readable file', error instanceof Error ? error.message : String(error)))
    }
  }

/** The message of JSON.parse without the text it quotes, or null if the text is JSON. */
const syntaxError = (text: string): string | null => {
  try {
    JSON.parse(text)
    return null
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return message.replace(/, (?:\.\.\.)?".*is not valid JSON$/s, '')
  }
}

/** The place that some messages end in. */
const positionIn = (message: string): number | null => {
  const position = /at position (\d+)/.exec(message)?.[1]
  return position === undefined ? null : Number(position)
}

/** Whether a text is JSON or may become so by going on. */
const isUnfinished = (text: string): boolean => {
  const error = syntaxError(text)
  return error === null || /end of JSON|[Uu]nterminated/.test(error) || positionIn(error) === text.length
}

/**
 * Where a text stops being JSON. The engine's message does not always say: the place is then the end of the longest
 * beginning that is only unfinished.
 */
const syntaxPlace = (text: string, message: string): string => {
  const position = positionIn(message)
  if (position !== null) return placeOf(text.slice(0, position))
  let unfinished = 0
  let wrong = text.length + 1
  while (wrong - unfinished > 1) {
    const middle = (unfinished + wrong) >> 1
    if (isUnfinished(text.slice(0, middle))) unfinished = middle
    else wrong = middle
  }
  return placeOf(text.slice(0, unfinished))
}

export const parseJson = (path: string, text: string): E.Either<Problem, unknown> => {
  const message = syntaxError(text)
  if (message === null) return E.right(JSON.parse(text))
  return E.left(problem(path, syntaxPlace(text, message), 'JSON', message))
}

/** At most one line of a JSON value. */
export const snippet = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`
}

/** Decodes a JSON value; the first thing wrong is reported with its path (`model.vocab.Ġthe`). */
export const decodeJson =
  <A>(path: string, codec: t.Decoder<unknown, A>) =>
  (value: unknown): E.Either<Problem, A> => {
    const decoded = codec.decode(value)
    if (E.isRight(decoded)) return decoded
    const first = decoded.left[0]
    const at = (first?.context ?? []).map(entry => entry.key).filter(key => key !== '')
    const expected = first?.message ?? first?.context.at(-1)?.type.name ?? 'another value'
    return E.left(problem(path, at.join('.'), expected, snippet(first?.value)))
  }

/** Text of a file that has to be there. */
export const readRequired = (path: string): TE.TaskEither<Problem, string> =>
  TE.chainEitherK((text: string | null) =>
    text === null ? E.left(problem(path, '', 'a file', 'none')) : E.right(text),
  )(readText(path))
