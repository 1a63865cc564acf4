/** A small generator of random numbers for fuzzing: case `index` of a seed is the same whatever ran before it. */
export interface Random {
  /** An integer in [0, n). */
  readonly below: (n: number) => number
  readonly chance: (p: number) => boolean
  readonly pick: <A>(from: readonly A[]) => A
}

/** SplitMix32 over a hash of the words. */
export const randomOf = (...words: readonly number[]): Random => {
  let state = words.reduce((h, w) => Math.imul(h ^ w, 0x9e3779b1) ^ (h >>> 15), 0x2545f491)
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  const below = (n: number): number => Math.floor((next() / 2 ** 32) * n)
  return {
    below,
    chance: p => next() / 2 ** 32 < p,
    pick: from => {
      const found = from[below(from.length)]
      if (found === undefined) throw new RangeError('nothing to pick from')
      return found
    },
  }
}
