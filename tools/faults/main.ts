/**
 * `npm run faults -- [--kills N] [--seed S] [--command NAME,...] [--times N]`: kills and other faults under the built command; after each,
 * the same command again must leave what an undisturbed one leaves, to the byte. A table of what happened and what was said.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { commands } from './commands.js'
import { damages, type Row } from './damage.js'
import { writeExperiment } from './experiment.js'
import { kills } from './kills.js'
import { forbidden, fullLayer, fullTmpfs, jumpingClock, readOnly, twoAtOnce } from './places.js'
import { subjectOf, twiceTheSame, type Subject } from './subject.js'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    times: { type: 'string', default: '3' },
    command: { type: 'string' },
  },
})
const [count, seed, times] = [values.kills, values.seed, values.times].map(Number) as [number, number, number] // as: three of them
const wanted = values.command?.split(',')
const say = (text: string): boolean => process.stdout.write(`${text}\n`)

const folder = mkdtempSync(join(tmpdir(), 'ohmflow-faults-'))
await writeExperiment(folder)
const subjects: Subject[] = []
for (const command of commands)
  if (wanted === undefined || wanted.includes(command.name)) {
    const subject = await subjectOf(command, folder)
    const { milliseconds, changes, bytes, expected } = subject
    say(
      `${command.name}: ${(milliseconds / 1000).toFixed(1)} s undisturbed, ${changes} changes of the file system, ${bytes} bytes, ${expected.size} files; ${(await twiceTheSame(subject)) ?? 'twice the same'}`,
    )
    subjects.push(subject)
  }

let wrong = 0
const tell = (rows: readonly (Row | null)[]): void => {
  for (const row of rows) {
    if (row === null) continue
    say(`| ${row.fault} | ${row.happened} | ${row.printed} |`)
    if (row.wrong === null) continue
    wrong += 1
    say(`  WRONG: ${row.wrong}`)
  }
}
say('| fault | what happened | what was printed |\n|---|---|---|')
for (const subject of times > 0 ? subjects : []) {
  tell(await damages(subject, seed, times))
  tell(await fullLayer(subject, seed, times))
  tell([await fullTmpfs(subject), await readOnly(subject), await forbidden(subject), await jumpingClock(subject, seed)])
  tell(await twoAtOnce(subject, seed, times))
}
const done = await kills(subjects, { count, seed }, kill => {
  if (kill.wrong !== null) say(`  WRONG: ${kill.command} killed at ${kill.moment}: ${kill.wrong}`)
})
const same = done.filter(kill => kill.wrong === null).length
say(`killed with SIGKILL and resumed, the same bytes: ${same} of ${done.length}`)
rmSync(folder, { recursive: true })
say(wrong + done.length - same === 0 ? 'everything holds' : `${wrong + done.length - same} do not hold`)
process.exit(wrong + done.length - same === 0 ? 0 : 1)
