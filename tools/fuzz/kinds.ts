/** Every kind of input that is fuzzed. */
import { modelConfig, pickle, safetensorsIndex, safetensorsKind } from './checkpoints.js'
import { jsonl, parquet, tsv } from './data.js'
import type { Kind } from './kind.js'
import { config, ranges, unit } from './results.js'
import { recordKind, tableKinds, tableList } from './tables.js'
import { mergesKind, tokenizerJson } from './tokenizers.js'

export const kinds: readonly Kind[] = [
  ...[config, modelConfig, safetensorsKind, safetensorsIndex, pickle, tokenizerJson, mergesKind],
  ...[tsv, parquet, jsonl, unit, ranges, ...tableKinds, tableList, recordKind],
]

export const kindOf = (name: string): Kind => {
  const found = kinds.find(kind => kind.name === name)
  if (found === undefined) throw new Error(`kind expected one of ${kinds.map(k => k.name).join(', ')}, got ${name}`)
  return found
}
