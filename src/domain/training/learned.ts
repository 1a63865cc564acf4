/**
 * Whether a config's methods ask for ranges that its own training learns. Not here: whether those fit the methods' tiles
 * (pipelines/ranges.ts).
 */
import type { Config } from '../experiment/config.js'
import { asksForLearned } from '../experiment/method.js'
import type { Training } from '../experiment/training.js'
import { problem, type Problem } from '../problem.js'
import { settingsOf } from './settings.js'

/** The first method that asks for learned ranges where training learns none; null if there is no such method. */
export const unlearned = (
  file: string,
  { methods, hardware }: Pick<Config, 'methods' | 'hardware'>,
  training: Training,
): Problem | null => {
  if ((settingsOf(training, hardware).hardwareAware?.learn.length ?? 0) > 0) return null
  for (const [i, method] of methods.entries()) {
    if (method.execution === 'digital') continue
    const key = (['columnRange', 'inputRange'] as const).find(k => asksForLearned(method[k]))
    if (key === undefined) continue
    const { rule } = method[key]
    return problem(
      file,
      `methods.${i}.${key}.${rule === 'learned' ? 'rule' : 'start'}`,
      `another than "learned" (method "${method.name}"), or "learn" in "train": this training learns no ranges`,
      rule === 'learned' ? '"learned"' : `"learned", which the rule "${rule}" starts from`,
    )
  }
  return null
}
