/**
 * Lines of JSON in, lines of JSON out, in order and streaming: {"text", "pair"?} -> {"ids", "logits"}.
 * Other keys of a line are passed over; the model's outputs come in the checkpoint's own order.
 */
import type { Observable } from 'rxjs'
import { fail } from '../domain/problem.js'
import type { Engine } from '../engines/engine.js'
import type { Arrival, Line } from '../io/lines.js'
import { batchOf, groups } from './batches.js'
import type { Model } from './openTask.js'
import { pull } from './pull.js'

interface Request {
  readonly text: string
  readonly pair: string | null
}

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'an array' : value === undefined ? 'nothing' : `a ${typeof value}`

/** Decodes one line of input. @throws Failure naming the line and what is wrong with it. */
export const decodeRequest = (file: string, line: Line): Request => {
  const place = `line ${line.number}`
  let value: unknown
  try {
    value = JSON.parse(line.text)
  } catch (error) {
    return fail(file, place, 'a JSON object {"text", "pair"?}', error instanceof Error ? error.message : String(error))
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fail(file, place, 'a JSON object {"text", "pair"?}', kindOf(value))
  const { text, pair = null } = value as { readonly text?: unknown; readonly pair?: unknown } // as: each key is checked below
  if (typeof text !== 'string') return fail(file, `${place}: text`, 'a string', kindOf(text))
  if (pair !== null && typeof pair !== 'string') return fail(file, `${place}: pair`, 'a string or null', kindOf(pair))
  return { text, pair }
}

export interface PredictOptions {
  /** Also give the first token's hidden state after the embeddings and after each layer. */
  readonly hiddenStates: boolean
}

const requests = async function* (file: string, arrivals: AsyncIterable<Arrival>, model: Model) {
  for await (const lines of arrivals) {
    const sequences = async function* () {
      for (const line of lines) {
        if (line.text.trim() === '') continue
        const { text, pair } = decodeRequest(file, line)
        yield await Promise.resolve({
          ids: model.tokenizer.encode(text, pair, model.maxTokens),
          example: line.number - 1,
        })
      }
    }
    yield* groups(sequences(), s => s.ids.length)
  }
}

/**
 * One line of output per line of input.
 * @param commit takes the lines of each batch before more input is read
 */
export const predict = (
  file: string,
  arrivals: AsyncIterable<Arrival>,
  model: Model,
  engine: Engine,
  options: PredictOptions,
  commit: (lines: readonly string[]) => Promise<void>,
): Observable<readonly string[]> =>
  pull(requests(file, arrivals, model), {
    inFlight: engine.inFlight,
    work: async sequences => {
      const { logits, firstTokens } = await engine.run(batchOf(sequences), { firstTokens: options.hiddenStates })
      const { labels } = engine
      return sequences.map(({ ids }, i) =>
        JSON.stringify({
          ids: Array.from(ids),
          logits: Array.from(logits.subarray(i * labels, (i + 1) * labels)),
          ...(options.hiddenStates
            ? {
                first_token_hidden_states: firstTokens.map(hidden => {
                  const width = hidden.length / sequences.length
                  return Array.from(hidden.subarray(i * width, (i + 1) * width))
                }),
              }
            : {}),
        }),
      )
    },
    commit,
  })
