/** A config, decoded and within what this version and this installation can do: the one way a command gets one. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { unavailable, unavailableTraining } from '../../domain/experiment/available.js'
import type { Config } from '../../domain/experiment/config.js'
import type { Training } from '../../domain/experiment/training.js'
import { unlearned } from '../../domain/training/learned.js'
import { problem, type Problem } from '../../domain/problem.js'
import { configHash } from '../../io/config/canonical.js'
import { readConfig } from '../../io/config/config.js'
import { tensorFlowOf } from '../tensorflow.js'

export interface CheckedConfig {
  readonly config: Config
  /** SHA-256 of its canonical form. */
  readonly hash: string
}

export const readCheckedConfig = (path: string): TE.TaskEither<readonly Problem[], CheckedConfig> =>
  pipe(
    readConfig(path),
    TE.chain(config => {
      const missing = unavailable(path, config)
      return missing === null ? TE.right(config) : TE.left([missing])
    }),
    TE.chain((config): TE.TaskEither<readonly Problem[], CheckedConfig> =>
      pipe(
        tensorFlowOf(path, config),
        TE.bimap(
          absent => [absent],
          () => ({ config, hash: configHash(config) }),
        ),
      ),
    ),
  )

export interface CheckedTraining extends CheckedConfig {
  readonly training: Training
}

/** The same for a training: the config has one, and this version can do it. */
export const readCheckedTraining = (path: string): TE.TaskEither<readonly Problem[], CheckedTraining> =>
  pipe(
    readCheckedConfig(path),
    TE.chain(checked => {
      const training = checked.config.train
      const missing =
        training === null
          ? problem(path, 'train', 'settings of a training, such as {"preset": "plain"}', 'none')
          : (unavailableTraining(path, checked.config, training) ?? unlearned(path, checked.config, training))
      return training === null || missing !== null
        ? TE.left(missing === null ? [] : [missing])
        : TE.right({ ...checked, training })
    }),
  )
