/**
 * The settings of an experiment made ready: the tasks of each opened and held against its methods and chips. What several
 * settings have in common is opened and hashed once. Not here: their units (`workspace.ts`).
 */
import { linearLayers } from '../../domain/encoder/architecture.js'
import { hardwareOf, type Config } from '../../domain/experiment/config.js'
import type { Setting, Settings } from '../../domain/experiment/sweep.js'
import { fail, Failure } from '../../domain/problem.js'
import { limits } from '../../domain/random/addresses.js'
import { problemWithSetting } from '../../io/config/settings.js'
import { orThrow } from '../../io/fault.js'
import { openedOnce, openTask, type OpenTask, type TaskOptions } from '../openTask.js'
import { checkLearned } from '../ranges.js'
import { filesOf, openRangesFiles, refuseUnfitRanges, type RangesFiles } from '../savedRanges.js'

/** A setting, with its tasks made ready in the order of its config. Settings share tasks that are the same in all ways. */
export interface SettingWithTasks<T> extends Setting {
  readonly tasks: readonly T[]
}

export type PreparedSetting = SettingWithTasks<OpenTask>

/** @throws Failure if a chip would part a layer into more tiles than random numbers have addresses for. */
const refuseTooManyTiles = (config: Config, { checkpoint }: OpenTask): void => {
  for (const method of config.methods) {
    if (method.execution === 'digital') continue
    const { tile } = hardwareOf(config, method)
    for (const { name, inputs, outputs } of linearLayers(checkpoint.architecture)) {
      const tiles = Math.ceil(inputs / tile.rows) * Math.ceil(outputs / tile.columns)
      const found = `${tiles} of ${tile.rows} x ${tile.columns} (method "${method.name}", hardware.tile)`
      if (tiles > limits.tile) fail(checkpoint.folder, name, `at most ${limits.tile} tiles`, found)
    }
  }
}

/** Problems of some work for a setting, told with its choices. */
const forSetting = async <A>(setting: Setting, work: () => Promise<A>): Promise<A> =>
  work().catch((error: unknown) => {
    throw error instanceof Failure ? new Failure(problemWithSetting(setting, error.problem)) : error
  })

/** Every setting with its tasks opened and checked. Equal tasks are opened once, equal files hashed once. */
export const preparedSettings = async (
  { all }: Settings,
  { saved, ...options }: Pick<TaskOptions, 'as'> & { readonly saved: RangesFiles },
): Promise<{ readonly settings: readonly PreparedSetting[]; readonly tasks: readonly OpenTask[] }> => {
  const opened = openedOnce()
  const tasks = new Map<string, OpenTask>()
  const settings: PreparedSetting[] = []
  for (const setting of all) {
    const { config } = setting
    const calibration = config.methods.some(m => m.execution === 'analog') ? config.calibration : null
    const own: OpenTask[] = []
    for (const source of config.tasks) {
      const key = JSON.stringify([source, calibration])
      const open =
        tasks.get(key) ??
        (await forSetting(setting, () => orThrow(openTask(source, calibration, { saved, opened, ...options }))))
      tasks.set(key, open)
      own.push(open)
    }
    await forSetting(setting, async () => {
      for (const task of own) {
        refuseTooManyTiles(config, task)
        refuseUnfitRanges(config, saved, { task: task.source.task, architecture: task.checkpoint.architecture })
        await checkLearned(config, task)
      }
    })
    settings.push({ ...setting, tasks: own })
  }
  return { settings, tasks: [...tasks.values()] }
}

/** The files of ranges that any setting names. */
export const rangesFilesOf = async (name: string, { all }: Settings): Promise<RangesFiles> => {
  const opened = await openRangesFiles({ name, methods: all.flatMap(({ config }) => config.methods) })()
  if (opened._tag === 'Right') return opened.right
  const naming = all.find(({ config }) => filesOf(config).has(opened.left.file))
  throw new Failure(naming === undefined ? opened.left : problemWithSetting(naming, opened.left))
}
