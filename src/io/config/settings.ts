/**
 * The settings of a config with a sweep: its JSON with every choice of values put in place, each decoded as a config of
 * its own, or refused with what is wrong under the sweep's key and value.
 */
import { dirname, resolve } from 'node:path'
import { chain, isLeft, isRight, left, map, right, type Either } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { chainEitherK, type TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Config, Json } from '../../domain/experiment/config.js'
import {
  choicesAt,
  choicesText,
  onlySetting,
  settingsIn,
  sweepColumns,
  type Choice,
  type Setting,
  type Settings,
} from '../../domain/experiment/sweep.js'
import { describe, problem, type Problem, type Problems } from '../../domain/problem.js'
import { decodeAll, jsonPath, shown } from '../decoding.js'
import { readJson } from '../textFile.js'
import { configHash } from './canonical.js'
import { decodeConfig } from './config.js'
import { experiment, schemaWithoutSweep } from './experiment.js'
import { isObject } from './record.js'
import { aboutKey } from './sweep.js'

/** A sweep of more is a mistake, or an experiment for several configs. */
const mostSettings = 4096

const placeOf = (key: string): string => jsonPath(key.split('.'))

/** A problem that a setting has with something outside, told with its choices. */
export const problemWithSetting = ({ choices }: Pick<Setting, 'choices'>, p: Problem): Problem =>
  choices.length === 0 ? p : { ...p, found: `${p.found}, with ${choicesText(choices)} of the sweep` }

/** A problem of a setting's config, told as one of the sweep: at the value that it lies in, or with all of the choices. */
export const problemOfSetting = (setting: Pick<Setting, 'choices'>, p: Problem): Problem => {
  for (const { key, place } of setting.choices) {
    const rest = p.place.startsWith(placeOf(key)) ? p.place.slice(placeOf(key).length) : null
    if (rest !== null && /^([.[:]|$)/.test(rest))
      return { ...p, place: `${jsonPath(['sweep', key, String(place)])}${rest}` }
  }
  return problemWithSetting(setting, p)
}

/** JSON with a value at some steps down; objects on the way are made where there are none. */
const put = (json: unknown, steps: readonly string[], value: Json, at: readonly string[]): Either<Problem, unknown> => {
  const [step, ...rest] = steps
  if (step === undefined) return right(value)
  const refuse = (expected: string): Either<Problem, never> =>
    left(problem('', jsonPath([...at, ...steps]), `${expected} at ${jsonPath(at)}, to put it in`, shown(json)))
  const inside = (item: unknown): Either<Problem, unknown> => put(item, rest, value, [...at, step])
  if (Array.isArray(json)) {
    const index = Number(step)
    if (!(index < json.length)) return refuse(`at least ${Number.isNaN(index) ? 'an object' : `${index + 1} items`}`)
    const changed = inside(json[index])
    return isLeft(changed) ? changed : right(json.map((item: unknown, i) => (i === index ? changed.right : item)))
  }
  const there = json === undefined ? {} : json
  if (!isObject(there)) return refuse('an object')
  if (json === undefined && /^\d+$/.test(step)) return refuse(`at least ${Number(step) + 1} items`)
  const changed = inside(there[step])
  return isLeft(changed) ? changed : right({ ...there, [step]: changed.right })
}

const withChoices = (json: unknown, choices: readonly Choice[]): Either<Problem, unknown> => {
  let whole: unknown = Object.fromEntries(Object.entries(isObject(json) ? json : {}).filter(([key]) => key !== 'sweep'))
  for (const { key, value } of choices) {
    const changed = put(whole, key.split('.'), value, [])
    if (isLeft(changed)) return changed
    whole = changed.right
  }
  return right(whole)
}

const each = (problems: readonly Problem[]): readonly Problem[] => [
  ...new Map(problems.map(p => [describe(p), p] as const)).values(),
]

/** Two settings of one config would be the same rows twice. */
const twice = (file: string, settings: readonly Setting[]): readonly Problem[] => {
  const first = new Map<string, Setting>()
  return settings.flatMap(setting => {
    const hash = configHash(setting.config)
    const before = first.get(hash)
    first.set(hash, before ?? setting)
    if (before === undefined) return []
    return [problem(file, 'sweep', 'settings that differ', `${choicesText(setting.choices)} a second time`)]
  })
}

/**
 * @param json what `config` was decoded from
 * @returns at least one setting; without a sweep, the config itself
 */
export const decodeSettings = (
  file: string,
  folder: string,
  json: unknown,
  config: Config,
): Either<Problems, Settings> => {
  const { sweep } = config
  if (sweep === null) return right(onlySetting(config))
  const count = settingsIn(sweep)
  if (count > mostSettings)
    return left([problem(file, 'sweep', `at most ${mostSettings} settings in all`, String(count))])
  const { codec } = experiment(folder)
  const { columns, cellsOf } = sweepColumns(sweep, aboutKey(schemaWithoutSweep()))
  const settings: Setting[] = []
  const problems: Problem[] = []
  for (let index = 0; index < count; index++) {
    const choices = choicesAt(sweep, index)
    const whole = withChoices(json, choices)
    const decoded = isLeft(whole) ? left<Problems>([{ ...whole.left, file }]) : decodeAll(codec, file)(whole.right)
    if (isRight(decoded)) settings.push({ index, choices, config: decoded.right, cells: cellsOf(choices) })
    else problems.push(...decoded.left.map(p => problemOfSetting({ choices }, p)))
  }
  const [first, ...others] = each([...problems, ...twice(file, settings)])
  if (first !== undefined) return left([first, ...others])
  const [one, ...more] = settings
  return one === undefined
    ? left([problem(file, 'sweep', 'at least one setting', 'none')])
    : right({ columns, all: [one, ...more] })
}

export interface Experiment {
  /** As written, with its sweep. */
  readonly config: Config
  readonly settings: Settings
}

/** Reads a config file and all that its sweep comes to. Problems name the file as given. */
export const readExperiment = (path: string): TaskEither<Problems, Experiment> =>
  pipe(
    readJson(path),
    chainEitherK(json => {
      const folder = dirname(resolve(path))
      return pipe(
        decodeConfig(path, folder, json),
        chain(config =>
          pipe(
            decodeSettings(path, folder, json, config),
            map(settings => ({ config, settings })),
          ),
        ),
      )
    }),
  )
