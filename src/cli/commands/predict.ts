/** `ohmflow predict`: JSON lines in, JSON lines out, in order, streaming. */
import { command, flag, option, optional, string } from 'cmd-ts'
import { orThrow } from '../../io/fault.js'
import { arrivals } from '../../io/lines.js'
import { openDigital } from '../../pipelines/digital.js'
import { toEnd } from '../../pipelines/interruption.js'
import { openModel } from '../../pipelines/openTask.js'
import { predict as predictions } from '../../pipelines/predict.js'
import { workersOption } from '../arguments.js'
import { done } from '../exit.js'
import { interruptSignal } from '../signal.js'
import { print } from '../terminal.js'

export const predict = command({
  name: 'predict',
  description: 'Logits for texts: JSON lines {"text", "pair"?} on stdin, JSON lines {"ids", "logits"} on stdout',
  examples: [
    {
      description: 'One sentence',
      command: `echo '{"text": "a charming and affecting journey"}' | ohmflow predict --checkpoint models/sst2`,
    },
    {
      description: 'A file of pairs',
      command: 'ohmflow predict --checkpoint models/mrpc < pairs.jsonl > logits.jsonl',
    },
  ],
  args: {
    checkpoint: option({
      type: string,
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
  },
  handler: async ({ checkpoint, tokenizer, workers, hiddenStates }): Promise<number> => {
    const signal = interruptSignal()
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
