/** Shards computed into folders of their own and merged: the bytes of a single run, or a refusal that names what is wrong. */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { alphasTable } from '../../src/domain/tables/pass.js'
import { provenanceOf, writeUnit } from '../../src/io/unitFile.js'
import { repository } from '../shared.js'
import { configsIn, ohmflow, temporaryFolder, type Ended, type Way } from './ohmflow.js'

const data = join(repository, 'data')
const ranges = { columnRange: { rule: 'abs-max' }, inputRange: { rule: 'abs-max' } }
const experiment = {
  ...{ schema: 1, name: 'shards', seed: 3 },
  tasks: [
    { task: 'cola', examples: 12, checkpoint: join(data, 'models/cola'), data: join(data, 'glue/CoLA') },
    { task: 'stsb', examples: 8, checkpoint: join(data, 'models/stsb'), data: join(data, 'glue/STS-B') },
  ],
  repeat: { chips: 1, times: ['0 s', '1 h'] },
  calibration: { examples: 2 },
  methods: [
    { name: 'digital', execution: 'digital' },
    { name: 'chip', ...ranges },
  ],
}
const units = 2 * (1 + 2) + 2 * 2
const files = ['scores', 'predictions', 'tiles', 'columns', 'errors'].flatMap(n => [`${n}.parquet`, `${n}.arrow`])

const folder = temporaryFolder()
const config = configsIn(folder)('config', experiment)
const both = ['--formats', 'parquet,arrow']
const run = (out: string, ...more: readonly string[]) => ohmflow(['run', config, '--out', out, ...both, ...more])
const merge = (given: readonly string[], out: string, way: Way = {}): Promise<Ended> =>
  ohmflow(['merge', ...given, '--out', out, ...both], way)
/** Every file of a result that another one has to have, with its bytes. */
const contents = (out: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...files, 'tables.json', ...readdirSync(join(out, 'units')).map(u => join('units', u))].map(file => [
      file,
      readFileSync(join(out, file)).toString('base64'),
    ]),
  )

// How long it takes decides nothing: on a busy machine a command takes a minute.
describe('ohmflow merge', { timeout: 900_000 }, () => {
  const whole = join(folder, 'whole')
  const parent = join(folder, 'shards')
  const shards = [0, 1, 2].map(i => join(parent, `s${i}`))
  let expected: Readonly<Record<string, string>> = {}

  beforeAll(async () => {
    expect(await run(whole)).toMatchObject({ code: 0 })
    expected = contents(whole)
    for (const [i, out] of shards.entries()) {
      const ended = await run(out, '--shard', `${i}/3`)
      expect(ended.stderr).toContain('or by ohmflow merge')
      expect(files.filter(f => existsSync(join(out, f)))).toEqual([])
    }
  }, 900_000)

  /** Copies of the shards, to be spoilt. */
  const copies = (name: string): readonly string[] => {
    cpSync(parent, join(folder, name), { recursive: true })
    return shards.map((_, i) => join(folder, name, `s${i}`))
  }
  const refused = async (given: readonly string[], name: string): Promise<string> => {
    const out = join(folder, `refused-${name}`)
    const ended = await merge(given, out)
    expect(ended.code).toBe(2)
    expect(ended.stdout).toBe('')
    expect(existsSync(out)).toBe(false)
    return ended.stderr
  }
  const someUnit = (out: string): string => join(out, 'units', readdirSync(join(out, 'units')).sort()[0] ?? '')

  test('gives the bytes of a single run, in any order, of a folder of folders too, and the same scores', async () => {
    const [first = '', second = '', third = ''] = shards
    const one = await merge([third, first, second], join(folder, 'one'))
    expect(one).toMatchObject({ code: 0, stdout: (await run(whole)).stdout })
    expect(one.stderr).toContain(`${units} units of 3 folders (0 were there already)`)
    expect(contents(join(folder, 'one'))).toEqual(expected)
    const again = await merge([parent], join(folder, 'one'))
    expect(again.stderr).toContain(`${units} units of 3 folders (${units} were there already)`)
    expect(contents(join(folder, 'one'))).toEqual(expected)
    // A merged folder is one of a finished run.
    expect((await run(join(folder, 'one'))).stderr).toContain(`${units} units (${units} were there already)`)
    expect(await merge([join(folder, 'one')], join(folder, 'two'))).toMatchObject({ code: 0 })
    expect(contents(join(folder, 'two'))).toEqual(expected)
  })

  test('needs neither config nor models nor data, and may write into one of the shards', async () => {
    const given = copies('into')
    const ended = await merge(given, given[1] ?? '', { env: { OHMFLOW_SHARED: '/nowhere' } })
    expect(ended).toMatchObject({ code: 0 })
    expect(contents(given[1] ?? '')).toEqual(expected)
  })

  test('killed at 12 moments and started again: the same bytes, nothing left over', async () => {
    const started = performance.now()
    await merge(shards, join(folder, 'timed'))
    const milliseconds = performance.now() - started
    for (let i = 0; i < 12; i++) {
      const out = join(folder, `killed-${i}`)
      const when = milliseconds * (0.3 + (0.7 * i) / 12)
      await merge(shards, out, { kill: { when, signal: 'SIGKILL' } })
      for (const file of files.filter(f => existsSync(join(out, f))))
        expect(readFileSync(join(out, file)).toString('base64')).toBe(expected[file])
      expect(await merge(shards, out)).toMatchObject({ code: 0 })
      expect(contents(out)).toEqual(expected)
      const left = [out, join(out, 'units'), join(out, 'shards')].flatMap(f => readdirSync(f))
      expect(left.filter(n => n.endsWith('.tmp'))).toEqual([])
      rmSync(out, { recursive: true })
    }
  })

  test('names what is missing, by shard: a folder that is not given, a shard that was not finished', async () => {
    const message = await refused([shards[0] ?? '', shards[2] ?? ''], 'absent')
    expect(message).toMatch(
      /shard 1\/3: expected its (\d) units, in a folder that is given, found \1 missing \(.*cola: /,
    )
    expect(message).not.toContain('shard 0/3')
    const given = copies('unfinished')
    rmSync(someUnit(given[2] ?? ''))
    const cut = await refused(given, 'unfinished')
    expect(cut).toMatch(
      new RegExp(`^ohmflow: ${given[2]}: shard 2/3: expected its \\d units, found 1 missing \\((cola|stsb): `, 'm'),
    )
    expect(cut).not.toMatch(/shard [01]\/3/)
  })

  test('takes copies of a unit that agree; refuses by name those that do not', async () => {
    const given = copies('twice')
    const unit = someUnit(given[0] ?? '')
    const other = join(given[1] ?? '', 'units', unit.slice(unit.lastIndexOf('/') + 1))
    cpSync(unit, other)
    const out = join(folder, 'twice-out')
    expect(await merge(given, out)).toMatchObject({ code: 0 })
    expect(contents(out)).toEqual(expected)
    const name = other.slice(other.lastIndexOf('/') + 1)
    await writeUnit(other, provenanceOf(name.slice(0, 64)), async sink => sink.table(alphasTable).close())
    expect(await refused(given, 'twice')).toContain(`${other}: expected the bytes of ${unit} (`)
    cpSync(someUnit(given[2] ?? ''), other)
    const misplaced = await refused(given, 'twice')
    expect(misplaced).toContain(`${other}: expected the unit of that name (`)
    expect(misplaced).toContain("its shard's command computes it again), found another")
  })

  test('refuses damaged units by name, also those that are whole elsewhere; none in its own folder', async () => {
    const given = copies('damaged')
    const flip = (path: string): void => {
      const bytes = readFileSync(path)
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
      writeFileSync(path, bytes)
    }
    const units = [someUnit(given[0] ?? ''), someUnit(given[2] ?? '')]
    units.forEach(flip)
    const message = await refused(given, 'damaged')
    for (const unit of units)
      expect(message).toMatch(new RegExp(`${unit}: expected a unit whose checksum holds \\(.*, found a damaged one`))
    const out = join(folder, 'damaged-out')
    expect(await merge(shards, out)).toMatchObject({ code: 0 })
    flip(someUnit(out))
    expect(await merge(shards, out)).toMatchObject({ code: 0 })
    expect(contents(out)).toEqual(expected)
  })

  test('refuses shards of another config or other inputs, and says in what they differ', async () => {
    const own = temporaryFolder()
    const other = configsIn(own)('config', { ...experiment, seed: 4 })
    const given = copies('other')
    rmSync(given[1] ?? '', { recursive: true })
    await ohmflow(['run', other, '--out', given[1] ?? '', '--shard', '1/3'])
    expect(await refused(given, 'config')).toMatch(
      new RegExp(`${given[1]}: SHA-256 of the config: expected [0-9a-f]{64}, as in ${given[0]}, found [0-9a-f]{64}`),
    )
    // The right shard into the same folder: what all folders have in common counts.
    expect(await run(given[1] ?? '', '--shard', '1/3')).toMatchObject({ code: 0 })
    expect(await merge(given, join(own, 'out'))).toMatchObject({ code: 0 })
    expect(contents(join(own, 'out'))).toEqual(expected)
  })

  test('refuses records that were changed, of another version, and folders that are none', async () => {
    const given = copies('records')
    const records = join(given[0] ?? '', 'shards')
    const path = join(records, readdirSync(records)[0] ?? '')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace('"seed":3', '"seed":4'))
    expect(await refused(given, 'changed')).toContain(`${path}: sha256: expected the SHA-256 of the rest of the record`)
    writeFileSync(path, text.slice(0, 100))
    expect(await refused(given, 'cut')).toContain(`${path}: line 1, column`)
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    expect(await refused([empty], 'empty')).toContain(`${empty}: expected a folder that "ohmflow run" computed a shard`)
    expect(await refused([join(folder, 'nowhere')], 'nowhere')).toContain('nowhere: expected a folder that')
    expect(await refused([], 'none')).toContain('command line: merge: expected at least one folder, found none')
  })
})
