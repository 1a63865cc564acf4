/**
 * The GLUE tasks as data: labels, metrics, and where and how the official TSVs and the Hugging Face copy keep them.
 * Not here: the diagnostic set (AX) and submission files (`submission.ts`). Not modelled: MNLI's annotator votes.
 *
 * Sources: Wang et al., GLUE (ICLR 2019) and its download script's file layouts; Hugging Face `nyu-mll/glue` for the
 * order of the classes and the names of columns and splits.
 */
import { left, right, type Either } from 'fp-ts/lib/Either.js'
import { problem, type Problem } from '../problem.js'
import type { MetricName } from './metrics/metric.js'

export const taskNames = ['cola', 'sst2', 'mrpc', 'stsb', 'qqp', 'mnli', 'mnli-mm', 'qnli', 'rte', 'wnli'] as const
export type TaskName = (typeof taskNames)[number]

export const splits = ['train', 'dev', 'test'] as const
export type Split = (typeof splits)[number]

/** What a label is: a class, numbered in the order of `labels`, or a score in [minimum, maximum]. */
export type Target =
  | { readonly kind: 'classification'; readonly labels: readonly string[] }
  | { readonly kind: 'regression'; readonly minimum: number; readonly maximum: number }

/** One official TSV file. Columns are named also where the file has no header line (CoLA). */
export interface TsvLayout {
  readonly file: string
  readonly header: boolean
  readonly columns: readonly string[]
  readonly text: string
  /** null for single-sentence tasks. */
  readonly pair: string | null
  /** null where the file has no labels (test). */
  readonly label: string | null
}

/** One configuration of the Hugging Face copy: `<config>/<split>-00000-of-00001.parquet`. */
export interface ParquetLayout {
  readonly config: string
  readonly splits: Readonly<Record<Split, string>>
  readonly text: string
  readonly pair: string | null
  readonly label: string
}

export interface Task {
  readonly name: TaskName
  readonly target: Target
  readonly metrics: readonly MetricName[]
  /** Folder of the official distribution that holds the TSV files. */
  readonly folder: string
  readonly tsv: Readonly<Record<Split, TsvLayout>>
  /** Text of each class in the TSV's label column, in the order of the classes; empty for regression. */
  readonly tsvLabels: readonly string[]
  readonly parquet: ParquetLayout
}

const classes = (...labels: readonly string[]): Target => ({ kind: 'classification', labels })
const digits = ['0', '1'] as const

const hugging = (config: string, text: string, pair: string | null, suffix = ''): ParquetLayout => ({
  config,
  splits: { train: 'train', dev: `validation${suffix}`, test: `test${suffix}` },
  text,
  pair,
  label: 'label',
})

/** A labelled file with a header line, its last column being the label unless named otherwise. */
const labelled = (file: string, columns: readonly string[], text: string, pair: string | null, label: string) => ({
  file,
  header: true,
  columns,
  text,
  pair,
  label,
})

const unlabelled = (file: string, columns: readonly string[], text: string, pair: string | null): TsvLayout => ({
  file,
  header: true,
  columns,
  text,
  pair,
  label: null,
})

/** train.tsv and dev.tsv with the same columns, test.tsv with others. */
const plainTsv = (
  columns: readonly string[],
  testColumns: readonly string[],
  text: string,
  pair: string | null,
  label: string,
): Readonly<Record<Split, TsvLayout>> => ({
  train: labelled('train.tsv', columns, text, pair, label),
  dev: labelled('dev.tsv', columns, text, pair, label),
  test: unlabelled('test.tsv', testColumns, text, pair),
})

const mrpcTexts = ['#1 ID', '#2 ID', '#1 String', '#2 String']
const stsbTexts = [
  ...['index', 'genre', 'filename', 'year', 'old_index', 'source1', 'source2'],
  ...['sentence1', 'sentence2'],
]
const pairTexts = ['index', 'sentence1', 'sentence2']
const mnliTexts = [
  ...['index', 'promptID', 'pairID', 'genre', 'sentence1_binary_parse', 'sentence2_binary_parse'],
  ...['sentence1_parse', 'sentence2_parse', 'sentence1', 'sentence2'],
]
const mnliVotes = ['label1', 'label2', 'label3', 'label4', 'label5']

/** MNLI with one of its two development sets; both share the training set. */
const mnli = (name: 'mnli' | 'mnli-mm', which: 'matched' | 'mismatched'): Task => {
  const labels = ['entailment', 'neutral', 'contradiction']
  return {
    name,
    target: classes(...labels),
    metrics: ['accuracy'],
    folder: 'MNLI',
    tsv: {
      train: labelled('train.tsv', [...mnliTexts, 'label1', 'gold_label'], 'sentence1', 'sentence2', 'gold_label'),
      dev: labelled(
        `dev_${which}.tsv`,
        [...mnliTexts, ...mnliVotes, 'gold_label'],
        'sentence1',
        'sentence2',
        'gold_label',
      ),
      test: unlabelled(`test_${which}.tsv`, mnliTexts, 'sentence1', 'sentence2'),
    },
    tsvLabels: labels,
    parquet: hugging('mnli', 'premise', 'hypothesis', `_${which}`),
  }
}

const colaColumns = ['source', 'label', 'star', 'sentence']

/** Every task by its name. `mnli` is scored on the matched, `mnli-mm` on the mismatched development set. */
export const tasks: Readonly<Record<TaskName, Task>> = {
  cola: {
    name: 'cola',
    target: classes('unacceptable', 'acceptable'),
    metrics: ['matthews'],
    folder: 'CoLA',
    tsv: {
      train: { ...labelled('train.tsv', colaColumns, 'sentence', null, 'label'), header: false },
      dev: { ...labelled('dev.tsv', colaColumns, 'sentence', null, 'label'), header: false },
      test: unlabelled('test.tsv', ['index', 'sentence'], 'sentence', null),
    },
    tsvLabels: digits,
    parquet: hugging('cola', 'sentence', null),
  },
  sst2: {
    name: 'sst2',
    target: classes('negative', 'positive'),
    metrics: ['accuracy'],
    folder: 'SST-2',
    tsv: plainTsv(['sentence', 'label'], ['index', 'sentence'], 'sentence', null, 'label'),
    tsvLabels: digits,
    parquet: hugging('sst2', 'sentence', null),
  },
  mrpc: {
    name: 'mrpc',
    target: classes('not_equivalent', 'equivalent'),
    metrics: ['accuracy', 'f1'],
    folder: 'MRPC',
    tsv: plainTsv(['Quality', ...mrpcTexts], ['index', ...mrpcTexts], '#1 String', '#2 String', 'Quality'),
    tsvLabels: digits,
    parquet: hugging('mrpc', 'sentence1', 'sentence2'),
  },
  stsb: {
    name: 'stsb',
    target: { kind: 'regression', minimum: 0, maximum: 5 },
    metrics: ['pearson', 'spearman'],
    folder: 'STS-B',
    tsv: plainTsv([...stsbTexts, 'score'], stsbTexts, 'sentence1', 'sentence2', 'score'),
    tsvLabels: [],
    parquet: hugging('stsb', 'sentence1', 'sentence2'),
  },
  qqp: {
    name: 'qqp',
    target: classes('not_duplicate', 'duplicate'),
    metrics: ['accuracy', 'f1'],
    folder: 'QQP',
    tsv: plainTsv(
      ['id', 'qid1', 'qid2', 'question1', 'question2', 'is_duplicate'],
      ['id', 'question1', 'question2'],
      'question1',
      'question2',
      'is_duplicate',
    ),
    tsvLabels: digits,
    parquet: hugging('qqp', 'question1', 'question2'),
  },
  mnli: mnli('mnli', 'matched'),
  'mnli-mm': mnli('mnli-mm', 'mismatched'),
  qnli: {
    name: 'qnli',
    target: classes('entailment', 'not_entailment'),
    metrics: ['accuracy'],
    folder: 'QNLI',
    tsv: plainTsv(
      ['index', 'question', 'sentence', 'label'],
      ['index', 'question', 'sentence'],
      'question',
      'sentence',
      'label',
    ),
    tsvLabels: ['entailment', 'not_entailment'],
    parquet: hugging('qnli', 'question', 'sentence'),
  },
  rte: {
    name: 'rte',
    target: classes('entailment', 'not_entailment'),
    metrics: ['accuracy'],
    folder: 'RTE',
    tsv: plainTsv([...pairTexts, 'label'], pairTexts, 'sentence1', 'sentence2', 'label'),
    tsvLabels: ['entailment', 'not_entailment'],
    parquet: hugging('rte', 'sentence1', 'sentence2'),
  },
  wnli: {
    name: 'wnli',
    target: classes('not_entailment', 'entailment'),
    metrics: ['accuracy'],
    folder: 'WNLI',
    tsv: plainTsv([...pairTexts, 'label'], pairTexts, 'sentence1', 'sentence2', 'label'),
    tsvLabels: digits,
    parquet: hugging('wnli', 'sentence1', 'sentence2'),
  },
}

/** Outputs a classifier for this task has: the number of classes, or 1 for a score. */
export const outputs = (task: Task): number => (task.target.kind === 'classification' ? task.target.labels.length : 1)

const isTaskName = (name: string): name is TaskName => taskNames.some(known => known === name)

/** Other spellings, lower case without punctuation; they are suggested, never accepted. */
const spellings: ReadonlyMap<string, TaskName> = new Map([
  ...taskNames.map((name): [string, TaskName] => [name.replace(/[^a-z0-9]/g, ''), name]),
  ['sst', 'sst2'],
  ['sts', 'stsb'],
  ['stsbenchmark', 'stsb'],
  ['mnlim', 'mnli'],
  ['mnlimatched', 'mnli'],
  ['mnlimismatched', 'mnli-mm'],
])

/** The task somebody meant by another spelling of its name ("STS-B", "mnli_matched"); null if none is known. */
export const suggestTask = (name: string): TaskName | null =>
  spellings.get(name.toLowerCase().replace(/[^a-z0-9]/g, '')) ?? null

/** The task of exactly this name. `file` and `place` say where the name was written. */
export const findTask = (name: string, file: string, place: string): Either<Problem, Task> => {
  if (isTaskName(name)) return right(tasks[name])
  const meant = suggestTask(name)
  const expected = `a task (${taskNames.join(', ')})`
  const hint = meant === null ? '' : ` (did you mean ${JSON.stringify(meant)}?)`
  return left(problem(file, place, expected, `${JSON.stringify(name)}${hint}`))
}
