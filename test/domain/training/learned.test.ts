import { isRight } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { describe as message } from '../../../src/domain/problem.js'
import { unlearned } from '../../../src/domain/training/learned.js'
import { decodeConfig } from '../../../src/io/config/config.js'

const absMax = { rule: 'abs-max' }
const learned = { rule: 'learned' }

const refusal = (train: object, columnRange: object, inputRange: object): string | null => {
  const config = decodeConfig('c.json', '/', {
    ...{ schema: 1, name: 'c', seed: 1, tasks: [{ task: 'cola', checkpoint: 'm', data: 'd' }], train },
    methods: [
      { name: 'digital', execution: 'digital' },
      { name: 'm', columnRange, inputRange },
    ],
  })
  if (!isRight(config) || config.right.train === null) throw new Error('no training')
  const found = unlearned('c.json', config.right, config.right.train)
  return found === null ? null : message(found)
}

describe('a method that asks for learned ranges', () => {
  const hint = 'another than "learned" (method "m"), or "learn" in "train": this training learns no ranges'

  test.each([{ preset: 'plain' }, { preset: 'fast' }, { preset: 'fast', learn: [] }])('is refused under %j', train => {
    expect(refusal(train, absMax, absMax)).toBeNull()
    expect(refusal(train, learned, absMax)).toBe(
      `c.json: methods.1.columnRange.rule: expected ${hint}, found "learned"`,
    )
    expect(refusal(train, absMax, learned)).toBe(`c.json: methods.1.inputRange.rule: expected ${hint}, found "learned"`)
    expect(refusal(train, { rule: 'optimal', start: 'learned' }, absMax)).toBe(
      `c.json: methods.1.columnRange.start: expected ${hint}, found "learned", which the rule "optimal" starts from`,
    )
  })

  test('is taken where training leaves ranges of that kind', () => {
    const both = ['input ranges', 'column ranges']
    expect(refusal({ preset: 'fast', learn: both }, learned, learned)).toBeNull()
    expect(refusal({ preset: 'plain', quantise: true, learn: ['input ranges'] }, absMax, learned)).toBeNull()
    expect(refusal({ preset: 'plain', learn: ['column ranges'] }, learned, absMax)).toBeNull()
    // Those that inputs are converted with lie beside the model too, as they were set.
    expect(refusal({ preset: 'fast', learn: ['column ranges'] }, learned, learned)).toBeNull()
  })

  test.each<[object, 'columnRange' | 'inputRange', string]>([
    [
      { preset: 'fast', learn: ['input ranges'] },
      'columnRange',
      '"column ranges" among "learn" in "train": this training learns input ranges only',
    ],
    [
      { preset: 'plain', learn: ['column ranges'] },
      'inputRange',
      '"input ranges" among "learn" in "train": this training learns column ranges only',
    ],
    [
      { preset: 'plain', learn: ['input ranges'] },
      'inputRange',
      '"quantise" or "outputNoise" in "train": this training has neither converters nor noise at layers, so it learns no input ranges',
    ],
  ])('under %j is refused for its %s, by the method and what is learned', (train, key, wanted) => {
    const [column, input] = key === 'columnRange' ? [learned, absMax] : [absMax, learned]
    expect(refusal(train, column, input)).toBe(
      `c.json: methods.1.${key}.rule: expected another than "learned" (method "m"), or ${wanted}, found "learned"`,
    )
  })
})
