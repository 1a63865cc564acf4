/**
 * Places in a text as people and editors count them.
 * Not modelled: columns in characters or in display cells, line ends other than LF (CRLF ends in one).
 */

/** Both from 1; columns are UTF-16 units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** `line 3, column 7`. */
export const shownPosition = ({ line, column }: Position): string => `line ${line}, column ${column}`

/** The positions of offsets into a text. Precondition: they do not decrease. */
export const positions = (text: string, offsets: readonly number[]): readonly Position[] => {
  let line = 1
  let start = 0
  let end = text.indexOf('\n')
  return offsets.map(offset => {
    while (end >= 0 && end < offset) {
      line += 1
      start = end + 1
      end = text.indexOf('\n', start)
    }
    return { line, column: offset - start + 1 }
  })
}
