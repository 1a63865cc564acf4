/**
 * Small text and JSON files, read whole: UTF-8, a byte-order mark passed over, at most 100 MB.
 * Not modelled: pipes and devices (refused); streams (`lines.ts`).
 */
import type * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Json } from '../domain/experiment/config.js'
import type { Problem, Problems } from '../domain/problem.js'
import { attempt } from './fault.js'
import { jsonOf } from './json.js'
import { readRange, sizeOf, withSource } from './source.js'
import { wholeText } from './utf8.js'

/** The text of a file that has to be there. */
export const readText = (path: string): TE.TaskEither<Problem, string> =>
  pipe(
    attempt(path, () => withSource(path, source => readRange(source, '', 0, source.size))),
    TE.chainEitherK(bytes => wholeText(path, '', bytes)),
  )

/** The text of a file, or null if there is no such file. */
export const readTextIfThere = (path: string): TE.TaskEither<Problem, string | null> =>
  pipe(
    attempt(path, () => sizeOf(path)),
    TE.chain((size): TE.TaskEither<Problem, string | null> => (size === null ? TE.right(null) : readText(path))),
  )

/** The value of a JSON file. */
export const readJson = (path: string): TE.TaskEither<Problems, Json> =>
  pipe(
    readText(path),
    TE.mapLeft((only): Problems => [only]),
    TE.chainEitherK((text): E.Either<Problems, Json> => jsonOf(path, '', text)),
  )
