/**
 * Remembers the tokens of recent words, in bounded memory: when the young generation is full it becomes the old one,
 * and the old one is forgotten. Not modelled: exact recency; it changes the time a word takes, never its tokens.
 */
export interface WordCache {
  readonly get: (word: string) => Int32Array | undefined
  readonly set: (word: string, ids: Int32Array) => void
}

/** Longer words (in UTF-16 units) are not remembered: they are rare and large. */
const LONGEST_WORD = 48

/** A copy that does not keep the text it was cut from alive. */
const detached = (word: string): string =>
  String.fromCharCode(...Array.from({ length: word.length }, (_, i) => word.charCodeAt(i)))

/** @param words in one generation; at most twice as many are held. 0 remembers nothing. */
export const wordCache = (words: number): WordCache => {
  let young = new Map<string, Int32Array>()
  let old = new Map<string, Int32Array>()
  const insert = (word: string, ids: Int32Array): void => {
    if (young.size >= words) {
      old = young
      young = new Map()
    }
    young.set(word, ids)
  }
  return {
    get: word => {
      const recent = young.get(word)
      if (recent !== undefined) return recent
      const earlier = old.get(word)
      if (earlier !== undefined) insert(detached(word), earlier)
      return earlier
    },
    set: (word, ids) => {
      if (words > 0 && word.length <= LONGEST_WORD) insert(detached(word), ids)
    },
  }
}
