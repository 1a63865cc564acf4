/** Kinds of command-line arguments, decoded with messages that say what was expected. */
import { isLeft, isRight } from 'fp-ts/lib/Either.js'
import { option, optional, type Type } from 'cmd-ts'
import type { Shard } from '../domain/experiment/plan.js'
import { largestTile, type TileSize } from '../domain/crossbar/tiling.js'
import { presetNames } from '../domain/devices/constants.js'
import { longestSeconds, parseDuration, type Seconds } from '../domain/experiment/duration.js'
import { nearest } from '../domain/spelling.js'
import { loadParquetjs } from '../io/tables/parquetjs.js'
import { formats, type Format } from '../pipelines/experiment/tables.js'

const decoded =
  <A>(description: string, decode: (text: string) => A | undefined, hint: (text: string) => string = () => '') =>
  (displayName: string): Type<string, A> => ({
    displayName,
    description,
    from: text => {
      const value = decode(text)
      return value === undefined
        ? Promise.reject(new Error(`expected ${description}${hint(text)}, found "${text}"`))
        : Promise.resolve(value)
    },
  })

/** ` (did you mean "x"?)`, or nothing when no word is near. */
const meant =
  (words: readonly string[]) =>
  (text: string): string => {
    const word = nearest(text, words)
    return word === null ? '' : ` (did you mean "${word}"?)`
  }

/** "0/3": the first of three shards. */
export const shardArgument = decoded('i/n with 0 <= i < n, such as 0/3', (text): Shard | undefined => {
  const [, i, n] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []
  const shard = { index: Number(i), of: Number(n) }
  return i !== undefined && n !== undefined && shard.index < shard.of ? shard : undefined
})

/** "512x512": rows by columns, within the bounds of a config. */
export const tileArgument = decoded(
  `ROWSxCOLUMNS, each an integer in [1, ${largestTile}], such as 512x512`,
  (text): TileSize | undefined => {
    const [, rows, columns] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text) ?? []
    const size = { rows: Number(rows), columns: Number(columns) }
    return size.rows <= largestTile && size.columns <= largestTile ? size : undefined
  },
)

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
  decoded(words.map(w => `"${w}"`).join(' or '), (text): W | undefined => words.find(w => w === text), meant(words))

/** Some of these words, joined by commas. */
export const wordsArgument = <W extends string>(
  words: readonly W[],
): ((displayName: string) => Type<string, readonly W[]>) =>
  decoded(`some of ${words.join(', ')}, joined by commas`, (text): readonly W[] | undefined => {
    const named = text.split(',').map(part => words.find(w => w === part))
    const known = named.filter(w => w !== undefined)
    return known.length === named.length ? [...new Set(known)] : undefined
  })

const formatWords = wordsArgument(formats)('LIST')

/** Formats that can be written here: a package that is not installed is told before anything is computed. */
const formatsArgument: Type<string, readonly Format[]> = {
  ...formatWords,
  from: async text => {
    const wanted = await formatWords.from(text)
    const loaded = wanted.includes('parquetjs') ? await loadParquetjs('', '')() : null
    if (loaded !== null && isLeft(loaded))
      throw new Error(`expected ${loaded.left.expected} for "parquetjs", found ${loaded.left.found}`)
    return wanted
  },
}

/** Of every command that writes an experiment's tables. */
export const formatsOption = option({
  type: optional(formatsArgument),
  long: 'formats',
  description:
    'file formats of the tables, joined by commas: parquet (default), arrow, parquetjs (Parquet by parquetjs-lite, in NAME.parquetjs.parquet, if it is installed)',
})

/** A preset of the devices. */
export const presetArgument = wordArgument(presetNames)

/** Decimal numbers only: not "0x10", not "", not "Infinity". */
const numeral = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i

const numberWhere =
  (holds: (value: number) => boolean) =>
  (text: string): number | undefined => {
    const value = numeral.test(text) ? Number(text) : NaN
    return Number.isFinite(value) && holds(value) ? value : undefined
  }

export const positiveArgument = decoded(
  'a number > 0',
  numberWhere(value => value > 0),
)

/** Factor on a noise source, within the bounds of a config. */
export const scaleArgument = decoded(
  'a number from 0 to 10',
  numberWhere(value => value >= 0 && value <= 10),
)

/** Every part between commas, each once, spaces around it aside; undefined if one is refused. */
const listOf =
  <A>(part: (text: string) => A | undefined) =>
  (text: string): readonly A[] | undefined => {
    const parts = text.split(',').map(piece => part(piece.trim()))
    const found = parts.filter(value => value !== undefined)
    return found.length === parts.length ? [...new Set(found)] : undefined
  }

/** "0, 0.5, 1": shares of full scale, or weights, of which some are negative. */
export const sharesArgument = decoded(
  'numbers from 0 to 1, or with --pair from -1 to 1, joined by commas, such as 0,0.25,1',
  listOf(numberWhere(value => value >= -1 && value <= 1)),
)

const duration = (text: string): Seconds | undefined => {
  const parsed = parseDuration(text)
  return isRight(parsed) ? parsed.right : undefined
}

/** "1 h": a time after programming. */
export const timeArgument = decoded(
  `a duration such as "1 h" (a number and one of s, min, h, d, y, at most ${longestSeconds} s)`,
  duration,
)

/** Which of several, counted from 0. */
export const countArgument = decoded('a whole number from 0', (text): number | undefined =>
  /^\d{1,6}$/.test(text) ? Number(text) : undefined,
)

/** "0 s, 1 h": times after programming. */
export const timesArgument = decoded(
  `durations joined by commas, such as "0 s,1 h" (each a number and one of s, min, h, d, y, at most ${longestSeconds} s)`,
  listOf(duration),
)

/** "hardware.adc.bits=6": a key of a sweep and its value in a setting. */
export const whereArgument = decoded('KEY=VALUE, such as hardware.adc.bits=6', text => {
  const [, key, value] = /^([^=]+)=(.+)$/s.exec(text) ?? []
  return key === undefined || value === undefined ? undefined : { key, value }
})
