/** `ohmflow predict`: JSON lines in, JSON lines out, in order, streaming. */
import { command, flag, option, optional, string } from 'cmd-ts'
import { fail } from '../../domain/problem.js'
import { submissionNames } from '../../domain/tasks/submission.js'
import { splits } from '../../domain/tasks/task.js'
import { orThrow } from '../../io/fault.js'
import { arrivals } from '../../io/lines.js'
import { openDigital } from '../../pipelines/digital.js'
import { toEnd } from '../../pipelines/interruption.js'
import { openModel } from '../../pipelines/openTask.js'
import { predict as predictions } from '../../pipelines/predict.js'
import { countArgument, timeArgument, wordArgument, workersOption } from '../arguments.js'
import { done } from '../exit.js'
import { interruptSignal } from '../signal.js'
import { submit } from '../submission.js'
import { print } from '../terminal.js'

/** Of a leaderboard file. */
const submissionArguments = {
  submission: flag({ long: 'submission', description: "write the leaderboard's file of a GLUE test split into --out" }),
  task: option({
    type: optional(wordArgument(submissionNames)('TASK')),
    long: 'task',
    description: `the task submitted: ${submissionNames.join(', ')}`,
  }),
  split: option({ type: optional(wordArgument(splits)('SPLIT')), long: 'split', description: 'test' }),
  data: option({
    type: optional(string),
    long: 'data',
    description: "folder of the task's data (default: the config's)",
  }),
  config: option({ type: optional(string), long: 'config', description: 'take model and chip from this experiment' }),
  method: option({ type: optional(string), long: 'method', description: 'which of its methods' }),
  chip: option({ type: optional(countArgument('N')), long: 'chip', description: 'which of its chips (default: 0)' }),
  read: option({ type: optional(countArgument('N')), long: 'read', description: 'which of its reads (default: 0)' }),
  time: option({
    type: optional(timeArgument('TIME')),
    long: 'time',
    description: 'after programming (default: that of the config, if it has one)',
  }),
  out: option({ type: optional(string), long: 'out', description: 'folder for the file (default: the current one)' }),
}

export const predict = command({
  name: 'predict',
  description:
    'Logits for texts: JSON lines {"text", "pair"?} on stdin, JSON lines {"ids", "logits"} on stdout; or, with --submission, the file of a GLUE test split for the leaderboard',
  examples: [
    {
      description: 'One sentence',
      command: `echo '{"text": "a charming and affecting journey"}' | ohmflow predict --checkpoint models/sst2`,
    },
    {
      description: 'A file of pairs',
      command: 'ohmflow predict --checkpoint models/mrpc < pairs.jsonl > logits.jsonl',
    },
    {
      description: 'submission/SST-2.tsv for the GLUE leaderboard',
      command:
        'ohmflow predict --task sst2 --split test --submission --checkpoint models/sst2 --data glue/SST-2 --out submission',
    },
    {
      description: "The same on a config's chip, an hour after programming",
      command:
        'ohmflow predict --task sst2 --split test --submission --config sst2.json --method optimal --time "1 h" --out submission',
    },
  ],
  args: {
    checkpoint: option({
      type: optional(string),
      long: 'checkpoint',
      description: 'folder of a Hugging Face RoBERTa checkpoint',
    }),
    tokenizer: option({
      type: optional(string),
      long: 'tokenizer',
      description: "folder of the tokeniser (default: the checkpoint's)",
    }),
    workers: workersOption,
    hiddenStates: flag({
      long: 'hidden-states',
      description: "also the first token's hidden state after the embeddings and after each layer",
    }),
    ...submissionArguments,
  },
  handler: async ({ submission, split, hiddenStates, out, ...given }): Promise<number> => {
    const signal = interruptSignal()
    if (submission) {
      if (hiddenStates) fail('command line', '--hidden-states', 'none with --submission', 'both')
      if (split !== 'test')
        fail('command line', '--split', 'test, whose labels only the leaderboard has', split ?? 'none')
      await submit({ ...given, out: out ?? '.' }, signal)
      return done
    }
    const { checkpoint, tokenizer, workers, ...others } = given
    for (const [key, value] of Object.entries({ ...others, split, out }))
      if (value !== undefined) fail('command line', `--${key}`, '--submission beside it', 'none')
    if (checkpoint === undefined) return fail('command line', '--checkpoint', 'a folder of a checkpoint', 'none')
    const model = await orThrow(openModel(checkpoint, tokenizer ?? null))
    const engine = await openDigital(model.checkpoint, { workers: workers ?? null })
    try {
      await toEnd(
        predictions('stdin', arrivals('stdin', process.stdin), model, engine, { hiddenStates }, lines =>
          print(lines.map(line => `${line}\n`).join('')),
        ),
        signal,
      )
    } finally {
      process.stdin.destroy() // else a silent one keeps the process alive
      await engine.close()
    }
    return done
  },
})
