/** A config, decoded and within what this version and this installation can do: the one way a command gets one. */
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { tooManyPasses, unavailable, unavailableTraining } from '../../domain/experiment/available.js'
import type { Config } from '../../domain/experiment/config.js'
import type { Settings } from '../../domain/experiment/sweep.js'
import { firstOnTensorFlow } from '../../domain/experiment/tensorflow.js'
import type { Training } from '../../domain/experiment/training.js'
import { counted } from '../../domain/count.js'
import { unlearned } from '../../domain/training/learned.js'
import { problem, type Problem } from '../../domain/problem.js'
import { experimentHash } from '../../io/config/canonical.js'
import { missingFolders } from '../../io/config/folders.js'
import { problemOfSetting, readExperiment } from '../../io/config/settings.js'
import { attempt } from '../../io/fault.js'
import { tensorFlowOf } from '../tensorflow.js'

export interface CheckedConfig {
  /** As written, with its sweep. */
  readonly config: Config
  /** What it comes to: one setting without a sweep. */
  readonly settings: Settings
  /** SHA-256 of its canonical form. */
  readonly hash: string
}

/** The first thing that a setting asks for and that is not built. */
const firstUnavailable = (path: string, { all }: Settings): Problem | null => {
  for (const setting of all) {
    const missing = unavailable(path, setting.config)
    if (missing !== null) return problemOfSetting(setting, missing)
  }
  return tooManyPasses(path, all)
}

/** The methods of the first setting that asks for TensorFlow.js; else of the first. */
const askingForTensorFlow = ({ all }: Settings): Pick<Config, 'methods'> =>
  (all.find(({ config }) => firstOnTensorFlow(config) >= 0) ?? all[0]).config

export const readCheckedConfig = (path: string): TE.TaskEither<readonly Problem[], CheckedConfig> =>
  pipe(
    readExperiment(path),
    TE.chain(read => {
      const missing = firstUnavailable(path, read.settings)
      return missing === null ? TE.right(read) : TE.left([missing])
    }),
    TE.chain(read =>
      pipe(
        attempt(path, () => missingFolders(path, read.settings)),
        TE.mapLeft((unseen): readonly Problem[] => [unseen]),
        TE.chain(missing => (missing.length === 0 ? TE.right(read) : TE.left(missing))),
      ),
    ),
    TE.chain(({ config, settings }): TE.TaskEither<readonly Problem[], CheckedConfig> =>
      pipe(
        tensorFlowOf(path, askingForTensorFlow(settings)),
        TE.bimap(
          absent => [absent],
          () => ({ config, settings, hash: experimentHash(config, settings) }),
        ),
      ),
    ),
  )

export interface CheckedTraining extends CheckedConfig {
  readonly training: Training
}

/** The same for a training: the config has one, this version can do it, and it is one. */
export const readCheckedTraining = (path: string): TE.TaskEither<readonly Problem[], CheckedTraining> =>
  pipe(
    readCheckedConfig(path),
    TE.chain(checked => {
      const training = checked.config.train
      const missing =
        checked.config.sweep !== null
          ? problem(
              path,
              'sweep',
              'it left out: a training has one setting',
              counted(checked.settings.all.length, 'setting'),
            )
          : training === null
            ? problem(path, 'train', 'settings of a training, such as {"preset": "plain"}', 'none')
            : (unavailableTraining(path, checked.config, training) ?? unlearned(path, checked.config, training))
      return training === null || missing !== null
        ? TE.left(missing === null ? [] : [missing])
        : TE.right({ ...checked, training })
    }),
  )
