// Compares the built command with the reference values beside the repository, in full, and prints each figure.
// `npm run verify`, or `npm run verify -- NAME...` for some of: predict models rows memory kills chip errors faults fuzz.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parquetReadObjects } from 'hyparquet'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const shared = (...parts) => join(resolve(root, process.env.OHMFLOW_SHARED ?? '../shared'), ...parts)
const main = join(root, 'dist/cli/main.js')
const folder = mkdtempSync(join(tmpdir(), 'ohmflow-verify-'))
const say = text => process.stdout.write(`${text}\n`)
let failures = 0
const check = (name, figure, holds) => {
  if (!holds) failures += 1
  say(`${holds ? 'ok    ' : 'FAILED'}  ${name}: ${figure}`)
}

const jsonLines = text =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
const farthest = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)

/** Runs the command; `input` is text or an async iterable of chunks. @returns its stdout and exit code */
const ohmflow = async (args, { input = '', killAfter, keep = true, environment = {} } = {}) => {
  const env = { ...process.env, ...environment }
  const child = spawn(process.execPath, [main, ...args], { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] })
  const out = []
  const err = []
  child.stdout.on('data', chunk => keep && out.push(chunk))
  child.stderr.on('data', chunk => err.push(chunk))
  child.stdin.on('error', () => undefined)
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter)
  const ended = once(child, 'close')
  const feed = async () => {
    if (typeof input === 'string') child.stdin.end(input)
    else {
      for await (const chunk of input(child)) if (!child.stdin.write(chunk)) await once(child.stdin, 'drain')
      child.stdin.end()
    }
  }
  await feed()
  const [code] = await ended
  clearTimeout(timer)
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), pid: child.pid }
}

const rowsOf = async file => {
  const bytes = readFileSync(file)
  return parquetReadObjects({ file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) })
}

const configFile = (name, tasks, more = {}) => {
  const path = join(folder, `${name}.json`)
  const methods = [{ name: 'digital', execution: 'digital' }]
  writeFileSync(path, JSON.stringify({ schema: 1, name, seed: 1, tasks, methods, ...more }))
  return path
}

const predict = async () => {
  for (const name of ['tiny-roberta', 'tiny-roberta-3-labels-f16', 'tiny-roberta-regression-bf16-sharded']) {
    const input = readFileSync(shared('data/reference', name, 'logits.jsonl'), 'utf8')
    const { stdout } = await ohmflow(
      [
        'predict',
        '--hidden-states',
        '--checkpoint',
        shared('data/reference', name),
        '--tokenizer',
        shared('data/roberta-base-tokenizer'),
      ],
      { input },
    )
    const found = jsonLines(stdout)
    const expected = jsonLines(input)
    const ids = expected.filter((e, i) => JSON.stringify(e.ids) === JSON.stringify(found[i]?.ids)).length
    const logits = Math.max(...expected.map((e, i) => farthest(e.logits, found[i].logits)))
    const hidden = Math.max(
      ...expected.flatMap((e, i) =>
        (e.first_token_hidden_states ?? []).map((h, d) => farthest(h, found[i].first_token_hidden_states[d])),
      ),
    )
    check(`${name}: ids equal`, `${ids} of ${expected.length}`, ids === expected.length)
    check(`${name}: largest |logit - reference|`, logits.toExponential(2), logits <= 1e-5)
    check(`${name}: largest |hidden state - reference|`, hidden.toExponential(2), hidden <= 1e-5)
  }
}

const models = async () => {
  const names = readdirSync(shared('data/models')).filter(n => existsSync(shared('data/models', n, 'reference.jsonl')))
  const config = configFile(
    'models',
    names.map(task => ({ task, checkpoint: shared('data/models', task), data: shared('data/glue-hf', task) })),
  )
  const started = performance.now()
  const { stderr } = await ohmflow(['run', config, '--out', join(folder, 'models')])
  say(
    `        ${stderr
      .trim()
      .split('\n')
      .filter(l => l.includes('tokens/s'))
      .join('; ')}; all in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  )
  const rows = await rowsOf(join(folder, 'models/predictions.parquet'))
  const scores = await rowsOf(join(folder, 'models/scores.parquet'))
  for (const task of names) {
    const expected = jsonLines(readFileSync(shared('data/models', task, 'reference.jsonl'), 'utf8'))
    const own = rows.filter(r => r.task === task)
    const logits = Math.max(...expected.map((e, i) => farthest(e.logits, own[i].logits)))
    check(`${task}: rows`, `${own.length} of ${expected.length}`, own.length === expected.length)
    check(`${task}: largest |logit - reference|`, logits.toExponential(2), logits <= 1e-4)
    say(
      `        ${scores
        .filter(s => s.task === task)
        .map(s => `${s.metric} ${s.value}`)
        .join(', ')}`,
    )
  }
}

const rows = async () => {
  const { openDataset } = await import(join(root, 'dist/io/glue/dataset.js'))
  const { tasks, taskNames } = await import(join(root, 'dist/domain/tasks/task.js'))
  const counted = async (task, place) => {
    const opened = await openDataset(task, place, 'dev')()
    if (opened._tag === 'Left') return null
    let n = 0
    for await (const _ of opened.right.examples()) n += 1
    return n
  }
  for (const name of taskNames) {
    const tsv = await counted(tasks[name], shared('data/glue-tsv'))
    const parquet = await counted(tasks[name], shared('data/glue-hf'))
    const inHf = name !== 'wnli'
    check(
      `${name}: dev rows`,
      `TSV ${tsv}, Parquet ${parquet ?? 'none'}`,
      tsv > 0 && (inHf ? tsv === parquet : parquet === null),
    )
  }
}

/** Peak resident memory after each number of lines, of one process that reads a stream of them. */
const memory = async () => {
  const lines = readFileSync(join(root, 'data/glue/SST-2/train.tsv'), 'utf8').trimEnd().split('\n').slice(1)
  const block =
    lines
      .map(l => JSON.stringify({ text: l.split('\t')[0] }))
      .slice(0, 1000)
      .join('\n') + '\n'
  const peaks = new Map()
  const started = performance.now()
  const blocks = async function* (child) {
    for (let thousand = 1; thousand <= 1000; thousand++) {
      yield block
      if (thousand === 100 || thousand === 1000) {
        const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024
        peaks.set(thousand * 1000, peak)
      }
    }
  }
  const { code } = await ohmflow(['predict', '--checkpoint', join(root, 'data/models/sst2')], {
    input: blocks,
    keep: false,
  })
  const [at100k, at1M] = [peaks.get(100_000), peaks.get(1_000_000)]
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  check(
    'peak RSS of predict at 100 k and 1 M lines',
    `${(at100k / 1e6).toFixed(1)} and ${(at1M / 1e6).toFixed(1)} MB (${seconds} s)`,
    code === 0 && at1M <= 1.1 * at100k,
  )
}

const kills = async () => {
  const config = shared('configs/sst2-digital.json')
  const run = (out, killAfter) => ohmflow(['run', config, '--out', out], { killAfter })
  const tables = out =>
    ['scores.parquet', 'predictions.parquet'].map(t => readFileSync(join(out, t)).toString('base64')).join()
  const started = performance.now()
  await run(join(folder, 'whole'))
  const milliseconds = performance.now() - started
  const whole = tables(join(folder, 'whole'))
  await run(join(folder, 'twice'))
  check('two runs give the same bytes', 'compared', tables(join(folder, 'twice')) === whole)
  let same = 0
  for (let i = 0; i < 20; i++) {
    const out = join(folder, `kill-${i}`)
    await run(out, Math.random() * milliseconds)
    await run(out)
    if (tables(out) === whole) same += 1
    rmSync(out, { recursive: true })
  }
  check('killed with SIGKILL at 20 random moments and resumed, same bytes', `${same} of 20`, same === 20)
}

const tables = ['scores', 'predictions', 'tiles', 'columns', 'errors']

/** shared/configs/sst2-pcm.json: the same bytes from every path, any number of workers, shards in any order. */
const chip = async () => {
  const config = shared('configs/sst2-pcm.json')
  const run = async (name, args, environment = {}) => {
    const out = join(folder, name)
    const { code, stdout, stderr } = await ohmflow(['run', config, '--out', out, ...args], { environment })
    if (code !== 0) check(`sst2-pcm, ${name}`, stderr, false)
    return { stdout, out }
  }
  const bytes = ({ out }) => tables.map(t => readFileSync(join(out, `${t}.parquet`)).toString('base64')).join()
  const first = await run('chip', [])
  say(first.stdout)
  const expected = bytes(first)
  const same = (name, other) => check(`sst2-pcm, ${name}`, 'five tables, the same bytes', bytes(other) === expected)
  for (const workers of [1, 3]) same(`${workers} workers`, await run(`chip-${workers}`, ['--workers', `${workers}`]))
  same('WebAssembly', await run('chip-wasm', [], { OHMFLOW_KERNELS: 'wasm' }))
  for (const shard of ['2/3', '0/3']) await run('chip-shards', ['--shard', shard])
  check('sst2-pcm, two shards of three', 'no table yet', !existsSync(join(folder, 'chip-shards/scores.parquet')))
  same('shards 2/3 + 0/3 + 1/3', await run('chip-shards', ['--shard', '1/3']))
}

const mean = values => values.reduce((a, b) => a + b, 0) / values.length

/** Relative L2 error of the linear layers of the real models: measured and predicted, by source and time. */
const errors = async () => {
  const tasks = ['sst2', 'mrpc', 'stsb'].map(task => ({
    task,
    checkpoint: shared('data/models', task),
    data: shared('data/glue-hf', task),
    examples: 8,
  }))
  const ranges = { columnRange: { rule: 'abs-max' }, inputRange: { rule: 'abs-max' } }
  const config = configFile('errors', tasks, {
    repeat: { chips: 1, reads: 1, times: ['0 s', '1 h', '1 d', '1 y'] },
    methods: [
      { name: 'abs-max', ...ranges },
      { name: 'with wires', ...ranges, hardware: { wireResistanceOhm: 0.35 } },
    ],
  })
  const out = join(folder, 'errors')
  const { code, stderr } = await ohmflow(['run', config, '--out', out])
  if (code !== 0) return check('errors', stderr, false)
  const rows = await rowsOf(join(out, 'errors.parquet'))
  const encoder = rows.filter(r => r.layer.startsWith('encoder.'))
  for (const { task } of tasks)
    for (const method of ['abs-max', 'with wires'])
      for (const source of new Set(encoder.filter(r => r.method === method).map(r => r.source))) {
        const own = encoder.filter(r => r.task === task && r.method === method && r.source === source)
        const at = [0, 3600, 86400, 31536000].map(t => own.filter(r => r.time_seconds === t))
        const figures = at.map(
          r => `${mean(r.map(x => x.error)).toFixed(4)} (${mean(r.map(x => x.predicted)).toFixed(4)})`,
        )
        const last = at.at(-1)
        const [measured, predicted] = [mean(last.map(x => x.error)), mean(last.map(x => x.predicted))]
        const name = `${task}, ${method}, ${source}: mean over the encoder's layers at 0 s, 1 h, 1 d, 1 y (predicted)`
        check(name, figures.join('  '), Math.abs(measured - predicted) <= 0.1 * predicted)
      }
}

/** A tool of its own, whose lines are shown as they are. */
const tool = (name, args) => () => {
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs')
  const { status } = spawnSync(process.execPath, [tsx, join(root, 'tools', name, 'main.ts'), ...args], {
    stdio: 'inherit',
  })
  check(name, 'see above', status === 0)
}
const faults = tool('faults', ['--kills', '200'])
const fuzz = tool('fuzz', ['--runs', '2000', '--commands', '3'])

const all = { predict, models, rows, memory, kills, chip, errors, faults, fuzz }
const wanted = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(all)
for (const name of wanted) {
  say(`\n${name}`)
  await all[name]()
}
rmSync(folder, { recursive: true })
say(`\n${failures === 0 ? 'everything holds' : `${failures} do not hold`}`)
process.exit(failures === 0 ? 0 : 1)
