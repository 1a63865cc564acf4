/** Kinds of command-line arguments, decoded with messages that say what was expected. */
import { option, optional, type Type } from 'cmd-ts'
import type { Shard } from '../domain/experiment/plan.js'
import type { TileSize } from '../domain/crossbar/tiling.js'

const decoded =
  <A>(description: string, decode: (text: string) => A | undefined) =>
  (displayName: string): Type<string, A> => ({
    displayName,
    description,
    from: text => {
      const value = decode(text)
      return value === undefined
        ? Promise.reject(new Error(`expected ${description}, found "${text}"`))
        : Promise.resolve(value)
    },
  })

/** "0/3": the first of three shards. */
export const shardArgument = decoded('i/n with 0 <= i < n, such as 0/3', (text): Shard | undefined => {
  const [, i, n] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []
  const shard = { index: Number(i), of: Number(n) }
  return i !== undefined && n !== undefined && shard.index < shard.of ? shard : undefined
})

/** "512x512": rows by columns. */
export const tileArgument = decoded('ROWSxCOLUMNS, such as 512x512', (text): TileSize | undefined => {
  const [, rows, columns] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text) ?? []
  return rows === undefined || columns === undefined ? undefined : { rows: Number(rows), columns: Number(columns) }
})

const workersArgument = decoded('a whole number from 1 to 256', (text): number | undefined =>
  /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= 256 ? Number(text) : undefined,
)

/** Threads, of every command that computes. */
export const workersOption = option({
  type: optional(workersArgument('N')),
  long: 'workers',
  description: 'threads (default: one per core)',
})

/** One of some words. */
export const wordArgument = <W extends string>(words: readonly W[]): ((displayName: string) => Type<string, W>) =>
  decoded(words.map(w => `"${w}"`).join(' or '), (text): W | undefined => words.find(w => w === text))

/** Some of these words, joined by commas. */
export const wordsArgument = <W extends string>(
  words: readonly W[],
): ((displayName: string) => Type<string, readonly W[]>) =>
  decoded(`some of ${words.join(', ')}, joined by commas`, (text): readonly W[] | undefined => {
    const named = text.split(',').map(part => words.find(w => w === part))
    const known = named.filter(w => w !== undefined)
    return known.length === named.length ? [...new Set(known)] : undefined
  })
