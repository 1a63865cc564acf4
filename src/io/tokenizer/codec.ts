/**
 * The tokenizer.json of Hugging Face tokenizers, as far as it is a RoBERTa tokenizer; any other component is refused by
 * name. Not read: truncation and padding (the caller decides), decoder, offsets, and `special`.
 */
import * as t from 'io-ts/lib/index.js'
import { accepting, nullable } from '../decoding.js'

/** Accepts one of a few values, or nothing; `expected` says why the others are refused. */
const oneOf = (expected: string, values: readonly unknown[]): t.Type<unknown> =>
  nullable(accepting(expected, (u): u is unknown => values.includes(u)))

export const Id: t.Type<number> = accepting(
  'a token id (integer from 0 to 16777215)',
  (u): u is number => typeof u === 'number' && Number.isInteger(u) && u >= 0 && u < 2 ** 24,
)

/** Id of every token; the keys are tokens in the byte alphabet. */
export const VocabularyIds = t.record(t.string, Id, 'an object of token ids')

const AddedTokenCodec = t.type(
  {
    id: Id,
    content: t.string,
    single_word: oneOf('false (single_word tokens are not available)', [false]),
    lstrip: t.boolean,
    rstrip: t.boolean,
    normalized: t.boolean,
  },
  'an added token',
)

const ByteLevel = t.type(
  {
    type: t.literal('ByteLevel'),
    add_prefix_space: t.boolean,
    use_regex: oneOf('true (ByteLevel without its pattern is not available)', [true]),
  },
  'a ByteLevel pre-tokenizer',
)

const named = t.tuple([t.string, Id], 'a token and its id')

const RobertaProcessing = t.type(
  { type: t.literal('RobertaProcessing'), sep: named, cls: named },
  'a RobertaProcessing post-processor',
)

const template = t.array(t.UnknownRecord, 'a template')

const TemplateProcessing = t.type(
  {
    type: t.literal('TemplateProcessing'),
    single: template,
    pair: template,
    special_tokens: t.record(t.string, t.type({ ids: t.array(Id) }), 'an object of special tokens'),
  },
  'a TemplateProcessing post-processor',
)

export type RobertaProcessing = t.TypeOf<typeof RobertaProcessing>
export type TemplateProcessing = t.TypeOf<typeof TemplateProcessing>
export type PostProcessor = RobertaProcessing | TemplateProcessing

const isTemplate = (u: unknown): boolean => t.UnknownRecord.is(u) && u['type'] === 'TemplateProcessing'

/** Decided by `type`, so that an error names the place inside the processor that was meant. */
const PostProcessor = new t.Type<PostProcessor, PostProcessor>(
  'a RobertaProcessing post-processor',
  (u): u is PostProcessor => RobertaProcessing.is(u) || TemplateProcessing.is(u),
  (u, context) => (isTemplate(u) ? TemplateProcessing.validate(u, context) : RobertaProcessing.validate(u, context)),
  t.identity,
)

const Merge: t.Type<readonly [string, string]> = new t.Type<readonly [string, string]>(
  'a merge ("left right" or ["left", "right"])',
  (u): u is readonly [string, string] =>
    Array.isArray(u) && u.length === 2 && u.every(part => typeof part === 'string' && part !== ''),
  (u, context) => {
    const parts: unknown = typeof u === 'string' ? u.split(' ') : u
    return Merge.is(parts) ? t.success(parts) : t.failure(u, context)
  },
  t.identity,
)

const Model = t.type(
  {
    type: oneOf('"BPE"', ['BPE']), // absent from files of tokenizers before 0.7
    dropout: oneOf('null (BPE dropout is not available)', [0]),
    continuing_subword_prefix: oneOf('"" (subword prefixes are not available)', ['']),
    end_of_word_suffix: oneOf('"" (word suffixes are not available)', ['']),
    ignore_merges: oneOf('false (ignore_merges is not available)', [false]),
    vocab: VocabularyIds,
    merges: t.array(Merge, 'an array of merges'),
  },
  'a BPE model',
)

export const TokenizerFile = t.type(
  {
    version: t.literal('1.0'),
    added_tokens: nullable(t.array(AddedTokenCodec, 'an array of added tokens')),
    normalizer: oneOf('null (normalizers are not available)', []),
    pre_tokenizer: ByteLevel,
    post_processor: PostProcessor,
    model: Model,
  },
  'a tokenizer',
)
export type TokenizerFile = t.TypeOf<typeof TokenizerFile>

/** A special token in special_tokens_map.json or tokenizer_config.json: its text, or its text and how it is matched. */
const SpecialTokenObject = t.type(
  {
    content: t.string,
    single_word: oneOf('false (single_word tokens are not available)', [false]),
    lstrip: nullable(t.boolean),
    rstrip: nullable(t.boolean),
    normalized: nullable(t.boolean),
  },
  'a special token',
)
export type SpecialToken = string | t.TypeOf<typeof SpecialTokenObject>

const SpecialToken = new t.Type<SpecialToken, SpecialToken>(
  'a special token',
  (u): u is SpecialToken => typeof u === 'string' || SpecialTokenObject.is(u),
  (u, context) => (typeof u === 'string' ? t.success(u) : SpecialTokenObject.validate(u, context)),
  t.identity,
)

const optionalToken = nullable(SpecialToken)

/** What special_tokens_map.json and tokenizer_config.json have in common. */
export const SpecialTokens = t.type(
  {
    cls_token: optionalToken,
    sep_token: optionalToken,
    pad_token: optionalToken,
    unk_token: optionalToken,
    mask_token: optionalToken,
    bos_token: optionalToken,
    eos_token: optionalToken,
    additional_special_tokens: nullable(t.array(SpecialToken, 'an array of special tokens')),
    add_prefix_space: nullable(t.boolean),
  },
  'an object of special tokens',
)
export type SpecialTokens = t.TypeOf<typeof SpecialTokens>
