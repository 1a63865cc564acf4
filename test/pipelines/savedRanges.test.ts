/** Ranges from a file: what they do to a chip, what depends on them, and which files do not fit a model. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { AnalogMethod } from '../../src/domain/experiment/method.js'
import { enginePool } from '../../src/pipelines/enginePool.js'
import { calibrateExperiment, rangesFileName } from '../../src/pipelines/experiment/calibrate.js'
import { readRanges, storedRanges } from '../../src/pipelines/experiment/rangesUnit.js'
import { allUnits, rangesUnits, type Workspace } from '../../src/pipelines/experiment/workspace.js'
import { silent } from '../../src/pipelines/progress.js'
import type { ChosenRanges } from '../../src/pipelines/ranges.js'
import { failure, folderWith } from '../io/fixture.js'
import { repository } from '../shared.js'
import { prepared } from './prepared.js'

const optimal = { rule: 'optimal' }
const methods = [
  { name: 'optimal', inputRange: optimal, columnRange: optimal },
  { name: 'percentile', inputRange: { rule: 'percentile', percentile: 95 } },
]
const task = { checkpoint: join(repository, 'data/models/cola'), data: join(repository, 'data/glue/CoLA') }
const config = (change: object = {}) => ({
  ...{ schema: 1, name: 'saved', seed: 3, methods },
  tasks: [{ task: 'cola', ...task, examples: 4 }],
  hardware: { tile: { rows: 50, columns: 40 } },
  calibration: { examples: 3 },
  ...change,
})
const { signal } = new AbortController()
const calibrated = async (workspace: Workspace) => {
  const engines = enginePool(workspace.settings, { workers: 0 }, silent, storedRanges(workspace))
  try {
    return await calibrateExperiment(workspace, { progress: silent, signal, engines })
  } finally {
    await engines.close()
  }
}
const chosen = async (workspace: Workspace, name: string): Promise<readonly ChosenRanges[]> => {
  const [open] = workspace.tasks
  const method = workspace.config.methods.find(m => m.name === name)
  if (open === undefined || method?.execution !== 'analog') throw new Error(`no method ${name}`)
  const engines = enginePool(workspace.settings, { workers: 0 }, silent)
  try {
    return await engines.ranges({ open }, method)
  } finally {
    await engines.close()
  }
}

describe('ranges in files', () => {
  let folder: string
  let found: ReadonlyMap<string, readonly ChosenRanges[]>
  /** The file of `optimal`, as JSON. */
  let whole: {
    tasks: Record<string, Record<string, { inputRange: number | null; fullScales: number[]; gains?: number[] }[]>>
  }

  beforeAll(async () => {
    folder = folderWith()
    const workspace = await prepared(folder, config())
    const { layers, files, units, computed } = await calibrated(workspace)
    expect([units, computed, files]).toEqual([
      ...[2, 2],
      [join(folder, 'out/optimal.ranges.json'), join(folder, 'out/percentile.ranges.json')],
    ])
    expect(layers).toHaveLength(2 * 14)
    const all = new Map<string, readonly ChosenRanges[]>()
    for (const unit of rangesUnits(workspace)) all.set(unit.method.name, await readRanges(unit))
    found = all
    whole = JSON.parse(readFileSync(join(folder, 'out/optimal.ranges.json'), 'utf8')) as typeof whole // as: just written
  })
  const fixed = (file: string) => ({ rule: 'fixed', file })
  const using = (change: Partial<Record<keyof AnalogMethod, object>>) =>
    config({ methods: [{ name: 'saved', ...change }] })

  test('a unit gives back what was chosen, to the bit, and a second calibration finds all of it', async () => {
    const workspace = await prepared(folder, config())
    for (const name of ['optimal', 'percentile']) expect(found.get(name)).toEqual(await chosen(workspace, name))
    expect(await calibrated(workspace)).toMatchObject({ units: 2, computed: 0 })
  })

  test('say what was expected of them: per example, less than at the start, nothing without a search', () => {
    for (const { expected } of found.get('optimal') ?? []) {
      expect(expected?.chosen).toBeGreaterThanOrEqual(0)
      expect(expected?.chosen).toBeLessThanOrEqual(expected?.start ?? NaN)
    }
    const sum = (of: 'start' | 'chosen') =>
      (found.get('optimal') ?? []).reduce((s, r) => s + (r.expected?.[of] ?? NaN), 0)
    expect(sum('chosen')).toBeLessThan(sum('start'))
    for (const { expected, clippedInputs } of found.get('percentile') ?? []) {
      expect(expected).toBeNull()
      // The bin that holds the percentile ends at the range.
      expect(clippedInputs).toBeLessThanOrEqual(0.05)
      expect(clippedInputs).toBeGreaterThan(0.03)
    }
  })

  test('taken whole, they are the same ranges on every tile, gains included', async () => {
    const file = fixed('out/optimal.ranges.json')
    const again = await chosen(await prepared(folder, using({ columnRange: file, inputRange: file })), 'saved')
    again.forEach((tile, i) => {
      const { expected, ...rest } = found.get('optimal')?.[i] ?? {}
      expect(expected).not.toBeNull()
      expect(tile).toEqual({ ...rest, expected: null })
    })
  })

  test('columns and inputs may come from different files; gains belong to the columns', async () => {
    const [inputs, columns] = [found.get('percentile') ?? [], found.get('optimal') ?? []]
    const mixed = { columnRange: fixed('out/optimal.ranges.json'), inputRange: fixed('out/percentile.ranges.json') }
    const both = await chosen(await prepared(folder, using(mixed)), 'saved')
    const alone = await chosen(await prepared(folder, using({ inputRange: fixed('out/optimal.ranges.json') })), 'saved')
    both.forEach((tile, i) => {
      expect(tile.inputRange).toBe(inputs[i]?.inputRange)
      expect([tile.fullScales, tile.gains]).toEqual([columns[i]?.fullScales, columns[i]?.gains])
      expect(alone[i]?.inputRange).toBe(columns[i]?.inputRange)
      expect(alone[i]?.gains.every(g => g === 1)).toBe(true)
    })
    // A search of the inputs alone keeps the columns of the file.
    const searched = { columnRange: fixed('out/optimal.ranges.json'), inputRange: optimal }
    const kept = await chosen(await prepared(folder, using(searched)), 'saved')
    kept.forEach((tile, i) =>
      expect([tile.fullScales, tile.gains]).toEqual([columns[i]?.fullScales, columns[i]?.gains]),
    )
  })

  test('units depend on what is in the file, not on where it lies, and only those that use it', async () => {
    const text = readFileSync(join(folder, 'out/optimal.ranges.json'), 'utf8')
    const keys = async (content: string, name: string) => {
      writeFileSync(join(folder, name), content)
      const two = [{ name: 'plain' }, { name: 'saved', columnRange: fixed(name) }]
      const workspace = await prepared(folder, config({ methods: two }))
      const of = (method: string) => allUnits(workspace).flatMap(u => (u.method.name === method ? [u.key] : []))
      return { plain: of('plain'), saved: of('saved'), provenance: workspace.provenance.get('ohmflow:inputs') ?? '' }
    }
    const one = await keys(text, 'one.json')
    const other = await keys(text, 'other.json')
    expect([other.plain, other.saved]).toEqual([one.plain, one.saved])
    const changed = await keys(`${text}\n`, 'one.json')
    expect(changed.plain).toEqual(one.plain)
    for (const key of changed.saved) expect(one.saved).not.toContain(key)
    const [inputs] = JSON.parse(one.provenance) as { ranges: Record<string, string> }[]
    expect(inputs?.ranges['one.json']).toMatch(/^[0-9a-f]{64}$/)
    expect(changed.provenance).not.toBe(one.provenance)
  })

  test('a file that changes while a run goes on is noticed', async () => {
    writeFileSync(join(folder, 'now.json'), JSON.stringify(whole))
    const workspace = await prepared(folder, using({ columnRange: fixed('now.json') }))
    writeFileSync(join(folder, 'now.json'), `${JSON.stringify(whole)}\n`)
    expect(await failure(calibrated(workspace))).toContain(
      'now.json: expected the file as it was when the run began, found another',
    )
  })

  const dense = 'encoder.layer.0.output.dense'
  const key = `["${dense}"]`
  type Whole = typeof whole
  const cases: readonly (readonly [string, (own: Whole) => object, string])[] = [
    ['no such task', own => ({ ...own, tasks: { rte: own.tasks.cola } }), 'tasks: expected ranges of cola, found rte'],
    [
      "another model's layer",
      own => ({ ...own, tasks: { cola: { ...own.tasks.cola, 'encoder.layer.0.output.dens': [] } } }),
      'an array of at least 1',
    ],
    [
      "another model's layer, with tiles",
      own => ({
        ...own,
        tasks: { cola: { ...own.tasks.cola, 'encoder.layer.7.output.dense': own.tasks.cola?.[dense] } },
      }),
      'tasks.cola["encoder.layer.7.output.dense"]: expected a layer of the model (did you mean "encoder.layer.0.output.dense"?), found another\'s: "encoder.layer.7.output.dense"',
    ],
    [
      'a layer missing',
      own => ({ ...own, tasks: { cola: { ...own.tasks.cola, [dense]: undefined } } }),
      `tasks.cola${key}: expected 12 tiles of this layer, found no such layer`,
    ],
    [
      'a tile too few',
      own => ({ ...own, tasks: { cola: { ...own.tasks.cola, [dense]: own.tasks.cola?.[dense]?.slice(1) } } }),
      `tasks.cola${key}: expected 12 tiles, found 11`,
    ],
    [
      'a column too many',
      own => {
        const [first, ...others] = own.tasks.cola?.[dense] ?? []
        const longer = { ...first, fullScales: [...(first?.fullScales ?? []), 1] }
        return { ...own, tasks: { cola: { ...own.tasks.cola, [dense]: [longer, ...others] } } }
      },
      `tasks.cola${key}.0.fullScales: expected 32 numbers, one a column of the tile, found 33`,
    ],
    [
      'a gain too few',
      own => {
        const [first, ...others] = own.tasks.cola?.[dense] ?? []
        const shorter = { ...first, gains: first?.gains?.slice(1) }
        return { ...own, tasks: { cola: { ...own.tasks.cola, [dense]: [shorter, ...others] } } }
      },
      `tasks.cola${key}.0.gains: expected 32 numbers, one a column of the tile, found 31`,
    ],
    [
      'tiles of another size',
      own => ({ ...own, tile: { rows: 64, columns: 40 } }),
      'tile: expected 50 x 40, the tiles of method "saved", found 64 x 40',
    ],
  ]
  test.each(cases)('a file with %s is refused before anything runs', async (_, change, expected) => {
    writeFileSync(join(folder, 'bad.json'), JSON.stringify(change(whole)))
    await expect(prepared(folder, using({ columnRange: fixed('bad.json') }))).rejects.toThrow(expected)
    await expect(prepared(folder, using({ inputRange: fixed('bad.json') }))).rejects.toThrow(join(folder, 'bad.json'))
  })

  test('a dynamic range is no fixed one, but does not stand in the way of the columns', async () => {
    const [first, ...others] = whole.tasks.cola?.[dense] ?? []
    const dynamic = {
      ...whole,
      tasks: { cola: { ...whole.tasks.cola, [dense]: [{ ...first, inputRange: null }, ...others] } },
    }
    writeFileSync(join(folder, 'dynamic.json'), JSON.stringify(dynamic))
    await prepared(folder, using({ columnRange: fixed('dynamic.json') }))
    await expect(prepared(folder, using({ inputRange: fixed('dynamic.json') }))).rejects.toThrow(
      `dynamic.json: tasks.cola${key}.0.inputRange: expected a number, for the rule "fixed", found null, which is no fixed range`,
    )
  })

  test('a full scale of 0 is refused where weights are not', async () => {
    const [first, ...others] = whole.tasks.cola?.[dense] ?? []
    const zero = { ...first, fullScales: [0, ...(first?.fullScales.slice(1) ?? [])] }
    writeFileSync(
      join(folder, 'zero.json'),
      JSON.stringify({ ...whole, tasks: { cola: { ...whole.tasks.cola, [dense]: [zero, ...others] } } }),
    )
    const workspace = await prepared(folder, using({ columnRange: fixed('zero.json') }))
    expect(await failure(chosen(workspace, 'saved'))).toBe(
      `${join(folder, 'zero.json')}: tasks.cola${key}.0.fullScales.0: expected a number > 0: the column has weights other than 0, found 0`,
    )
  })

  test('a calibration does not write over the file it takes its ranges from', async () => {
    const own = config({ methods: [{ name: 'optimal', columnRange: fixed('out/optimal.ranges.json') }] })
    const before = readFileSync(join(folder, 'out/optimal.ranges.json'), 'utf8')
    expect(await failure(calibrated(await prepared(folder, own)))).toContain(
      'command line: --out: expected a folder without the files that methods take their ranges from, found',
    )
    expect(readFileSync(join(folder, 'out/optimal.ranges.json'), 'utf8')).toBe(before)
  })

  test('a file is called as its method, and stays in its folder whatever that is', () => {
    expect(rangesFileName('optimal + spare')).toBe('optimal + spare.ranges.json')
    expect(rangesFileName('../a%2F')).toBe('..%2Fa%252F.ranges.json')
  })
})
