/** Counts with their nouns, for people: "1 unit", "2 units". */

/** @param written the number as it is to be read. @param plural of a noun that does not make it with an s */
export const counted = (n: number, noun: string, written: string = String(n), plural = `${noun}s`): string =>
  `${written} ${n === 1 ? noun : plural}`
