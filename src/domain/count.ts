/** Counts with their nouns, for people: "1 unit", "2 units". Not modelled: nouns whose plural is not made with an s. */

/** @param written the number as it is to be read */
export const counted = (n: number, noun: string, written: string = String(n)): string =>
  `${written} ${noun}${n === 1 ? '' : 's'}`
