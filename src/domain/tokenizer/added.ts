/**
 * Tokens recognised as they are written in the text ("<mask>"), cut out before any other rule, as AddedVocabulary of
 * tokenizers 0.22 does. Not modelled: `single_word` tokens, tokens matched after a normalizer.
 */
import { isWhiteSpace } from './words.js'

export interface AddedToken {
  /** Not empty. */
  readonly content: string
  readonly id: number
  /** The white space before it belongs to it. */
  readonly stripsLeft: boolean
  /** The white space after it belongs to it. */
  readonly stripsRight: boolean
  /** Tokens with false are cut out of the whole text first, the others out of what that leaves. */
  readonly normalized: boolean
}

/** A stretch of text, never empty, or the id of an added token. */
export type Piece = string | number

const escaped = (content: string): string => content.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** Leftmost-longest matches: alternatives are tried in order, so longer ones come first. */
const splitter = (tokens: readonly AddedToken[]): ((text: string) => readonly Piece[]) => {
  if (tokens.length === 0) return text => (text === '' ? [] : [text])
  const byContent = new Map(tokens.map(token => [token.content, token]))
  const longestFirst = [...byContent.keys()].sort((a, b) => b.length - a.length)
  const pattern = new RegExp(longestFirst.map(escaped).join('|'), 'gu')
  return text => {
    const pieces: Piece[] = []
    let done = 0
    for (const match of text.matchAll(pattern)) {
      const token = byContent.get(match[0])
      if (token === undefined) continue
      let start = Math.max(match.index, done)
      let end = match.index + match[0].length
      if (token.stripsLeft) while (start > done && isWhiteSpace(text.charCodeAt(start - 1))) start--
      if (token.stripsRight) while (end < text.length && isWhiteSpace(text.charCodeAt(end))) end++
      if (start > done) pieces.push(text.slice(done, start))
      pieces.push(token.id)
      done = end
    }
    if (done < text.length) pieces.push(text.slice(done))
    return pieces
  }
}

/** Cuts the added tokens out of a text. */
export const addedTokenSplitter = (tokens: readonly AddedToken[]): ((text: string) => readonly Piece[]) => {
  const first = splitter(tokens.filter(token => !token.normalized))
  const second = splitter(tokens.filter(token => token.normalized))
  return text => first(text).flatMap(piece => (typeof piece === 'string' ? second(piece) : [piece]))
}
