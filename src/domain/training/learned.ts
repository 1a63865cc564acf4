/**
 * Whether a config's methods ask for ranges that its own training leaves beside the model. Not here: whether those fit the
 * methods' tiles (pipelines/ranges.ts).
 */
import type { Config } from '../experiment/config.js'
import { asksForLearned } from '../experiment/method.js'
import type { LearnableRange, Training } from '../experiment/training.js'
import { problem, type Problem } from '../problem.js'
import { converts } from './hardware-aware.js'
import { settingsOf, type TrainingSettings } from './settings.js'
import { hardwareAware } from './switches.js'

/**
 * Ranges that will lie beside the model for the rule "learned": column ranges if they are learned, input ranges, learned or
 * as they were set, if inputs are converted; none where no range is learned.
 */
export const rangesLeft = ({
  hardwareAware: switches,
}: Pick<TrainingSettings, 'hardwareAware'>): readonly LearnableRange[] => {
  if (switches === null || switches.learn.length === 0) return []
  return [
    ...(converts(hardwareAware(switches)) ? (['input ranges'] as const) : []),
    ...(switches.learn.includes('column ranges') ? (['column ranges'] as const) : []),
  ]
}

/** What would have to stand in "train", and what this training does. */
const wanting = (
  kind: LearnableRange,
  { hardwareAware: switches }: Pick<TrainingSettings, 'hardwareAware'>,
): string => {
  const learn = switches?.learn ?? []
  if (learn.length === 0) return '"learn" in "train": this training learns no ranges'
  if (learn.includes(kind))
    return '"quantise" or "outputNoise" in "train": this training has neither converters nor noise at layers, so it learns no input ranges'
  return `"${kind}" among "learn" in "train": this training learns ${learn.join(' and ')} only`
}

/** The first method that asks for ranges that training does not leave; null if there is no such method. */
export const unlearned = (
  file: string,
  { methods, hardware }: Pick<Config, 'methods' | 'hardware'>,
  training: Training,
): Problem | null => {
  const settings = settingsOf(training, hardware)
  const left = rangesLeft(settings)
  for (const [i, method] of methods.entries()) {
    if (method.execution === 'digital') continue
    for (const [key, kind] of [
      ['columnRange', 'column ranges'],
      ['inputRange', 'input ranges'],
    ] as const) {
      if (!asksForLearned(method[key]) || left.includes(kind)) continue
      const { rule } = method[key]
      return problem(
        file,
        `methods.${i}.${key}.${rule === 'learned' ? 'rule' : 'start'}`,
        `another than "learned" (method "${method.name}"), or ${wanting(kind, settings)}`,
        rule === 'learned' ? '"learned"' : `"learned", which the rule "${rule}" starts from`,
      )
    }
  }
  return null
}
