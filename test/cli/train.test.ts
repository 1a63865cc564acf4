import { cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { beforeAll, describe, expect, test } from 'vitest'
import { stream } from '../../src/domain/random/stream.js'
import { openCheckpoint } from '../../src/io/checkpoint/checkpoint.js'
import { writeSafetensors } from '../../src/io/checkpoint/safetensorsWriter.js'
import { orThrow } from '../../src/io/fault.js'
import { fewLines, miniature, resultBytes, written } from '../pipelines/training/subject.js'
import { configsIn, ohmflow, temporaryFolder } from './ohmflow.js'

const folder = temporaryFolder()

const configFile = configsIn(folder)

const analog = { name: 'abs-max', columnRange: { rule: 'abs-max' }, inputRange: { rule: 'abs-max' } }
const chips = {
  methods: [{ name: 'digital', execution: 'digital' }, analog],
  hardware: { tile: { rows: 64, columns: 64 } },
  repeat: { chips: 2, times: ['1 h'] },
  calibration: { examples: 8 },
}
const config = configFile('small', written({ folder, more: chips }))
const whole = join(folder, 'whole')

const train = (path: string, out: string, ...more: readonly string[]) => ohmflow(['train', path, '--out', out, ...more])

const arrayBuffer = (file: string): ArrayBuffer => {
  const bytes = readFileSync(file)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
}
const rowsOf = (file: string): Promise<readonly Record<string, unknown>[]> =>
  parquetReadObjects({ file: arrayBuffer(file) })

const stateFiles = (out: string): readonly string[] =>
  existsSync(join(out, 'states')) ? readdirSync(join(out, 'states')).filter(name => name.endsWith('.unit')) : []

describe('ohmflow train', () => {
  let bytes: Readonly<Record<string, string>> = {}
  let stdout = ''

  beforeAll(async () => {
    const ended = await train(config, whole)
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining('6 steps computed')])
    expect(ended.stderr).toContain('mrpc: after epoch 1: abs-max, chip 0, 1 h, read 0: 8 examples in')
    stdout = ended.stdout
    bytes = resultBytes(whole)
  })

  test('prints the scores after each epoch, digital and on chips, and says where things lie', async () => {
    expect(stdout).toMatch(/^task +epoch +method +time +metric +mean +drop +chips x reads\n/)
    expect(stdout.split('\n').filter(l => /^mrpc +[12] +(digital|abs-max)/.test(l))).toHaveLength(8)
    expect(stdout.split('\n').filter(l => /^mrpc +0 +/.test(l))).toEqual([
      expect.stringMatching(/ digital .* accuracy /),
      expect.stringMatching(/ digital .* f1 /),
    ])
    const again = await train(config, whole, '--json')
    expect(again.stderr).toContain('0 steps computed')
    for (const file of ['mrpc', 'training.parquet', 'evaluations.parquet'])
      expect(again.stderr).toContain(join(whole, file))
    const lines = again.stdout
      .trim()
      .split('\n')
      .map(l => JSON.parse(l) as unknown)
    expect(lines.slice(0, -1)).toEqual(await rowsOf(join(whole, 'evaluations.parquet')))
    expect(lines.at(-1)).toEqual({ checkpoints: [{ task: 'mrpc', checkpoint: join(whole, 'mrpc') }] })
    expect(resultBytes(whole)).toEqual(bytes)
  })

  test('writes a row a step and a row an evaluation; clocks stand in run.json only', async () => {
    const steps = await rowsOf(join(whole, 'training.parquet'))
    expect(steps.map(r => [r.task, r.step, r.epoch, r.examples])).toEqual(
      [1, 2, 3, 4, 5, 6].map(step => ['mrpc', step, Math.ceil(step / 3), 8]),
    )
    for (const row of steps) {
      expect(Object.keys(row)).toEqual([
        ...['task', 'step', 'epoch', 'loss', 'learning_rate', 'gradient_norm', 'examples', 'tokens'],
      ])
      for (const name of ['loss', 'learning_rate', 'gradient_norm', 'tokens']) expect(row[name]).toBeGreaterThan(0)
    }
    const evaluations = await rowsOf(join(whole, 'evaluations.parquet'))
    // Two metrics: the start, digitally; two epochs, digital once, two chips.
    expect(evaluations).toHaveLength(2 + 2 * 2 * 3)
    expect(evaluations.map(r => r.examples)).toEqual(evaluations.map(() => 8))
    const about = new Map(
      parquetMetadata(arrayBuffer(join(whole, 'training.parquet'))).key_value_metadata?.map(m => [m.key, m.value]),
    )
    for (const key of ['version', 'experiment', 'config-sha256', 'seed', 'trainings'])
      expect(about.has(`ohmflow:${key}`)).toBe(true)
    const record = JSON.parse(readFileSync(join(whole, 'run.json'), 'utf8')) as { readonly tasks: readonly object[] }
    expect(record.tasks).toMatchObject([{ task: 'mrpc', stepsComputed: 6 }])
    expect(record.tasks[0]).toHaveProperty('tokensPerSecond')
  })

  test('its checkpoint is one for run, with the scores of the last epoch, and for predict', async () => {
    const own = configFile('trained', {
      ...written({ folder, more: chips }),
      train: undefined,
      tasks: [{ task: 'mrpc', checkpoint: join(whole, 'mrpc'), data: join(folder, 'mrpc-data') }],
    })
    const ended = await ohmflow(['run', own, '--out', join(folder, 'scored')])
    expect(ended.code).toBe(0)
    expect(ended.stderr).not.toContain('untrained')
    const of = (rows: readonly Record<string, unknown>[]) => rows.map(r => [r.method, r.chip, r.metric, r.value])
    const evaluations = await rowsOf(join(whole, 'evaluations.parquet'))
    expect(of(await rowsOf(join(folder, 'scored', 'scores.parquet')))).toEqual(
      of(evaluations.filter(r => r.epoch === 2)),
    )
    const predicted = await ohmflow(['predict', '--checkpoint', join(whole, 'mrpc')], {
      input: '{"text":"a","pair":"b"}\n',
    })
    expect(JSON.parse(predicted.stdout)).toHaveProperty('logits')
  })

  test('killed five times at random moments, it ends with the same bytes', async () => {
    const out = join(folder, 'killed')
    const random = stream(11, 'moments of death')
    let kills = 0
    for (let kill = 0; kill < 5; kill++) {
      // At any moment in the first seconds, or as soon as there is another state.
      const before = stateFiles(out).length
      const when = kill % 2 === 1 ? 150 + random.below(1500) : () => stateFiles(out).length !== before
      const ended = await ohmflow(['train', config, '--out', out], { kill: { when, signal: 'SIGKILL' } })
      kills += ended.code === null ? 1 : 0
    }
    // The first, at least: after its first state there was an epoch to go.
    expect(kills).toBeGreaterThan(0)
    expect((await train(config, out)).code).toBe(0)
    expect(resultBytes(out)).toEqual(bytes)
    expect(readdirSync(join(out, 'states')).filter(n => n.endsWith('.tmp'))).toEqual([])
  })

  test('Ctrl-C keeps what is finished: exit code 130, and the same command goes on', async () => {
    const out = join(folder, 'stopped')
    const ended = await ohmflow(['train', config, '--out', out], {
      kill: { when: () => stateFiles(out).length > 0, signal: 'SIGINT' },
    })
    expect(ended.code).toBe(130)
    expect(ended.stderr).toMatch(/mrpc: the state after step \d of 6 is kept; the same command goes on from there/)
    const again = await train(config, out)
    expect(again.stderr).toMatch(/mrpc: goes on after step \d of 6/)
    expect(resultBytes(out)).toEqual(bytes)
  })

  test('writes over another checkpoint with --overwrite only', async () => {
    const out = join(folder, 'occupied')
    cpSync(miniature('mrpc'), join(out, 'mrpc'), { recursive: true })
    const before = readFileSync(join(out, 'mrpc/model.safetensors'))
    const ended = await train(config, out)
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain(`${join(out, 'mrpc')}: expected nothing, or the checkpoint of this training`)
    expect(readdirSync(out)).toEqual(['mrpc'])
    expect(readFileSync(join(out, 'mrpc/model.safetensors'))).toEqual(before)
    expect((await train(config, out, '--overwrite')).code).toBe(0)
    expect(resultBytes(out)).toEqual(bytes)
  })

  test('one that diverges ends with exit code 2, the step and the layer', async () => {
    const huge = join(folder, 'huge')
    const checkpoint = await orThrow(openCheckpoint(miniature('mrpc')))
    const tensors = []
    for (const [name, { shape }] of checkpoint.tensors) {
      const numbers = new Float32Array(shape.reduce((a, b) => a * b, 1))
      await orThrow(checkpoint.readInto(name, numbers))
      tensors.push({ name, shape, data: name === 'encoder.layer.1.output.dense.weight' ? numbers.fill(3e38) : numbers })
    }
    await orThrow(writeSafetensors(join(huge, 'model.safetensors'), tensors))
    for (const name of ['config.json', 'tokenizer.json'])
      writeFileSync(join(huge, name), readFileSync(join(miniature('mrpc'), name)))
    const out = join(folder, 'diverged')
    const ended = await train(configFile('huge', written({ folder, checkpoint: huge })), out)
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(
      /training of mrpc: step 1: expected a finite loss and gradient \(.*\), found (NaN|infinity) after encoder\.layer\.1\.output\.dense$/m,
    )
    expect(existsSync(join(out, 'mrpc'))).toBe(false)
  })

  test.each<[string, () => object, RegExp]>([
    ['a config without a training', () => ({ ...written({ folder }), train: undefined }), /train: expected settings/],
    [
      'what is not built',
      () => written({ folder, train: { engine: 'tensorflow' } }),
      /train\.engine: expected "ohmflow", found "tensorflow", which is not available in this version/,
    ],
    [
      'a method with ranges that the training does not learn',
      () => written({ folder, more: { methods: [{ ...analog, inputRange: { rule: 'learned' } }] } }),
      /methods\.0\.inputRange\.rule: expected another than "learned" .*: this training learns no ranges/,
    ],
    [
      'a method whose tiles are not those that ranges are learned for',
      () =>
        written({
          folder,
          train: { quantise: true, learn: ['input ranges'] },
          more: {
            ...chips,
            methods: [{ ...analog, inputRange: { rule: 'learned' }, hardware: { tile: { rows: 32 } } }],
          },
        }),
      /ranges\.safetensors: tensor .*: expected \[2\] ranges, as the 32 x 64 tiles of method "abs-max" need/,
    ],
    [
      'more examples than there are',
      () => written({ folder, train: { examples: 25 } }),
      /at least 25 examples, found 24/,
    ],
    [
      'a model with other labels',
      () => ({
        ...written({ folder }),
        tasks: [{ task: 'stsb', checkpoint: miniature('mrpc'), data: fewLines(folder, 'stsb', 8, 8) }],
      }),
      /1 output: stsb is a regression task/,
    ],
  ])('%s is refused with exit code 2', async (_, json, message) => {
    const ended = await train(configFile('refused', json()), join(folder, 'refused'))
    expect(ended.stderr).toMatch(message)
    expect(ended.code).toBe(2)
    expect(existsSync(join(folder, 'refused'))).toBe(false)
  })

  test('the folder of the checkpoint it starts from is refused, and left as it is', async () => {
    const out = join(folder, 'own')
    cpSync(miniature('mrpc'), join(out, 'mrpc'), { recursive: true })
    const before = readdirSync(join(out, 'mrpc'))
    const ended = await train(configFile('own', written({ folder, checkpoint: join(out, 'mrpc') })), out)
    expect(ended.stderr).toContain('--out: expected another folder than the one the starting checkpoint lies in')
    expect(ended.code).toBe(2)
    expect([readdirSync(out), readdirSync(join(out, 'mrpc'))]).toEqual([['mrpc'], before])
  })

  test('a run of its config says that training is not part of it', async () => {
    const ended = await ohmflow(['run', config, '--out', join(folder, 'run')])
    expect(ended.code).toBe(0)
    expect(ended.stderr).toContain(`"ohmflow train ${config}" trains them`)
  })

  test('hardware-aware: learned ranges stand beside the model, the same bytes whatever stopped it, and run takes them', async () => {
    const learned = { name: 'learned', columnRange: { rule: 'learned' }, inputRange: { rule: 'learned' } }
    const methods = [...chips.methods, learned]
    const json = written({
      folder,
      train: { preset: 'fast', epochs: 2, quantise: true, learn: ['input ranges', 'column ranges'], distillation: 0.5 },
      more: { ...chips, methods },
    })
    const aware = configFile('aware', json)
    const [once, stopped] = [join(folder, 'aware'), join(folder, 'aware-stopped')]
    const ended = await train(aware, once, '--workers', '2')
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining('steps computed')])
    expect(ended.stdout).toMatch(/^mrpc +2 +learned/m)
    await ohmflow(['train', aware, '--out', stopped], {
      kill: { when: () => stateFiles(stopped).length > 0, signal: 'SIGKILL' },
    })
    expect((await train(aware, stopped, '--workers', '1')).code).toBe(0)
    const ranges = (out: string): string => readFileSync(join(out, 'mrpc/ranges.safetensors')).toString('base64')
    expect([resultBytes(stopped), ranges(stopped)]).toEqual([resultBytes(once), ranges(once)])

    const scored = configFile('aware-scored', {
      ...json,
      train: undefined,
      tasks: [{ task: 'mrpc', checkpoint: join(once, 'mrpc'), data: join(folder, 'mrpc-data') }],
    })
    expect((await ohmflow(['run', scored, '--out', join(folder, 'aware-scored')])).code).toBe(0)
    const of = (rows: readonly Record<string, unknown>[]) => rows.map(r => [r.method, r.chip, r.metric, r.value])
    const evaluations = await rowsOf(join(once, 'evaluations.parquet'))
    expect(of(await rowsOf(join(folder, 'aware-scored', 'scores.parquet')))).toEqual(
      of(evaluations.filter(r => r.epoch === 2)),
    )
  })
})
