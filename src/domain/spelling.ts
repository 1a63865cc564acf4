/**
 * The known word somebody probably meant. Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
 * Not modelled: keyboards, sounds, languages.
 */

/** Smallest number of single-letter edits and swaps of neighbours that turns a into b. */
export const distance = (a: string, b: string): number => {
  const previous: { twice: readonly number[]; once: readonly number[] } = {
    twice: [],
    once: Array.from({ length: b.length + 1 }, (_, j) => j),
  }
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    const above = (j: number): number => previous.once[j] ?? 0
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const cheapest = Math.min(above(j) + 1, (row[j - 1] ?? 0) + 1, above(j - 1) + same)
      row.push(swapped ? Math.min(cheapest, (previous.twice[j - 2] ?? 0) + 1) : cheapest)
    }
    previous.twice = previous.once
    previous.once = row
  }
  return previous.once[b.length] ?? 0
}

/** Longer words are not compared: nobody means a key by a page of text. */
const longest = 64

const plain = (word: string): string => word.toLowerCase().replace(/[^a-z0-9]/g, '')

/** The known word nearest to this one, letter case and punctuation aside; null if none is near (a third of its letters). */
export const nearest = (word: string, known: readonly string[]): string | null => {
  const meant = plain(word)
  if (word.length > longest || meant === '') return null
  const ranked = known
    .map(candidate => ({ candidate, edits: distance(meant, plain(candidate)) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, Math.floor(Math.max(meant.length, candidate.length) / 3)))
    .sort((a, b) => a.edits - b.edits)
  return ranked[0]?.candidate ?? null
}
