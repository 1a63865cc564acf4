/**
 * RoBERTa's byte-level BPE tokenizer, equal id for id to Hugging Face tokenizers 0.22 on well-formed text. Not modelled:
 * normalizers, padding, offsets, token types (RoBERTa has one), `single_word` added tokens.
 */
import { addedTokenSplitter, type AddedToken } from './added.js'
import { byteCharacters, byteOf, writeBytesInto } from './alphabet.js'
import { wordCache } from './cache.js'
import { mergeInto, mergeTable, type MergeRule } from './merges.js'
import { longestFirst } from './truncation.js'
import { wordEnd } from './words.js'

/** A checked vocabulary: ids are unique, every byte and every id named by a rule or a special token is there. */
export interface Vocabulary {
  /** Id of each token as it is written in the byte alphabet. */
  readonly ids: ReadonlyMap<string, number>
  /** In order of rank, no pair twice. */
  readonly merges: readonly MergeRule[]
  readonly added: readonly AddedToken[]
  /** A space is put before every text, and every stretch after an added token, that does not begin with one. */
  readonly addPrefixSpace: boolean
  /** First token of a sequence, `<s>`. */
  readonly startId: number
  /** Last token of each text, `</s>`; twice between the texts of a pair. */
  readonly separatorId: number
  readonly paddingId: number
}

export interface Tokenizer {
  /** Largest id + 1: rows an embedding needs. */
  readonly vocabularySize: number
  readonly paddingId: number
  /**
   * Ids of `<s> text </s>` or `<s> text </s></s> pair </s>`, cut `longest_first` to maxLength tokens, special tokens
   * included. Special tokens written in the text are recognised. A lone surrogate is read as U+FFFD. An empty pair
   * is no pair, as in a call of transformers' tokenizer (tokenizers itself would write `<s> text </s></s></s>`).
   * @param maxLength an integer, at least 2 for a text and 4 for a pair; Infinity cuts nothing
   * @throws RangeError if maxLength has no room for the special tokens
   */
  readonly encode: (text: string, pair: string | null, maxLength: number) => Int32Array
  /** Bytes of the tokens, special tokens as they are written. @throws RangeError for an id outside the vocabulary */
  readonly decode: (ids: Iterable<number>) => Uint8Array
}

/** Words remembered per generation: about 10 MB at most. */
const CACHED_WORDS = 32_768

/** The ids of one word, merged to the end. */
const wordEncoder = (vocabulary: Vocabulary, size: number): ((word: string) => Int32Array) => {
  const table = mergeTable(size, vocabulary.merges)
  const byteIds = Int32Array.from(byteCharacters, character => {
    const id = vocabulary.ids.get(character)
    if (id === undefined)
      throw new RangeError(`vocabulary expected a token for every byte, found none for "${character}"`)
    return id
  })
  return word => {
    const symbols = new Int32Array(3 * word.length)
    const bytes = writeBytesInto(symbols, word, 0, word.length, byteIds)
    return symbols.slice(0, mergeInto(symbols, bytes, table))
  }
}

const decoder = (vocabulary: Vocabulary): ((ids: Iterable<number>) => Uint8Array) => {
  const utf8 = new TextEncoder()
  const contents = new Map([...vocabulary.ids].map(([content, id]) => [id, content]))
  const added = new Map(vocabulary.added.map(token => [token.id, token.content]))
  const bytesOf = (id: number): readonly number[] | Uint8Array => {
    const special = added.get(id)
    if (special !== undefined) return utf8.encode(special)
    const content = contents.get(id)
    if (content === undefined) throw new RangeError(`id expected one of the vocabulary, got ${id}`)
    const bytes = Array.from(content, byteOf)
    return bytes.every(byte => byte !== undefined) ? bytes : utf8.encode(content)
  }
  return ids => Uint8Array.from(Array.from(ids).flatMap(id => [...bytesOf(id)]))
}

/** @throws RangeError if the vocabulary lacks a byte. @param cachedWords 0 for no cache; the ids do not depend on it */
export const tokenizer = (vocabulary: Vocabulary, cachedWords = CACHED_WORDS): Tokenizer => {
  const { addPrefixSpace, startId, separatorId, paddingId } = vocabulary
  const added = vocabulary.added.map(token => token.id)
  let size = 0
  for (const id of [...vocabulary.ids.values(), ...added]) size = Math.max(size, id + 1)
  const encodeWord = wordEncoder(vocabulary, size)
  const split = addedTokenSplitter(vocabulary.added)
  const cache = wordCache(cachedWords)

  const idsOfWord = (word: string): Int32Array => {
    const known = cache.get(word)
    if (known !== undefined) return known
    const ids = encodeWord(word)
    cache.set(word, ids)
    return ids
  }

  /** Ids of one text, without special tokens around it. */
  const idsOf = (text: string): readonly number[] => {
    const ids: number[] = []
    for (const piece of split(text)) {
      if (typeof piece === 'number') {
        ids.push(piece)
        continue
      }
      const stretch = addPrefixSpace && !piece.startsWith(' ') ? ` ${piece}` : piece
      for (let start = 0; start < stretch.length;) {
        const end = wordEnd(stretch, start)
        for (const id of idsOfWord(stretch.slice(start, end))) ids.push(id)
        start = end
      }
    }
    return ids
  }

  const encode = (text: string, pair: string | null, maxLength: number): Int32Array => {
    const paired = pair !== null && pair !== ''
    const specials = paired ? 4 : 2
    if (!(maxLength >= specials) || !(Number.isInteger(maxLength) || maxLength === Infinity))
      throw new RangeError(`"maxLength" expected an integer of at least ${specials} or Infinity, got ${maxLength}`)
    const first = idsOf(text)
    const second = paired ? idsOf(pair) : []
    const [kept, keptOfPair] = longestFirst(first.length, second.length, maxLength - specials)
    const ids = new Int32Array(kept + keptOfPair + specials)
    ids[0] = startId
    ids.set(first.slice(0, kept), 1)
    ids[kept + 1] = separatorId
    if (!paired) return ids
    ids[kept + 2] = separatorId
    ids.set(second.slice(0, keptOfPair), kept + 3)
    ids[ids.length - 1] = separatorId
    return ids
  }

  return { vocabularySize: size, paddingId, encode, decode: decoder(vocabulary) }
}
