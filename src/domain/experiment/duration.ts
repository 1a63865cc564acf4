/**
 * Durations as people write them ("1 h", "0.5 d"), read exactly into seconds. The only reader of durations.
 * Not modelled: calendars and leap seconds (1 d = 86,400 s, 1 y = 365 d), compound forms such as "1 h 30 min".
 */
import { left, right, type Either } from 'fp-ts/lib/Either.js'

/** A non-negative number of seconds; made by `seconds` and `parseDuration` only. */
export type Seconds = number & { readonly unit: 's' }

/** Seconds in each unit. */
export const secondsIn = { s: 1, min: 60, h: 3600, d: 86_400, y: 31_536_000 } as const

/** Longest duration [s], about 31,700 years: what lies beyond is a slip of the pen. */
export const longestSeconds = 1e12

/** What a duration looks like; the same expression stands in the JSON Schema. */
export const durationPattern = /^(\d{1,15})(?:\.(\d{1,30}))?(?:e-(\d{1,3}))? ?(s|min|h|d|y)$/

const expectedForm = 'a duration such as "1 h" (a number >= 0 and one of s, min, h, d, y)'

/** @throws RangeError if value is not in [0, 1e12]. */
export const seconds = (value: number): Seconds => {
  if (!(value >= 0 && value <= longestSeconds)) {
    throw new RangeError(`"seconds" expected a number in [0, ${longestSeconds}], got ${value}`)
  }
  return (value + 0) as Seconds // the brand's one constructor
}

/**
 * Seconds of "60 min", "1 h", "0.5d". Exact: the decimal is multiplied by the unit before it is rounded to a double, so that
 * every spelling of a duration gives the same number.
 * @returns left with what was expected.
 */
export const parseDuration = (text: string): Either<string, Seconds> => {
  const [, whole, fraction = '', exponent = '0', unit] = durationPattern.exec(text) ?? []
  if (whole === undefined || unit === undefined) return left(expectedForm)
  const factor = secondsIn[unit as keyof typeof secondsIn] // the pattern admits no other unit
  const digits = BigInt(whole + fraction) * BigInt(factor)
  const value = Number(`${digits}e-${fraction.length + Number(exponent)}`)
  return value <= longestSeconds ? right(seconds(value)) : left(`a duration of at most ${longestSeconds} s`)
}

/** The canonical spelling, in seconds: `parseDuration(formatDuration(s))` is s. */
export const formatDuration = (duration: Seconds): string => `${duration} s`

/** Units from the longest to the shortest. */
const units = Object.entries(secondsIn).sort(([, a], [, b]) => b - a)

/** For people, in the longest unit it is whole in: "1 h", "90 min", "30 d". `parseDuration` gives the same duration again. */
export const spokenDuration = (duration: Seconds): string => {
  const [unit, factor] = units.find(([, s]) => duration >= s && duration % s === 0) ?? ['s', 1]
  return `${duration / factor} ${unit}`
}
