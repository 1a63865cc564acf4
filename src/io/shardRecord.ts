/**
 * What a process leaves beside the units that it computes: of which experiment they are, and which shard of it. The tables can
 * be written from it and the units alone, where neither the models nor the data are. JSON, with a SHA-256 of all the rest.
 * Not here: the units themselves (`unitFile.ts`).
 */
import { isLeft } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts/lib/index.js'
import type { Architecture } from '../domain/encoder/architecture.js'
import { tooManyPasses } from '../domain/experiment/available.js'
import { isJsonObject, type Config, type Json } from '../domain/experiment/config.js'
import { asJson, resultsRevision, type Shard, type TaskInputs } from '../domain/experiment/plan.js'
import type { Setting } from '../domain/experiment/sweep.js'
import { isCellOf, type Column } from '../domain/tables/table.js'
import { firstOnTensorFlow, type TensorFlowBuild } from '../domain/experiment/tensorflow.js'
import { fail, Failure } from '../domain/problem.js'
import { version } from '../domain/version.js'
import { writeTextAtomically } from './atomicFile.js'
import { canonicalJson } from './config/canonical.js'
import { decodeConfig, encodeConfig } from './config/config.js'
import { accepting, decode, integer, nullable, shown } from './decoding.js'
import { valueOrThrow } from './fault.js'
import { sha256 } from './hash.js'
import { readJson } from './textFile.js'

/** What the experiment's tables need to know of a task. */
export interface RecordedTask {
  readonly inputs: TaskInputs
  readonly labelled: boolean
  readonly architecture: Architecture
}

/** One config of the experiment; of a sweep, each setting's. */
export interface RecordedSetting extends Pick<Setting, 'choices' | 'cells'> {
  /** Paths as written. */
  readonly config: Config
  /** For each task of the config, which of the record's it is. */
  readonly tasks: readonly number[]
}

/** The same for all shards of an experiment. */
export interface RecordedExperiment {
  readonly version: string
  /** `resultsRevision` of the process that computed. */
  readonly revision: number
  /** As the tables' metadata have it, in that order. */
  readonly provenance: readonly (readonly [key: string, value: string])[]
  /** One without a sweep. */
  readonly settings: readonly RecordedSetting[]
  /** What tells them apart in the tables. */
  readonly columns: readonly Column[]
  readonly tensorflow: TensorFlowBuild | null
  /** SHA-256 of the files of ranges that methods name, by their paths as written. */
  readonly files: Readonly<Record<string, string>>
  readonly tasks: readonly RecordedTask[]
}

export interface ShardRecord {
  readonly shard: Shard
  readonly experiment: RecordedExperiment
}

const digest = accepting<string>(
  'a SHA-256 of 64 hexadecimal digits',
  (u): u is string => typeof u === 'string' && /^[0-9a-f]{64}$/.test(u),
)
const count = integer(0, 2 ** 31 - 1)
const texts = t.record(t.string, t.string, 'an object of strings')

const architecture: t.Type<Architecture, unknown> = t.type(
  {
    ...{
      vocabulary: count,
      positions: count,
      tokenTypes: count,
      hidden: count,
      layers: integer(0, 1000),
      heads: count,
    },
    ...{ intermediate: count, layerNormEpsilon: t.number, paddingId: count, labels: count },
  },
  'the shape of a model',
)

const task: t.Type<RecordedTask, unknown> = t.type(
  {
    inputs: t.type(
      { checkpoint: digest, tokenizer: digest, data: digest, calibration: nullable(digest) },
      'hashes of inputs',
    ),
    labelled: t.boolean,
    architecture,
  },
  'a task',
)

const column: t.Type<Column, unknown> = t.type(
  {
    ...{ name: t.string, nullable: t.boolean, unit: t.string, description: t.string },
    type: t.union([t.literal('int32'), t.literal('float64'), t.literal('utf8'), t.literal('float32 list')]),
  },
  'a column',
)

const isJson = (u: unknown): u is Json => u !== undefined

const setting = t.type(
  {
    choices: t.readonlyArray(
      t.type({ key: t.string, place: count, value: accepting<Json>('a JSON value', isJson) }),
      'choices',
    ),
    cells: t.record(t.string, t.union([t.string, t.number, t.null]), 'cells of a table'),
    ...{ config: t.unknown, tasks: t.readonlyArray(count, 'places of tasks') },
  },
  'a setting',
)

const record = t.type(
  {
    sha256: digest,
    shard: t.type({ index: count, of: integer(1, 2 ** 31 - 1) }, 'a shard'),
    experiment: t.type(
      {
        ...{ version: t.string, revision: count, files: texts },
        settings: t.readonlyArray(setting, 'settings'),
        columns: t.readonlyArray(column, 'columns'),
        provenance: t.readonlyArray(t.tuple([t.string, t.string]), 'pairs of texts'),
        tensorflow: nullable(t.type({ package: t.string, version: t.string, backend: t.string })),
        tasks: t.readonlyArray(task, 'tasks'),
      },
      'an experiment',
    ),
  },
  'the record of a shard',
)

/** One text for one experiment: two records are of the same one if and only if these are equal. */
export const experimentText = ({ settings, ...rest }: RecordedExperiment): string =>
  canonicalJson({
    ...asJson(rest),
    settings: settings.map(({ config, ...own }) => ({ ...asJson(own), config: encodeConfig(config) })),
  })

/** Ends the names of these files. */
export const recordSuffix = '.shard.json'

/** Of the same shard of the same experiment, the same name and the same bytes. */
export const recordFile = ({ shard, experiment }: ShardRecord): { readonly name: string; readonly text: string } => {
  const body = `{"experiment":${experimentText(experiment)},"shard":${canonicalJson(asJson(shard))}`
  const hash = sha256(`${body}}`)
  return {
    name: `${sha256(experimentText(experiment)).slice(0, 16)}-${shard.index}-of-${shard.of}${recordSuffix}`,
    text: `${body},"sha256":"${hash}"}\n`,
  }
}

/** Whole or not at all. @throws Failure (in the promise) */
export const writeRecordFile = (path: string, text: string): Promise<void> => writeTextAtomically(path, text)

/** A setting has a cell in each of the columns, and in no other. @throws Failure */
const checkCells = (path: string, at: string, cells: RecordedSetting['cells'], columns: readonly Column[]): void => {
  // A column may be named as what every object has.
  const cellOf = ({ name }: Column): unknown => (Object.hasOwn(cells, name) ? cells[name] : undefined)
  const odd = columns.find(c => !isCellOf(c, cellOf(c)))
  if (odd !== undefined) fail(path, `${at}.cells`, `${odd.type} as ${odd.name}`, shown(cellOf(odd)))
  const [found, expected] = [Object.keys(cells).length, new Set(columns.map(c => c.name)).size]
  if (found !== expected || expected !== columns.length) fail(path, `${at}.cells`, 'one for each column', `${found}`)
}

/** @throws Failure (in the promise) if the file is damaged, is none of these, or is of another version */
export const readShardRecord = async (path: string): Promise<ShardRecord> => {
  const json = await readJson(path)()
  if (isLeft(json)) throw new Failure(json.left[0])
  const value = json.right
  if (isJsonObject(value)) {
    const { sha256: written, ...rest } = value
    if (written !== sha256(canonicalJson(rest)))
      fail(path, 'sha256', 'the SHA-256 of the rest of the record', 'another: it was damaged or changed')
  }
  const { shard, experiment } = valueOrThrow(decode(record, path)(value))
  const ours = `version ${version}, results of revision ${resultsRevision}, as this ohmflow`
  if (experiment.version !== version || experiment.revision !== resultsRevision)
    fail(path, '', ours, `version ${experiment.version}, revision ${experiment.revision}`)
  if (shard.index >= shard.of) fail(path, 'shard.index', `below ${shard.of}`, `${shard.index}`)
  const settings = experiment.settings.map((own, i): RecordedSetting => {
    const config = decodeConfig(path, '/', own.config)
    if (isLeft(config)) throw new Failure(config.left[0])
    checkCells(path, `experiment.settings.${i}`, own.cells, experiment.columns)
    const at = `experiment.settings.${i}.tasks`
    if (own.tasks.length !== config.right.tasks.length)
      fail(path, at, `${config.right.tasks.length}, as in its config`, `${own.tasks.length}`)
    const beyond = own.tasks.find(k => k >= experiment.tasks.length)
    if (beyond !== undefined) fail(path, at, `below ${experiment.tasks.length}, as there are tasks`, `${beyond}`)
    if (experiment.tensorflow === null && firstOnTensorFlow(config.right) >= 0)
      fail(path, 'experiment.tensorflow', 'the build that computed, as a config asks for it', 'none')
    return { ...own, config: config.right }
  })
  if (settings.length === 0) fail(path, 'experiment.settings', 'one at least', 'none')
  const large = tooManyPasses(path, settings)
  if (large !== null) throw new Failure(large)
  return { shard, experiment: { ...experiment, settings } }
}
