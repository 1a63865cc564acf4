/**
 * How a tokenizer.json puts special tokens around texts: `<s> a </s>` and `<s> a </s></s> b </s>`, the only forms read.
 * Not modelled: other templates and token types other than 0; they are refused.
 */
import * as E from 'fp-ts/lib/Either.js'
import { problem, type Problem } from '../../domain/problem.js'
import type { PostProcessor, TemplateProcessing } from './codec.js'
import { jsonPath, shown } from '../decoding.js'

/** The special tokens by name, with the id that the file gives them. */
export interface Template {
  readonly start: readonly [token: string, id: number]
  readonly separator: readonly [token: string, id: number]
}

/** One element of a template in short: `A`, `B`, or `<s>` of a special token; the element itself if it is neither. */
const part = (element: Readonly<Record<string, unknown>>): string => {
  const [entry, ...others] = Object.entries(element)
  if (entry === undefined || others.length > 0) return shown(element)
  const [kind, value] = entry
  if (typeof value !== 'object' || value === null || !('id' in value) || typeof value.id !== 'string')
    return shown(element)
  const plain = 'type_id' in value && value.type_id === 0 && (kind === 'Sequence' || kind === 'SpecialToken')
  return plain ? value.id : shown(element)
}

const ofTemplateProcessing = (file: string, processor: TemplateProcessing): E.Either<Problem, Template> => {
  const single = processor.single.map(part)
  const pair = processor.pair.map(part)
  const [start = '', , separator = ''] = single
  const expectedSingle = [start, 'A', separator].join(' ')
  if (single.join(' ') !== expectedSingle)
    return E.left(problem(file, 'post_processor.single', '<s> A </s> with type ids 0', single.join(' ')))
  const expectedPair = [start, 'A', separator, separator, 'B', separator].join(' ')
  if (pair.join(' ') !== expectedPair)
    return E.left(problem(file, 'post_processor.pair', `${expectedPair} with type ids 0`, pair.join(' ')))
  const idOf = (token: string): E.Either<Problem, number> => {
    const ids = processor.special_tokens[token]?.ids ?? []
    const [id] = ids
    return id === undefined || ids.length > 1
      ? E.left(problem(file, jsonPath(['post_processor', 'special_tokens', token]), 'one id', shown(ids)))
      : E.right(id)
  }
  const startId = idOf(start)
  if (E.isLeft(startId)) return startId
  const separatorId = idOf(separator)
  if (E.isLeft(separatorId)) return separatorId
  return E.right({ start: [start, startId.right], separator: [separator, separatorId.right] })
}

export const templateOf = (file: string, processor: PostProcessor): E.Either<Problem, Template> =>
  processor.type === 'RobertaProcessing'
    ? E.right({ start: processor.cls, separator: processor.sep })
    : ofTemplateProcessing(file, processor)
