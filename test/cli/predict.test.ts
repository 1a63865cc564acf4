import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository, shared } from '../shared.js'
import { ohmflow, temporaryFolder } from './ohmflow.js'

interface Reference {
  readonly text: string
  readonly pair: string | null
  readonly ids: readonly number[]
  readonly logits: readonly number[]
  readonly first_token_hidden_states?: readonly (readonly number[])[]
}

const jsonLines = (text: string): readonly Reference[] =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Reference)

const tokenizer = (): string => shared('data/roberta-base-tokenizer')
const reference = (name: string): string => shared('data/reference', name)

const predict = (checkpoint: string, input: string, ...more: readonly string[]) =>
  ohmflow(['predict', '--checkpoint', checkpoint, '--tokenizer', tokenizer(), ...more], { input })

const farthest = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? NaN))), 0)

describe('ohmflow predict', () => {
  test.each(['tiny-roberta', 'tiny-roberta-3-labels-f16', 'tiny-roberta-regression-bf16-sharded'])(
    'gives the ids, logits and hidden states of PyTorch on %s',
    async name => {
      const input = readFileSync(join(reference(name), 'logits.jsonl'), 'utf8')
      const ended = await predict(reference(name), input, '--hidden-states')
      expect(ended.stderr).toBe('')
      expect(ended.code).toBe(0)
      const expected = jsonLines(input)
      const found = jsonLines(ended.stdout)
      expect(found.map(f => f.ids)).toEqual(expected.map(e => e.ids))
      expected.forEach((e, i) => {
        expect(farthest(e.logits, found[i]?.logits ?? [])).toBeLessThanOrEqual(1e-5)
        e.first_token_hidden_states?.forEach((hidden, depth) => {
          expect(farthest(hidden, found[i]?.first_token_hidden_states?.[depth] ?? [])).toBeLessThanOrEqual(1e-5)
        })
      })
    },
  )

  test('gives identical bits from pytorch_model.bin and model.safetensors', async () => {
    const pickled = join(temporaryFolder(), 'pickled')
    mkdirSync(pickled)
    for (const file of ['config.json', 'pytorch_model.bin'])
      copyFileSync(join(reference('tiny-roberta'), file), join(pickled, file))
    const input = readFileSync(join(reference('tiny-roberta'), 'logits.jsonl'), 'utf8')
    const fromPickle = await predict(pickled, input)
    expect(fromPickle.code).toBe(0)
    expect(fromPickle.stdout).toBe((await predict(reference('tiny-roberta'), input)).stdout)
  })

  test('refuses a masked-language-model checkpoint', async () => {
    const ended = await predict(reference('tiny-roberta-no-classifier'), '{"text": "a"}\n')
    expect(ended.code).toBe(2)
    expect(ended.stdout).toBe('')
    expect(ended.stderr).toMatch(/classifier/)
    expect(ended.stderr).toMatch(/lm_head/)
  })

  test('the kernels of every kind give the same bytes', async () => {
    const lines = readFileSync(join(reference('tiny-roberta'), 'logits.jsonl'), 'utf8')
      .split('\n')
      .slice(0, 12)
    const outputs = await Promise.all(
      ['reference', 'wasm', ''].map(kind =>
        ohmflow(['predict', '--checkpoint', reference('tiny-roberta'), '--tokenizer', tokenizer()], {
          input: lines.join('\n'),
          env: { OHMFLOW_KERNELS: kind },
        }),
      ),
    )
    expect(outputs.map(o => o.code)).toEqual([0, 0, 0])
    expect(new Set(outputs.map(o => o.stdout)).size).toBe(1)
  })

  const mini = join(repository, 'data/models/cola')
  const own = (input: string | Uint8Array) => ohmflow(['predict', '--checkpoint', mini], { input })

  test.each<[string, string | Uint8Array, RegExp]>([
    [
      'a line that is not JSON',
      '{"text": "a"}\n{"text": \n',
      /stdin: line 2, column 10: expected a JSON value, found the end of the line\n/,
    ],
    [
      'a key written twice',
      '{"text": "a", "text": "b"}',
      /stdin: line 1, column 15: expected each key once, found the key "text" again\n/,
    ],
    ['a line without text', '{"words": "a"}', /stdin: line 1: text: expected a string, found nothing\n/],
    [
      'a misspelt text',
      '{"txt": "a"}',
      /stdin: line 1: txt: expected .*\(did you mean "text"\?\), found the key "txt"\n/,
    ],
    ['a misspelt pair', '{"text": "a", "piar": "b"}', /stdin: line 1: piar: expected .*\(did you mean "pair"\?\)/],
    [
      'a pair that is a number',
      '{"text": "a", "pair": 3}',
      /stdin: line 1: pair: expected a string or null, found 3\n/,
    ],
    ['an array', '[1]', /stdin: line 1: expected a JSON object .*, found \[1\]\n/],
    ['invalid UTF-8', Buffer.from('{"text": "a\xff"}\n', 'latin1'), /stdin: line 1: expected UTF-8/],
  ])('refuses %s by its line', async (_, input, message) => {
    const ended = await own(input)
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(message)
  })

  test('answers what came before a bad line', async () => {
    const ended = await own('{"text": "the cat sleeps"}\nnonsense\n')
    expect(ended.code).toBe(2)
    expect(jsonLines(ended.stdout)).toHaveLength(1)
  })

  test('takes no input, blank lines and a last line without its end', async () => {
    expect(await own('')).toMatchObject({ code: 0, stdout: '' })
    const ended = await own('\n{"text": ""}\n\n{"text": "x"}')
    expect(ended.code).toBe(0)
    expect(jsonLines(ended.stdout)).toHaveLength(2)
  })

  test('ends quietly when its reader leaves', async () => {
    const input = '{"text": "the cat sleeps"}\n'.repeat(20_000)
    const ended = await ohmflow(['predict', '--checkpoint', mini], {
      input,
      shell: '"$@" | head -n 1; exit ${PIPESTATUS[0]}',
    })
    expect(ended.stdout.split('\n')).toHaveLength(2)
    expect(ended).toMatchObject({ code: 0, stderr: '' })
  })

  test('Ctrl-C ends it while its input is open and silent', async () => {
    const ended = await ohmflow(['predict', '--checkpoint', mini], {
      shell:
        'coproc "$@"; child=$COPROC_PID; echo \'{"text": "one"}\' >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; kill -INT "$child"; wait "$child"; exit $?',
    })
    expect(ended.code).toBe(130)
    expect(ended.stderr).toMatch(/^interrupted$/m)
  })

  test('answers a line before the next is typed', async () => {
    const ended = await ohmflow(['predict', '--checkpoint', mini], {
      shell:
        'coproc "$@"; echo \'{"text": "one"}\' >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"; kill "$COPROC_PID"',
    })
    expect(jsonLines(ended.stdout)).toHaveLength(1)
  })
})
