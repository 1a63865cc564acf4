/**
 * SIGKILL at moments over the whole duration of a command, then the same command again: the folder must come out as that
 * of an undisturbed one. Half of the moments are times, two fifths of those in the last tenth of a second, where tables are
 * written; half are places: the n-th change of the file system, whatever the clock says.
 */
import { rmSync } from 'node:fs'
import { draws, type Draws } from './draws.js'
import { isOurFault, ohmflow, type Way } from './process.js'
import { afterResuming, freshOut, type Subject } from './subject.js'

export interface Kill {
  readonly command: string
  readonly moment: string
  /** What was wrong; null: nothing. */
  readonly wrong: string | null
}

const momentOf = (subject: Subject, random: Draws): readonly [string, Way] => {
  const { milliseconds, changes } = subject
  if (random.unit() < 0.5) {
    const killAt = 1 + random.below(changes)
    return [`change ${killAt} of ${changes}`, { fault: { killAt } }]
  }
  const late = random.unit() < 0.4
  const killAfter = late ? milliseconds - 100 * random.unit() : milliseconds * random.unit()
  return [`${(killAfter / 1000).toFixed(2)} s of ${(milliseconds / 1000).toFixed(2)} s`, { killAfter }]
}

/** Kills a command once, at the moment drawn, and lets it go on. */
const killOnce = async (subject: Subject, random: Draws): Promise<Kill> => {
  const { command, folder } = subject
  for (;;) {
    const out = freshOut(subject)
    const [moment, way] = momentOf(subject, random)
    const ended = await ohmflow(command.args(folder, out), way)
    const killed = ended.code === null
    // It was done before the moment came: another moment.
    const wrong = isOurFault(ended) ? ended.stderr : killed ? await afterResuming(subject, out) : null
    if (wrong === null) rmSync(out, { recursive: true, force: true })
    if (killed || wrong !== null) return { command: command.name, moment, wrong }
  }
}

/** @param atOnce how many at a time */
export const kills = async (
  subjects: readonly Subject[],
  { count, seed, atOnce = 2 }: { readonly count: number; readonly seed: number; readonly atOnce?: number },
  each: (kill: Kill) => void,
): Promise<readonly Kill[]> => {
  const done: Kill[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) {
      const subject = subjects[i % subjects.length]
      if (subject === undefined) return
      const kill = await killOnce(subject, draws('kill', seed, i))
      each(kill)
      done.push(kill)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return done
}
