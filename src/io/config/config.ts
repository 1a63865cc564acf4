/**
 * Configs from outside: a file, or JSON already read, decoded in full or refused with every problem it has.
 * Not checked here: whether paths lead anywhere, and whether this version can do what is asked.
 */
import { dirname, resolve } from 'node:path'
import type { Either } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { chainEitherK, type TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Config, Json } from '../../domain/experiment/config.js'
import type { Problems } from '../../domain/problem.js'
import { decodeAll } from '../decoding.js'
import { readJson } from '../textFile.js'
import { experiment } from './experiment.js'
import type { JsonSchema } from './shape.js'

/**
 * @param file name for messages.
 * @param folder absolute; relative paths in the config are taken from here.
 */
export const decodeConfig = (file: string, folder: string, json: unknown): Either<Problems, Config> =>
  decodeAll(experiment(folder).codec, file)(json)

const anywhere = experiment('/')

/** The config in full, as it would be written: every default present. `decodeConfig` gives the same config again. */
export const encodeConfig = (config: Config): Json => anywhere.codec.encode(config)

/** Reads a config file. Problems name the file as given. */
export const readConfig = (path: string): TaskEither<Problems, Config> =>
  pipe(
    readJson(path),
    chainEitherK(json => decodeConfig(path, dirname(resolve(path)), json)),
  )

/** The JSON Schema (draft-07) of a config, for editors; made from the same shapes as the codecs. */
export const configSchema = (): JsonSchema => {
  const { properties, ...schema } = anywhere.schema
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
