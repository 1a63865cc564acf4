/** Ctrl-C while ranges are looked for: at once, wherever it comes, and going on gives the same ranges. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { enginePool } from '../../src/pipelines/enginePool.js'
import { calibrateExperiment } from '../../src/pipelines/experiment/calibrate.js'
import { storedRanges } from '../../src/pipelines/experiment/rangesUnit.js'
import { runExperiment } from '../../src/pipelines/experiment/run.js'
import { closed, unlessInterrupted, uninterrupted } from '../../src/pipelines/interruption.js'
import type { Progress } from '../../src/pipelines/progress.js'
import { folderWith } from '../io/fixture.js'
import { repository } from '../shared.js'
import { prepared } from './prepared.js'

const config = {
  ...{ schema: 1, name: 'interrupted', seed: 3 },
  tasks: [
    {
      ...{ task: 'cola', examples: 4 },
      ...{ checkpoint: join(repository, 'data/models/cola'), data: join(repository, 'data/glue/CoLA') },
    },
  ],
  hardware: { tile: { rows: 64, columns: 64 } },
  repeat: { chips: 2, times: ['1 h'] },
  // Several groups of 512 tokens.
  calibration: { examples: 120 },
  methods: [{ name: 'optimal', inputRange: { rule: 'optimal' } }],
}
const folder = folderWith()
const ranges = (out: string): string => readFileSync(join(folder, out, 'optimal.ranges.json'), 'utf8')

/** What a promise rejects with, in words. */
const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'was done',
    (error: unknown) => String(error),
  )

/** Tells what was done of each stretch of work, by its title. */
const listening = (onAdvance: (title: string) => void) => {
  const [stretches, ended] = [new Map<string, number>(), [] as string[]]
  let title = ''
  const progress: Progress = {
    begin: next => {
      title = next
      stretches.set(next, 0)
    },
    advance: things => {
      stretches.set(title, (stretches.get(title) ?? NaN) + things)
      onAdvance(title)
    },
    end: () => ended.push(title),
    ...{ close: () => undefined, note: () => undefined },
  }
  return { progress, stretches, ended }
}

const calibrate = async (out: string, progress: Progress, signal: AbortSignal, workers: number): Promise<unknown> => {
  const workspace = await prepared(folder, config, out)
  const engines = enginePool(workspace.settings, { workers, signal }, progress, storedRanges(workspace))
  try {
    return await calibrateExperiment(workspace, { progress, signal, engines })
  } finally {
    await engines.close()
  }
}
const run = async (out: string, progress: Progress, signal: AbortSignal): Promise<unknown> => {
  const workspace = await prepared(folder, config, out)
  const engines = enginePool(workspace.settings, { workers: 0, signal }, progress, storedRanges(workspace))
  const options = { shard: { index: 0, of: 1 }, formats: ['parquet'] as const, progress, signal, engines }
  try {
    return await runExperiment(workspace, options)
  } finally {
    await engines.close()
  }
}

describe('an interruption', { timeout: 300_000 }, () => {
  const whole = listening(() => undefined)
  const titles = ['inputs of layers', 'errors of layers', 'optimal ranges']

  beforeAll(async () => {
    await calibrate('whole', whole.progress, uninterrupted, 2)
    expect([...whole.stretches.keys()].map(title => titles.findIndex(t => title.includes(t)))).toEqual([0, 1, 2])
  }, 300_000)

  const cases = [0, 2].flatMap(workers => titles.map(title => [title, workers] as const))
  test.each(cases)('of %s, %d workers, waits for nothing, and going on gives the same file', async (title, workers) => {
    const controller = new AbortController()
    const heard = listening(own => {
      if (own.includes(title)) controller.abort()
    })
    const out = `${title} ${workers}`
    expect(await failure(calibrate(out, heard.progress, controller.signal, workers))).toBe(
      'Interrupted: interrupted: the ranges of 0 of 1 methods on tasks are found and kept; the same command goes on from there',
    )
    // One step of it, and of nothing else.
    const done = [...heard.stretches].find(([own]) => own.includes(title)) ?? ['', NaN]
    expect(done[1]).toBeLessThan(whole.stretches.get(done[0]) ?? NaN)
    expect(heard.ended.some(own => own.includes(title))).toBe(false)
    const units = join(folder, out, 'units')
    expect(existsSync(units) ? readdirSync(units) : []).toEqual([])
    expect(existsSync(join(folder, out, 'optimal.ranges.json'))).toBe(false)

    await calibrate(out, listening(() => undefined).progress, uninterrupted, 2)
    expect(ranges(out)).toBe(ranges('whole'))
  })

  test('of a run, while it looks for ranges or for where errors come from, keeps its finished units', async () => {
    for (const [title, kept] of [
      ['errors of layers', 0],
      ['where errors come from', 3],
    ] as const) {
      const controller = new AbortController()
      const { progress, stretches, ended } = listening(() => undefined)
      const begin: Progress['begin'] = own => {
        progress.begin(own, null)
        if (own.includes(title))
          setImmediate(() => {
            controller.abort()
          })
      }
      const message = await failure(run('run', { ...progress, begin }, controller.signal))
      expect(message).toMatch(
        new RegExp(
          `^Interrupted: interrupted: ${kept} of 4 units are finished and kept; the same command goes on from there$`,
        ),
      )
      expect([...stretches].filter(([own]) => own.includes(title)).map(([, done]) => done)).toEqual([0])
      expect(ended.some(own => own.includes(title))).toBe(false)
      const units = join(folder, 'run/units')
      const names = existsSync(units) ? readdirSync(units) : []
      expect([names.length, names.filter(name => !name.endsWith('.unit'))]).toEqual([kept, []])
    }
  })
})

describe('what is awaited', () => {
  const never = new Promise<number>(() => undefined)

  test('is not waited for after an abort, before or meanwhile', async () => {
    const controller = new AbortController()
    const waiting = unlessInterrupted(never, controller.signal)
    controller.abort()
    expect(await failure(waiting)).toBe('Interrupted: interrupted')
    expect(await failure(unlessInterrupted(never, controller.signal))).toBe('Interrupted: interrupted')
    await closed({ close: () => never }, controller.signal)
  })

  test('is what it would be otherwise', async () => {
    expect(await unlessInterrupted(Promise.resolve(3), uninterrupted)).toBe(3)
    expect(await failure(unlessInterrupted(Promise.reject(new Error('own')), uninterrupted))).toBe('Error: own')
    let ended = false
    const close = async (): Promise<void> => {
      await Promise.resolve()
      ended = true
    }
    await closed({ close }, uninterrupted)
    expect(ended).toBe(true)
  })
})
