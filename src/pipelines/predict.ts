/**
 * Lines of JSON in, lines of JSON out, in order and streaming: {"text", "pair"?} -> {"ids", "logits"}.
 * Other keys of a line are passed over, unless they look like one of these or are what another tool calls a text; outputs
 * come in the checkpoint's own order.
 */
import { isLeft } from 'fp-ts/lib/Either.js'
import type { Observable } from 'rxjs'
import { isJsonObject, type Json } from '../domain/experiment/config.js'
import { fail } from '../domain/problem.js'
import { distance } from '../domain/spelling.js'
import type { Engine } from '../engines/engine.js'
import { jsonPath, shown } from '../io/decoding.js'
import { parseJson } from '../io/json.js'
import type { Arrival, Line } from '../io/lines.js'
import { batchOf, groups } from './batches.js'
import type { Model } from './openTask.js'
import { pull } from './pull.js'

interface Request {
  readonly text: string
  readonly pair: string | null
}

const expectedLine = 'a JSON object {"text", "pair"?}'

/** A key that somebody wrote for `word`: one slip of the fingers away from it, letter case aside. */
const slipOf = (word: string, keys: readonly string[]): string | undefined =>
  keys.find(key => Math.abs(key.length - word.length) <= 1 && distance(key.toLowerCase(), word) <= 1)

/** What data sets and other tools call a text, in lower case: passed over, it would be a text that nobody looks at. */
const foreignNames: ReadonlySet<string> = new Set([
  ...['text_pair', 'textpair', 'sentence', 'sentence1', 'sentence2', 'question', 'question1', 'question2'],
  ...['premise', 'hypothesis'],
])

/** Decodes one line of input. @throws Failure naming the line and what is wrong with it. */
export const decodeRequest = (file: string, line: Line): Request => {
  const place = `line ${line.number}`
  const parsed = parseJson(line.text, 'line')
  if (isLeft(parsed)) {
    const [{ column, expected, found }] = parsed.left
    return fail(file, `${place}, column ${column}`, expected, found)
  }
  const value = parsed.right
  if (!isJsonObject(value)) return fail(file, place, expectedLine, shown(value))
  const keys = Object.keys(value)
  const foreign = keys.find(key => foreignNames.has(key.toLowerCase()))
  if (foreign !== undefined)
    fail(
      file,
      `${place}: ${jsonPath([foreign])}`,
      'the text as "text" and a second one as "pair"',
      `the key ${shown(foreign)}`,
    )
  const given = (word: 'text' | 'pair'): Json | undefined => {
    if (Object.hasOwn(value, word)) return value[word]
    const slip = slipOf(word, keys)
    if (slip === undefined) return undefined
    return fail(
      file,
      `${place}: ${jsonPath([slip])}`,
      `${expectedLine} (did you mean "${word}"?)`,
      `the key ${shown(slip)}`,
    )
  }
  const text = given('text')
  if (typeof text !== 'string') return fail(file, `${place}: text`, 'a string', shown(text))
  const pair = given('pair') ?? null
  if (pair !== null && typeof pair !== 'string') return fail(file, `${place}: pair`, 'a string or null', shown(pair))
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
