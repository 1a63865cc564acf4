/**
 * What the five grammars have in common: each draws an example of a wanted label, whose label follows from its text
 * by a rule of the language, while the words alone (their multiset) say next to nothing about it.
 */
import type { Stream } from '../../src/domain/random/stream.js'
import type { TaskName } from '../../src/domain/tasks/task.js'

export interface Drawn {
  readonly text: string
  readonly pair: string | null
  /** Class index, or the similarity score. */
  readonly label: number
}

export interface Grammar {
  readonly task: TaskName
  /** Labels are balanced over `levels` equally frequent wanted levels, 0 .. levels - 1. */
  readonly levels: number
  /** Whether swapping the two texts of a pair gives the same example again. */
  readonly symmetric: boolean
  readonly draw: (s: Stream, level: number) => Drawn
}

/** Two different items. */
export const twoOf = <T>(s: Stream, items: readonly T[]): readonly [T, T] => {
  const first = s.choice(items)
  return [first, s.choice(items.filter(item => item !== first))]
}

/** True with probability `share`, a multiple of 1/100. */
export const percent = (s: Stream, share: number): boolean => s.below(100) < share
