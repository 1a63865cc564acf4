/**
 * Trains a byte-level BPE vocabulary (Sennrich et al. 2016) laid out as RoBERTa's: special tokens, bytes, merges,
 * `<mask>`. The same words give the same vocabulary in whatever order they come. Not modelled: subsampling, dropout.
 */
import { byteCharacters, writeBytesInto } from './alphabet.js'
import { words } from './words.js'

/** Ids of the tokens are their positions. */
export interface TrainedVocabulary {
  readonly tokens: readonly string[]
  /** In order of rank. */
  readonly merges: readonly (readonly [left: string, right: string])[]
}

const leading = ['<s>', '<pad>', '</s>', '<unk>'] as const
const MASK = '<mask>'
/** Special tokens and bytes: the smallest vocabulary there is. */
export const SMALLEST_VOCABULARY = leading.length + byteCharacters.length + 1
/** A pair seen once is an accident of the text. */
const FEWEST_OCCURRENCES = 2

/** How often each word of GPT-2's pattern occurs in the texts. */
export const countWords = (texts: Iterable<string>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const text of texts) for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

interface CountedWord {
  readonly count: number
  symbols: readonly string[]
}

/** A pair as one string: no token holds a space. */
const keyOf = (left: string, right: string): string => `${left} ${right}`

/** Where each pair occurs, and how often in all. */
class PairCounts {
  readonly counts = new Map<string, number>()
  readonly places = new Map<string, Set<CountedWord>>()

  add(word: CountedWord, sign: 1 | -1): void {
    for (let i = 0; i + 1 < word.symbols.length; i++) {
      const key = keyOf(word.symbols[i] ?? '', word.symbols[i + 1] ?? '')
      this.counts.set(key, (this.counts.get(key) ?? 0) + sign * word.count)
      if (sign === 1) this.placesOf(key).add(word)
    }
  }

  placesOf(key: string): Set<CountedWord> {
    const known = this.places.get(key)
    if (known !== undefined) return known
    const fresh = new Set<CountedWord>()
    this.places.set(key, fresh)
    return fresh
  }

  /** The pair seen most often; of equals the first in order of left, then right, by code unit. */
  best(forbidden: ReadonlySet<string>): readonly [string, string] | null {
    let most = FEWEST_OCCURRENCES - 1
    let found: readonly [string, string] | null = null
    for (const [key, count] of this.counts) {
      if (count < most || (count === most && found === null)) continue
      const [left = '', right = ''] = key.split(' ')
      if (forbidden.has(left + right)) continue
      if (count > most || found === null || left < found[0] || (left === found[0] && right < found[1])) {
        most = count
        found = [left, right]
      }
    }
    return found
  }
}

/** Joins every `left`, `right` from the left. */
const joined = (symbols: readonly string[], left: string, right: string): readonly string[] => {
  const result: string[] = []
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) {
      result.push(left + right)
      i++
    } else result.push(symbols[i] ?? '')
  }
  return result
}

const bytePositions = Int32Array.from({ length: 256 }, (_, byte) => byte)

/** The word in the byte alphabet. */
const symbolsOf = (word: string): readonly string[] => {
  const bytes = new Int32Array(3 * word.length)
  const length = writeBytesInto(bytes, word, 0, word.length, bytePositions)
  return Array.from(bytes.subarray(0, length), byte => byteCharacters[byte] ?? '')
}

/**
 * Learns merges until the vocabulary is full or no pair occurs twice. Time grows with merges times distinct pairs:
 * seconds for thousands of tokens, not meant for hundreds of thousands.
 * @param words how often each occurs, as `countWords` gives them
 * @throws RangeError if vocabularySize is not an integer of at least 261
 */
export const trainBpe = (words: ReadonlyMap<string, number>, vocabularySize: number): TrainedVocabulary => {
  if (!Number.isInteger(vocabularySize) || vocabularySize < SMALLEST_VOCABULARY)
    throw new RangeError(
      `"vocabularySize" expected an integer of at least ${SMALLEST_VOCABULARY}, got ${vocabularySize}`,
    )
  const alphabet = [...byteCharacters].sort((a, b) => (a < b ? -1 : 1))
  const tokens = new Set<string>([...leading, ...alphabet])
  const special = new Set<string>([...leading, MASK])
  const merges: (readonly [string, string])[] = []
  const pairs = new PairCounts()
  for (const [word, count] of words) pairs.add({ count, symbols: symbolsOf(word) }, 1)
  while (tokens.size + 1 < vocabularySize) {
    const best = pairs.best(special)
    if (best === null) break
    const [left, right] = best
    merges.push(best)
    tokens.add(left + right)
    const key = keyOf(left, right)
    for (const word of pairs.placesOf(key)) {
      pairs.add(word, -1)
      word.symbols = joined(word.symbols, left, right)
      pairs.add(word, 1)
    }
    pairs.counts.delete(key)
    pairs.places.delete(key)
  }
  return { tokens: [...tokens, MASK], merges }
}

/** The value of a tokenizer.json that holds the vocabulary, laid out as roberta-base's. */
export const tokenizerJson = (vocabulary: TrainedVocabulary): object => {
  const id = (token: string): number => vocabulary.tokens.indexOf(token)
  const byteLevel = (addPrefixSpace: boolean): object => ({
    type: 'ByteLevel',
    add_prefix_space: addPrefixSpace,
    trim_offsets: true,
    use_regex: true,
  })
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [...leading, MASK].map(content => ({
      id: id(content),
      content,
      single_word: false,
      lstrip: content === MASK,
      rstrip: false,
      normalized: true,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel(false),
    post_processor: {
      type: 'RobertaProcessing',
      sep: ['</s>', id('</s>')],
      cls: ['<s>', id('<s>')],
      trim_offsets: true,
      add_prefix_space: false,
    },
    decoder: byteLevel(true),
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      vocab: Object.fromEntries(vocabulary.tokens.map((token, index) => [token, index])),
      merges: vocabulary.merges.map(([left, right]) => keyOf(left, right)),
    },
  }
}
