/**
 * Byte-pair merges (Sennrich et al. 2016, arXiv 1508.07909): of all neighbouring pairs the one of lowest rank, leftmost
 * first, is joined until no pair has a rule. Not modelled: BPE dropout, subword prefixes and suffixes.
 */

/** `left` and `right`, side by side, become `merged`; all three are token ids. */
export interface MergeRule {
  readonly left: number
  readonly right: number
  readonly merged: number
}

export interface MergeTable {
  /** Ids are below it. */
  readonly size: number
  /** Rank of a pair, keyed left * size + right. */
  readonly ranks: ReadonlyMap<number, number>
  /** Id a rule makes, by rank. */
  readonly merged: Int32Array
}

/** @param size above every id, at most 2^26 so that keys are exact. @param rules in order of rank, no pair twice */
export const mergeTable = (size: number, rules: readonly MergeRule[]): MergeTable => ({
  size,
  ranks: new Map(rules.map((rule, rank) => [rule.left * size + rule.right, rank])),
  merged: Int32Array.from(rules, rule => rule.merged),
})

const NO_RULE = Infinity

const rankOf = (table: MergeTable, left: number, right: number): number =>
  table.ranks.get(left * table.size + right) ?? NO_RULE

/** Merges symbols[0, length) in place by rescanning after each merge: quadratic, and quickest for short words. */
export const mergeShortInto = (symbols: Int32Array, length: number, table: MergeTable): number => {
  let n = length
  for (;;) {
    let best = NO_RULE
    let at = 0
    for (let i = 0; i + 1 < n; i++) {
      const rank = rankOf(table, symbols[i] ?? 0, symbols[i + 1] ?? 0)
      if (rank < best) {
        best = rank
        at = i
      }
    }
    if (best === NO_RULE) return n
    symbols[at] = table.merged[best] ?? 0
    symbols.copyWithin(at + 1, at + 2, n)
    n--
  }
}

/** Binary min-heap of numbers in a fixed array. */
class Heap {
  readonly #keys: Float64Array
  #size = 0

  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity)
  }

  push(key: number): void {
    const keys = this.#keys
    let i = this.#size++
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = keys[parent] ?? 0
      if (above <= key) break
      keys[i] = above
      i = parent
    }
    keys[i] = key
  }

  /** The smallest key, taken out; undefined when empty. */
  pop(): number | undefined {
    if (this.#size === 0) return undefined
    const keys = this.#keys
    const top = keys[0]
    const last = keys[--this.#size] ?? 0
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= this.#size) break
      if (child + 1 < this.#size && (keys[child + 1] ?? 0) < (keys[child] ?? 0)) child++
      const below = keys[child] ?? 0
      if (below >= last) break
      keys[i] = below
      i = child
    }
    keys[i] = last
    return top
  }
}

/** The same merges over a linked list with a heap of candidates: n log n, for words of any length. */
export const mergeLongInto = (symbols: Int32Array, length: number, table: MergeTable): number => {
  const next = Int32Array.from({ length }, (_, i) => i + 1)
  const previous = Int32Array.from({ length }, (_, i) => i - 1)
  const gone = new Uint8Array(length)
  const heap = new Heap(3 * length) // a candidate per neighbouring pair, and at most two more per merge
  const rankAt = (i: number): number => {
    const right = next[i] ?? length
    return right < length ? rankOf(table, symbols[i] ?? 0, symbols[right] ?? 0) : NO_RULE
  }
  // Keys order by rank, then position; below 2^53 for 2^26 rules and words of 2^27 bytes.
  const offer = (i: number): void => {
    const rank = rankAt(i)
    if (rank !== NO_RULE) heap.push(rank * length + i)
  }
  for (let i = 0; i + 1 < length; i++) offer(i)
  for (let key = heap.pop(); key !== undefined; key = heap.pop()) {
    const at = key % length
    const rank = (key - at) / length
    if (gone[at] === 1 || rankAt(at) !== rank) continue // a neighbour was merged since
    const right = next[at] ?? length
    const after = next[right] ?? length
    symbols[at] = table.merged[rank] ?? 0
    gone[right] = 1
    next[at] = after
    if (after < length) previous[after] = at
    const before = previous[at] ?? -1
    if (before >= 0) offer(before)
    offer(at)
  }
  let n = 0
  for (let i = 0; i < length; i = next[i] ?? length) symbols[n++] = symbols[i] ?? 0
  return n
}

/** Words of at most this many bytes are rescanned; longer ones use the heap. The result is the same. */
const SHORT_WORD_BYTES = 24

/** Merges symbols[0, length) in place. @returns how many symbols are left */
export const mergeInto = (symbols: Int32Array, length: number, table: MergeTable): number =>
  length <= SHORT_WORD_BYTES ? mergeShortInto(symbols, length, table) : mergeLongInto(symbols, length, table)
