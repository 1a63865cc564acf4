import { describe, expect, it } from 'vitest'
import { decodeConfig } from '../../../src/io/checkpoint/config.js'
import { architecture, config } from './miniature.js'

const decoded = (changes: object) => decodeConfig('config.json', { ...config, ...changes })
const without = (key: string): object => Object.fromEntries(Object.entries(config).filter(([name]) => name !== key))

describe('config.json', () => {
  it('gives the architecture; unknown keys are fine', () => {
    expect(decoded({ hidden_dropout_prob: 0.1, whatever: [] }).architecture).toEqual(architecture)
  })

  it('has two labels where the file names none', () => {
    expect(decoded({}).labelNames).toEqual(['LABEL_0', 'LABEL_1'])
  })

  it('puts label names in order of class, also beyond ten', () => {
    const names = Array.from({ length: 12 }, (_, i) => `name ${i}`)
    const id2label = Object.fromEntries([...names.entries()].reverse())
    const { labelNames, architecture: shape } = decoded({ id2label })
    expect(labelNames).toEqual(names)
    expect(shape.labels).toBe(12)
  })

  it('takes one label for regression, with and without a problem type', () => {
    for (const changes of [{ num_labels: 1 }, { id2label: { 0: 'score' }, problem_type: 'regression' }]) {
      const { labelNames, architecture: shape } = decoded(changes)
      expect(labelNames).toEqual([])
      expect(shape.labels).toBe(1)
    }
  })

  it('takes an absent position scheme for absolute, and keys that say nothing', () => {
    expect(decodeConfig('config.json', without('position_embedding_type')).architecture).toEqual(architecture)
    const silent = { pruned_heads: {}, is_decoder: false, id2label: null, problem_type: null }
    expect(decoded(silent).architecture).toEqual(architecture)
  })

  it.each<[object, string]>([
    [{ model_type: 'bert' }, 'config.json: model_type: expected "roberta", found "bert"'],
    [{ hidden_act: 'gelu_new' }, 'hidden_act: expected "gelu" (exact, with erf), found "gelu_new"'],
    [{ hidden_act: 'relu' }, 'hidden_act: expected "gelu" (exact, with erf), found "relu"'],
    [{ position_embedding_type: 'relative_key' }, 'position_embedding_type: expected "absolute", found "relative_key"'],
    [{ is_decoder: true }, 'is_decoder: expected false, found true'],
    [{ is_encoder_decoder: true }, 'is_encoder_decoder: expected false, found true'],
    [{ add_cross_attention: true }, 'add_cross_attention: expected false, found true'],
    [{ pruned_heads: { 0: [1] } }, 'pruned_heads: expected none, found {"0":[1]}'],
    [{ quantization_config: { bits: 8 } }, 'quantization_config: expected none, found {"bits":8}'],
    [{ hidden_size: 5 }, 'hidden_size: expected a multiple of num_attention_heads, 2, found 5'],
    [{ hidden_size: 4.5 }, 'hidden_size: expected an integer from 1 to 2147483647, found 4.5'],
    [{ hidden_size: '4' }, 'hidden_size: expected an integer from 1 to 2147483647, found "4"'],
    [{ num_hidden_layers: 0 }, 'num_hidden_layers: expected an integer from 1 to 1000, found 0'],
    [{ num_hidden_layers: 1e9 }, 'num_hidden_layers: expected an integer from 1 to 1000, found 1000000000'],
    [{ layer_norm_eps: 0 }, 'layer_norm_eps: expected a positive number below 1, found 0'],
    [{ layer_norm_eps: 1e-60 }, 'layer_norm_eps: expected a positive number below 1, found 1e-60'],
    [{ pad_token_id: null }, 'pad_token_id: expected an integer from 0 to 2147483647, found null'],
    [{ pad_token_id: 11 }, 'pad_token_id: expected below vocab_size, 11, found 11'],
    [{ max_position_embeddings: 2 }, 'max_position_embeddings: expected at least pad_token_id + 2, 3'],
    [{ problem_type: 'multi_label_classification' }, 'problem_type: expected "regression" or "single_label_class'],
    [{ problem_type: 'regression' }, 'problem_type: expected one label for regression, found 2 labels'],
    [
      { problem_type: 'single_label_classification', num_labels: 1 },
      'problem_type: expected at least two labels for classification, found one label',
    ],
    [{ id2label: { 0: 'a', 2: 'b' } }, 'id2label: expected the classes "0" to "1", found ["0","2"]'],
    [{ id2label: {} }, 'id2label: expected at least one label, found none'],
    [{ id2label: { 0: 'a', 1: 7 } }, 'id2label.1: expected string, found 7'],
    [{ id2label: { 0: 'a', 1: 'b' }, num_labels: 3 }, 'num_labels: expected the number of labels in id2label, 2'],
  ])('refuses %j', (changes, message) => {
    expect(() => decoded(changes)).toThrow(message)
  })

  it.each(Object.keys(config).filter(key => key !== 'position_embedding_type'))('refuses a file without %s', key => {
    expect(() => decodeConfig('config.json', without(key))).toThrow(new RegExp(`${key}: expected .*, found nothing`))
  })

  it('refuses what is no object', () => {
    expect(() => decodeConfig('config.json', [])).toThrow('config.json: expected a JSON object, found []')
  })
})
