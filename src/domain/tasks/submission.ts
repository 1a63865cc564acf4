/**
 * Files that the GLUE leaderboard takes: a row for each example of a task's test split, `index` and `prediction`.
 * Not modelled: the archive they are sent in, and what its server does with them.
 * Sources: the leaderboard's FAQ and sample submission (names of files, header, label words, AX predicted by an MNLI model);
 * sizes are those of the official test splits.
 */
import { taskNames, tasks, type Task, type TaskName } from './task.js'

export const submissionNames = [...taskNames, 'ax'] as const
export type SubmissionName = (typeof submissionNames)[number]

export interface Submission {
  readonly name: SubmissionName
  readonly file: string
  /** What is read: the test split of this task. */
  readonly task: Task
  /** Whose models predict it, by their names in a config. */
  readonly models: readonly TaskName[]
  /** Rows of the official test split. */
  readonly examples: number
}

/** The diagnostic set: MNLI's classes, a test split only, in a folder of its own. */
const diagnostic: Task = {
  ...tasks.mnli,
  folder: 'diagnostic',
  tsv: {
    ...tasks.mnli.tsv,
    test: { ...tasks.mnli.tsv.test, file: 'diagnostic.tsv', columns: ['index', 'sentence1', 'sentence2'] },
  },
  parquet: { ...tasks.mnli.parquet, config: 'ax', splits: { ...tasks.mnli.parquet.splits, test: 'test' } },
}

const files: Readonly<Record<SubmissionName, readonly [file: string, examples: number]>> = {
  cola: ['CoLA.tsv', 1063],
  sst2: ['SST-2.tsv', 1821],
  mrpc: ['MRPC.tsv', 1725],
  stsb: ['STS-B.tsv', 1379],
  qqp: ['QQP.tsv', 390_965],
  mnli: ['MNLI-m.tsv', 9796],
  'mnli-mm': ['MNLI-mm.tsv', 9847],
  qnli: ['QNLI.tsv', 5463],
  rte: ['RTE.tsv', 3000],
  wnli: ['WNLI.tsv', 146],
  ax: ['AX.tsv', 1104],
}

/** Both halves of MNLI and the diagnostic set are predicted by one model. */
const modelsOf = (name: SubmissionName): readonly TaskName[] => {
  if (name === 'ax') return ['mnli', 'mnli-mm']
  if (name === 'mnli') return ['mnli', 'mnli-mm']
  return name === 'mnli-mm' ? ['mnli-mm', 'mnli'] : [name]
}

export const submissionOf = (name: SubmissionName): Submission => {
  const [file, examples] = files[name]
  return { ...{ name, file, examples }, task: name === 'ax' ? diagnostic : tasks[name], models: modelsOf(name) }
}

export const submissionHeader = 'index\tprediction\n'

/**
 * One line of the file: a class as the task's TSVs write it, a score with three decimals within the task's bounds.
 * @param prediction class or score; null is returned if it is none (NaN)
 */
export const submissionLine = ({ target, tsvLabels }: Task, index: number, prediction: number): string | null => {
  if (Number.isNaN(prediction)) return null
  if (target.kind === 'classification') return `${index}\t${tsvLabels[prediction] ?? ''}\n`
  const score = Math.min(target.maximum, Math.max(target.minimum, prediction))
  return `${index}\t${score.toFixed(3)}\n`
}
