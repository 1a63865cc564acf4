import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { decodeRequest } from '../../src/pipelines/predict.js'

const decode = (text: string) => decodeRequest('in', { number: 7, text })

describe('a line to predict', () => {
  test.prop([fc.string({ unit: 'binary' }), fc.option(fc.string({ unit: 'binary' }))])(
    'gives back any text and pair as JSON writes them',
    (text, pair) => {
      expect(decode(JSON.stringify({ text, pair }))).toEqual({ text, pair })
    },
  )

  test.each(['label', 'id', 'part', 'path', 'pair_id', 'test', 'texts', '__proto__', 'p'.repeat(1_000_000)])(
    'may have another key: %.20s',
    key => {
      expect(decode(`{"text": "a", "${key}": 1}`)).toEqual({ text: 'a', pair: null })
    },
  )

  test.each(['Pair', 'PAIR', 'piar', 'par', 'pairs', 'oair'])('%s is no other key, unless pair is there too', key => {
    expect(() => decode(`{"text": "a", "${key}": "b"}`)).toThrow(
      `in: line 7: ${key}: expected a JSON object {"text", "pair"?} (did you mean "pair"?), found the key "${key}"`,
    )
    expect(decode(`{"text": "a", "${key}": "b", "pair": null}`)).toEqual({ text: 'a', pair: null })
  })

  test.each([
    ...['text_pair', 'textPair', 'sentence', 'sentence1', 'sentence2', 'question1', 'question2', 'premise'],
    ...['hypothesis', 'question', 'Sentence2'],
  ])('%s is what others call a text', key => {
    for (const texts of ['"text": "a", ', '"text": "a", "pair": "b", ', ''])
      expect(() => decode(`{${texts}"${key}": "c"}`)).toThrow(
        `in: line 7: ${key}: expected the text as "text" and a second one as "pair", found the key "${key}"`,
      )
  })

  test.each([
    ['', 'in: line 7, column 1: expected a JSON value, found the end of the line'],
    ['{"text": "a', 'in: line 7, column 10: expected a string with a closing quote, found the end of the line'],
    ['{"text": "a"} x', 'in: line 7, column 15: expected nothing after the value, found "x"'],
    ['null', 'in: line 7: expected a JSON object {"text", "pair"?}, found null'],
    ['{}', 'in: line 7: text: expected a string, found nothing'],
    ['{"text": null}', 'in: line 7: text: expected a string, found null'],
    ['{"text": "a", "pair": ["b"]}', 'in: line 7: pair: expected a string or null, found ["b"]'],
    [
      '{"text": "a", "pair\\n": "b"}',
      'in: line 7: ["pair\\n"]: expected a JSON object {"text", "pair"?} (did you mean "pair"?), found the key "pair\\n"',
    ],
    ['{"text": "a", "n": {"k": 1, "k": 2}}', 'in: line 7, column 29: expected each key once, found the key "k" again'],
  ])('%s is refused', (text, message) => {
    expect(() => decode(text)).toThrow(message)
  })
})
