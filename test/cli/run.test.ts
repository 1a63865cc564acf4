import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { beforeAll, describe, expect, test } from 'vitest'
import { grammars } from '../../tools/make-data/corpus.js'
import { writeStart } from '../../tools/make-data/write.js'
import { repository, shared } from '../shared.js'
import { ohmflow, temporaryFolder } from './ohmflow.js'

const data = join(repository, 'data')

/** A small experiment on the repository's own data: three units, both kinds of task. */
const small = (folder: string, change: object = {}): string => {
  const path = join(folder, 'config.json')
  const task = (name: string, data_: string, examples: number) => ({
    task: name,
    checkpoint: join(data, 'models', name),
    data: join(data, 'glue', data_),
    examples,
  })
  writeFileSync(
    path,
    JSON.stringify({
      schema: 1,
      name: 'small',
      seed: 1,
      tasks: [task('cola', 'CoLA', 150), task('mrpc', 'MRPC', 60), task('stsb', 'STS-B', 60)],
      methods: [{ name: 'digital', execution: 'digital' }],
      ...change,
    }),
  )
  return path
}

const tables = ['scores.parquet', 'predictions.parquet', 'scores.arrow', 'predictions.arrow'] as const

const bytesOf = (folder: string): readonly string[] => tables.map(t => readFileSync(join(folder, t)).toString('base64'))

const rowsOf = (file: string): Promise<readonly Record<string, unknown>[]> => {
  const bytes = readFileSync(file)
  return parquetReadObjects({ file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) })
}

const run = (config: string, out: string, ...more: readonly string[]) =>
  ohmflow(['run', config, '--out', out, '--formats', 'parquet,arrow', ...more])

describe('ohmflow run', () => {
  let folder = ''
  let config = ''
  let whole = ''
  let bytes: readonly string[] = []
  let milliseconds = 0

  beforeAll(async () => {
    folder = temporaryFolder()
    config = small(folder)
    whole = join(folder, 'whole')
    const started = performance.now()
    const ended = await run(config, whole)
    milliseconds = performance.now() - started
    expect(ended.stderr).toContain('3 units')
    bytes = bytesOf(whole)
  })

  test('prints the scores, names the tables', async () => {
    const ended = await run(config, whole)
    expect(ended.stdout).toMatch(/^task +method +time +metric +mean +drop +agreement +chips x reads\n/)
    expect(ended.stdout.split('\n').filter(l => l.includes('digital'))).toHaveLength(5)
    expect(ended.stderr).not.toContain('untrained')
    expect(ended.stderr).toContain('3 units (3 were there already)')
    expect(ended.stderr).toContain(join(whole, 'predictions.parquet'))
    expect(bytesOf(whole)).toEqual(bytes)
  })

  test('says of which tasks the models are untrained', async () => {
    const own = temporaryFolder()
    const model = join(own, 'model')
    const cola = grammars.find(g => g.task === 'cola')
    if (cola === undefined) throw new Error('no grammar for cola')
    await writeStart(cola, { train: 40, dev: 10 }, { glue: join(own, 'glue'), model })
    const { tasks } = JSON.parse(readFileSync(config, 'utf8')) as { readonly tasks: readonly object[] }
    const mixed = small(own, {
      tasks: [{ task: 'cola', checkpoint: model, data: join(own, 'glue') }, ...tasks.slice(1)],
    })
    const ended = await run(mixed, join(own, 'out'))
    expect(ended.stderr).toContain('untrained: scores are at chance (random weights: cola)\n')
  })

  test('every score with --all', async () => {
    const ended = await run(config, whole, '--all')
    expect(ended.stdout).toMatch(/^task +method +chip +read +time +metric +value +agreement +examples\n/)
    expect(ended.stdout.split('\n').filter(l => l.includes('digital'))).toHaveLength(5)
  })

  test('scores as JSON lines equal the table; the summary is the last line', async () => {
    const ended = await run(config, whole, '--json')
    const lines = ended.stdout
      .trim()
      .split('\n')
      .map(l => JSON.parse(l) as unknown)
    const rows = await rowsOf(join(whole, 'scores.parquet'))
    expect(lines.slice(0, -1)).toEqual(rows)
    expect(rows).toHaveLength(5)
    expect(lines.at(-1)).toMatchObject({
      summary: rows.map(r => ({ metric: r.metric, mean: r.value, low: null, drop: null, chips: null })),
      differences: [],
    })
  })

  test('Parquet and Arrow hold the same rows, units and provenance', async () => {
    for (const name of ['scores', 'predictions'] as const) {
      const rows = await rowsOf(join(whole, `${name}.parquet`))
      const arrow = tableFromIPC(readFileSync(join(whole, `${name}.arrow`)))
      expect(arrow.numRows).toBe(rows.length)
      expect(arrow.schema.metadata.get('ohmflow:config-sha256')).toMatch(/^[0-9a-f]{64}$/)
      for (const field of arrow.schema.fields) {
        expect(field.metadata.has('unit')).toBe(true)
        const column = arrow.getChild(field.name)
        expect(rows.map(r => r[field.name])).toEqual(
          Array.from(column ?? [], (v: unknown) =>
            v !== null && typeof v === 'object' && 'toArray' in v
              ? Array.from((v as { toArray: () => Float32Array }).toArray())
              : v,
          ),
        )
      }
    }
    expect(
      tableFromIPC(readFileSync(join(whole, 'scores.arrow')))
        .schema.fields.find(f => f.name === 'time_seconds')
        ?.metadata.get('unit'),
    ).toBe('s')
  })

  test('a table streams to stdout as Arrow IPC', () => {
    const stdout = execFileSync(
      process.execPath,
      [join(repository, 'dist/cli/main.js'), 'run', config, '--out', whole, '--stream', 'predictions'],
      { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 },
    )
    const table = tableFromIPC(stdout)
    expect(table.numRows).toBe(150 + 60 + 60)
    expect(table.schema.metadata.get('ohmflow:experiment')).toBe('small')
  })

  test('two runs give the same bytes; what a clock gives stands in run.json only', async () => {
    const again = join(folder, 'again')
    expect((await run(config, again)).code).toBe(0)
    expect(bytesOf(again)).toEqual(bytes)
    expect(JSON.parse(readFileSync(join(again, 'run.json'), 'utf8'))).toMatchObject({ unitsComputed: 3, examples: 270 })
  })

  test('another order of tasks gives the same predictions', async () => {
    const other = temporaryFolder()
    const written = JSON.parse(readFileSync(config, 'utf8')) as { tasks: unknown[] }
    expect((await run(small(other, { tasks: [...written.tasks].reverse() }), join(other, 'out'))).code).toBe(0)
    const key = (r: Record<string, unknown>): string => JSON.stringify(r)
    const sorted = async (out: string) => (await rowsOf(join(out, 'predictions.parquet'))).map(key).sort()
    expect(await sorted(join(other, 'out'))).toEqual(await sorted(whole))
  })

  test('killed at 20 moments and started again: the same bytes, nothing left over', async () => {
    for (let i = 0; i < 20; i++) {
      const out = join(folder, `killed-${i}`)
      // Evenly spread, a little off the grid, over the time an undisturbed run takes.
      const after = (milliseconds * (i + ((i * 7919) % 97) / 97)) / 20
      await ohmflow(['run', config, '--out', out, '--formats', 'parquet,arrow'], {
        kill: { when: after, signal: 'SIGKILL' },
      })
      expect(await run(config, out)).toMatchObject({ code: 0 })
      expect(bytesOf(out)).toEqual(bytes)
      expect(
        readdirSync(out)
          .concat(readdirSync(join(out, 'units')))
          .filter(n => n.endsWith('.tmp')),
      ).toEqual([])
      rmSync(out, { recursive: true })
    }
  }, 900_000)

  test('Ctrl-C ends with 130, keeps what is finished, and the next run ends with the same bytes', async () => {
    const out = join(folder, 'interrupted')
    const units = join(out, 'units')
    const finished = (): readonly string[] =>
      existsSync(units) ? readdirSync(units).filter(name => name.endsWith('.unit')) : []
    // Once one unit is finished, while the others are not.
    let seen = 0
    const ended = await ohmflow(['run', config, '--out', out, '--formats', 'parquet,arrow', '--workers', '1'], {
      kill: { when: () => (seen = finished().length) > 0, signal: 'SIGINT' },
      env: { OHMFLOW_KERNELS: 'reference' },
    })
    expect(ended.code).toBe(130)
    expect(ended.stderr).toContain('the same command goes on from there')
    expect(finished().length).toBeGreaterThanOrEqual(seen)
    expect(tables.map(t => existsSync(join(out, t)))).toEqual(tables.map(() => false))
    expect((await run(config, out)).stderr).toMatch(/3 units \((1 was|2 were) there already\)/)
    expect(bytesOf(out)).toEqual(bytes)
  })

  test('Ctrl-C on a terminal with a progress bar ends, with the terminal as it was', async () => {
    const out = join(folder, 'terminal')
    // `script` gives a pseudo-terminal; the byte 3 typed into it is Ctrl-C. Typed when the first unit is under way.
    const typed = `until ls '${out}/units/'* > /dev/null 2>&1; do sleep 0.01; done; printf '\\003'; sleep 2`
    const ended = await ohmflow(['run', config, '--out', out, '--workers', '1'], {
      shell: `(${typed}) | script -qefc "$(printf '%q ' "$@")" /dev/null; code=$?; kill $(jobs -p) 2> /dev/null; exit $code`,
      env: { OHMFLOW_KERNELS: 'reference', TERM: 'xterm' },
    })
    expect(ended.code).toBe(130)
    expect(ended.stdout).toMatch(/interrupted: (1 of 3 units is|[02] of 3 units are) finished and kept/)
    // The last word on the cursor and on line wrap is "shown" and "on".
    expect(ended.stdout.lastIndexOf('\u001b[?25h')).toBeGreaterThan(ended.stdout.lastIndexOf('\u001b[?25l'))
    expect(ended.stdout.lastIndexOf('\u001b[?7h')).toBeGreaterThanOrEqual(ended.stdout.lastIndexOf('\u001b[?7l'))
  })

  test('tables of another config in the folder are removed, and said so', async () => {
    const out = join(folder, 'reused')
    cpSync(whole, out, { recursive: true })
    const other = small(temporaryFolder(), { name: 'other' })
    const part = await ohmflow(['run', other, '--out', out, '--shard', '1/2'])
    expect(part.code).toBe(0)
    expect(part.stderr.match(/of another config, other inputs or an unfinished run; removed/g)).toHaveLength(4)
    expect((await ohmflow(['run', other, '--out', out])).stderr).toContain('3 units (3 were there already)')
    expect(existsSync(join(out, 'scores.parquet'))).toBe(true)
    expect(existsSync(join(out, 'scores.arrow'))).toBe(false)
    expect((await run(config, out)).stderr).toContain('3 units (3 were there already)')
    expect(bytesOf(out)).toEqual(bytes)
  })

  test('a table that is not its own is refused before anything is computed, and stays', async () => {
    const out = join(folder, 'foreign')
    mkdirSync(out)
    writeFileSync(join(out, 'predictions.parquet'), 'mine')
    const ended = await run(config, out)
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain(`${join(out, 'predictions.parquet')}: expected a file that`)
    expect(readdirSync(out)).toEqual(['predictions.parquet'])
    expect(readFileSync(join(out, 'predictions.parquet'), 'utf8')).toBe('mine')
  })

  test('a reader of messages that leaves does not stop a run', async () => {
    const out = join(folder, 'unheard')
    const ended = await ohmflow(['run', config, '--out', out, '--formats', 'parquet,arrow'], {
      shell: '{ "$@" 2>&1 > /dev/null; echo "code $?" >&2; } | true; exit "${PIPESTATUS[0]}"',
    })
    expect(ended.stderr).toContain('code 0')
    expect(bytesOf(out)).toEqual(bytes)
  })

  test('a damaged or truncated unit is computed again, and said so', async () => {
    const out = join(folder, 'damaged')
    cpSync(whole, out, { recursive: true })
    const [first = '', second = ''] = readdirSync(join(out, 'units')).map(n => join(out, 'units', n))
    const flipped = readFileSync(first)
    flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 1
    writeFileSync(first, flipped)
    writeFileSync(second, readFileSync(second).subarray(0, 100))
    const ended = await run(config, out)
    expect(ended.code).toBe(0)
    expect(ended.stderr.match(/checksum does not hold; computed again/g)).toHaveLength(2)
    expect(bytesOf(out)).toEqual(bytes)
  })

  test('shards into one folder give the bytes of a single run; before the last there is no table', async () => {
    const out = join(folder, 'sharded')
    for (const i of [2, 0, 1]) {
      const ended = await run(config, out, '--shard', `${i}/3`)
      expect(ended.code).toBe(0)
      expect(tables.map(t => existsSync(join(out, t)))).toEqual(tables.map(() => i === 1))
      if (i !== 1) expect(ended.stderr).toContain('outstanding')
    }
    expect(bytesOf(out)).toEqual(bytes)
  })

  test('two processes on one folder both end well, with the same bytes', async () => {
    const out = join(folder, 'together')
    const ended = await Promise.all([run(config, out), run(config, out)])
    expect(ended.map(e => e.code)).toEqual([0, 0])
    expect(bytesOf(out)).toEqual(bytes)
  })

  test('a full disk is said so, with exit code 2, and leaves nothing that looks whole', async () => {
    const out = join(folder, 'full')
    const ended = await ohmflow(['run', config, '--out', out], { shell: 'ulimit -f 8; "$@"' })
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(/expected a file the file system can hold, found its size limit is reached/)
    expect(existsSync(join(out, 'predictions.parquet'))).toBe(false)
    expect(readdirSync(join(out, 'units')).filter(n => n.endsWith('.tmp'))).toEqual([])
    expect((await run(config, out)).code).toBe(0)
    expect(bytesOf(out)).toEqual(bytes)
  })

  test('stdout on a full device is said so', async () => {
    const ended = await ohmflow(['run', config, '--out', whole], { shell: '"$@" > /dev/full' })
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('stdout: expected room to write, found no space left on the device')
  })

  test('a folder that cannot be written is said so', async () => {
    const blocked = join(folder, 'a-file')
    writeFileSync(blocked, 'here')
    const ended = await run(config, join(blocked, 'out'))
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('a-file')
    const file = await run(config, blocked)
    expect(file.code).toBe(2)
    expect(file.stderr).toContain(
      `ohmflow: ${blocked}: expected a folder, or a place where one can be made, found a file\n`,
    )
    const locked = join(folder, 'locked')
    mkdirSync(locked)
    chmodSync(locked, 0o555)
    const refused = await run(config, join(process.getuid?.() === 0 ? '/proc' : locked, 'out'))
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/out/)
  })

  test.each<[string, (folder: string) => object, RegExp]>([
    ['a config key that is not known', () => ({ metods: [] }), /metods: .*methods/],
    [
      'a method that is not built',
      () => ({ methods: [{ name: 'm', spare: 'columns', inputRange: { rule: 'dynamic' } }] }),
      /not available in this version/,
    ],
    [
      'more examples than there are',
      () => ({
        tasks: [
          {
            task: 'cola',
            checkpoint: join(data, 'models/cola'),
            data: join(data, 'glue/CoLA'),
            examples: 401,
            tokenizer: join(data, 'models/cola'),
          },
        ],
      }),
      /at least 401 examples, found 400/,
    ],
    [
      'a checkpoint that is not there',
      () => ({ tasks: [{ task: 'cola', checkpoint: 'nowhere', data: join(data, 'glue/CoLA') }] }),
      /config\.json: tasks\.0\.checkpoint: expected a folder with a checkpoint, found nothing at .*nowhere/,
    ],
    [
      'a folder without a checkpoint',
      () => ({ tasks: [{ task: 'cola', checkpoint: join(data, 'glue'), data: join(data, 'glue/CoLA') }] }),
      /glue\/config\.json: expected a file that exists, found none/,
    ],
    [
      'a model with other labels',
      () => ({ tasks: [{ task: 'mnli', checkpoint: join(data, 'models/cola'), data: join(data, 'glue/CoLA') }] }),
      /one output for each of the 3 labels of mnli/,
    ],
    [
      'a tokeniser with more tokens than the model',
      () => ({
        tasks: [
          {
            task: 'cola',
            checkpoint: join(data, 'models/cola'),
            tokenizer: shared('data/roberta-base-tokenizer'),
            data: join(data, 'glue/CoLA'),
          },
        ],
      }),
      /vocabulary: expected at most \d+ tokens/,
    ],
    [
      'a split that is not there',
      () => ({
        tasks: [{ task: 'cola', checkpoint: join(data, 'models/cola'), data: join(data, 'glue/CoLA'), split: 'test' }],
      }),
      /test split of cola/,
    ],
  ])('%s is refused with exit code 2 and no table', async (_, change, message) => {
    const own = temporaryFolder()
    const ended = await run(small(own, change(own)), join(own, 'out'))
    expect(ended.stderr).toMatch(message)
    expect(ended.code).toBe(2)
    expect(existsSync(join(own, 'out'))).toBe(false)
  })

  test('a bad row is found before anything is computed', async () => {
    const own = temporaryFolder()
    const lines = readFileSync(join(data, 'glue/CoLA/dev.tsv'), 'utf8').split('\n')
    lines[99] = lines[99]?.replace('\t', ' ') ?? ''
    writeFileSync(join(own, 'dev.tsv'), lines.join('\n'))
    const bad = small(own, { tasks: [{ task: 'cola', checkpoint: join(data, 'models/cola'), data: own }] })
    const ended = await run(bad, join(own, 'out'))
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(/dev\.tsv: line 100: expected 4 columns, found 3/)
    expect(existsSync(join(own, 'out'))).toBe(false)
  })

  test('the command line: unknown words and bad values end with 2, help and version with 0', async () => {
    expect((await ohmflow(['rnu'])).code).toBe(2)
    expect((await ohmflow(['run', config, '--shard', '3/3'])).stderr).toContain('0 <= i < n')
    expect((await ohmflow(['run', config, '--shard', '3/3'])).code).toBe(2)
    expect((await ohmflow(['run', config, '--formats', 'csv'])).code).toBe(2)
    for (const bad of [['--out'], ['--out', '--json'], ['--stream', 'scores', '--json'], ['--all', '--json']]) {
      const ended = await ohmflow(['run', config, ...bad])
      expect(ended.stderr).toMatch(/^ohmflow: command line/)
      expect(ended.code).toBe(2)
    }
    const help = await ohmflow(['run', '--help'])
    expect(help.code).toBe(0)
    expect(help.stdout).toContain('ohmflow run sst2.json --out results/sst2')
    expect((await ohmflow(['--version'])).stdout.trim()).toBe('0.1.0')
    expect((await ohmflow(['--version'])).code).toBe(0)
  })

  test('plan computes nothing and counts what is missing', async () => {
    const fresh = await ohmflow(['plan', config, '--json'])
    expect(fresh.code).toBe(0)
    expect(JSON.parse(fresh.stdout)).toMatchObject({ units: 3, missing: 3 })
    expect(JSON.parse((await ohmflow(['plan', config, '--out', whole, '--json'])).stdout)).toMatchObject({ missing: 0 })
    expect(statSync(whole).isDirectory()).toBe(true)
    expect((await ohmflow(['plan', config])).stdout).toMatch(/3 units, 3 to compute: about/)
  })
})
