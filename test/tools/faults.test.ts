/** A short run of the faults, `npm run faults` being the long one. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commands } from '../../tools/faults/commands.js'
import { writeExperiment } from '../../tools/faults/experiment.js'
import { contentOf, difference } from '../../tools/faults/folder.js'
import { damages } from '../../tools/faults/damage.js'
import { kills } from '../../tools/faults/kills.js'
import { fullLayer, readOnly, twoAtOnce } from '../../tools/faults/places.js'
import { subjectOf, type Subject } from '../../tools/faults/subject.js'

const folder = mkdtempSync(join(tmpdir(), 'ohmflow-faults-'))
const subjects = new Map<string, Subject>()
const subject = (name: string): Subject => {
  const found = subjects.get(name)
  if (found === undefined) throw new Error(`no command ${name}`)
  return found
}
const minutes = 60_000

beforeAll(async () => {
  await writeExperiment(folder)
  // Half of the commands: each subject is the command run once, and twice more for what is merged.
  for (const command of commands)
    if (['run', 'train', 'merge'].includes(command.name)) subjects.set(command.name, await subjectOf(command, folder))
}, 10 * minutes)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a command that is disturbed and repeated leaves the bytes of one that is not', () => {
  test(
    'killed',
    async () => {
      const done = await kills([...subjects.values()], { count: 3, seed: 7 }, () => undefined)
      expect(done.map(k => k.wrong)).toEqual([null, null, null])
    },
    10 * minutes,
  )

  test(
    'on a full disk',
    async () => {
      expect((await fullLayer(subject('run'), 7, 1)).map(r => r.wrong)).toEqual([null])
    },
    10 * minutes,
  )

  test(
    'on a disk that can only be read, where one can be mounted',
    async () => {
      expect((await readOnly(subject('merge')))?.wrong ?? null).toBe(null)
    },
    10 * minutes,
  )

  test(
    'with files removed, cut short, and with a bit flipped',
    async () => {
      expect((await damages(subject('run'), 7, 1)).map(r => r.wrong)).toEqual([null, null, null])
    },
    10 * minutes,
  )

  test(
    'two at once',
    async () => {
      expect((await twoAtOnce(subject('train'), 7, 1)).map(r => r.wrong)).toEqual([null])
    },
    10 * minutes,
  )
})

test('what is missing, too many, or other than expected is told; run.json is not looked at', () => {
  const [a, b] = ['a', 'b'].map(name => join(folder, name)) as [string, string] // as: two of them
  for (const place of [a, b]) mkdirSync(place)
  writeFileSync(join(a, 'run.json'), '1')
  expect(difference(contentOf(a), contentOf(b))).toBe(null)
  writeFileSync(join(a, 'x'), '1')
  writeFileSync(join(a, 'z'), '1')
  writeFileSync(join(b, 'x'), '2')
  writeFileSync(join(b, 'y'), '1')
  expect(difference(contentOf(a), contentOf(b))).toBe('y is missing, z is too many, x differs')
})
