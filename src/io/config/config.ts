/**
 * Configs from outside: a file, or JSON already read, decoded in full or refused with every problem it has.
 * Not checked here: whether paths lead anywhere, and whether this version can do what is asked.
 */
import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { chain, left, mapLeft, right, type Either } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { chainEitherK, tryCatch, type TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Config, Json } from '../../domain/experiment/config.js'
import { problem, type Problem } from '../../domain/problem.js'
import { experiment } from './experiment.js'
import { parseJson } from './json.js'
import { problems } from './reporter.js'
import type { JsonSchema } from './shape.js'

/** Nobody writes a larger one; a wrong file is refused before it is read. */
const largestBytes = 16 * 2 ** 20

/**
 * @param file name for messages.
 * @param folder absolute; relative paths in the config are taken from here.
 */
export const decodeConfig = (file: string, folder: string, json: unknown): Either<readonly Problem[], Config> =>
  pipe(
    experiment(folder).codec.decode(json),
    mapLeft(errors => problems(file, errors)),
  )

/** The config in full, as it would be written: every default present. `decodeConfig` gives the same config again. */
export const encodeConfig = (config: Config): Json => experiment('/').codec.encode(config)

const parsed = (file: string, text: string): Either<readonly Problem[], Json> =>
  pipe(
    parseJson(text),
    mapLeft(faults => faults.map(f => problem(file, `line ${f.line}, column ${f.column}`, f.expected, f.found))),
  )

const decodeText = (file: string, bytes: Uint8Array): Either<readonly Problem[], string> => {
  try {
    return right(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return left([problem(file, '', 'text in UTF-8', 'other bytes')])
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'a folder',
  EACCES: 'a file that may not be read',
}

const unreadable = (file: string, error: unknown): Problem => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  return problem(file, '', 'a config file (JSON)', reasons[code] ?? code)
}

/** Reads a config file. Problems name the file as given. */
export const readConfig = (path: string): TaskEither<readonly Problem[], Config> =>
  pipe(
    tryCatch(
      async () => {
        const { size } = await stat(path)
        return size > largestBytes ? null : await readFile(path)
      },
      error => [unreadable(path, error)],
    ),
    chainEitherK((bytes): Either<readonly Problem[], Uint8Array> =>
      bytes === null
        ? left([problem(path, '', `a config of at most ${largestBytes} bytes`, 'a larger file')])
        : right(bytes),
    ),
    chainEitherK(bytes =>
      pipe(
        decodeText(path, bytes),
        chain(text => parsed(path, text)),
        chain(json => decodeConfig(path, dirname(resolve(path)), json)),
      ),
    ),
  )

/** The JSON Schema (draft-07) of a config, for editors; made from the same shapes as the codecs. */
export const configSchema = (): JsonSchema => {
  const { properties, ...schema } = experiment('/').schema
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Ohmflow experiment',
    description:
      'One reproducible experiment: models, data, a chip, methods to compare. Paths are relative to the file.',
    ...schema,
    properties: {
      $schema: { description: 'Where this schema lies, for editors.', type: 'string' },
      ...(properties as JsonSchema), // an object's properties
    },
  }
}
