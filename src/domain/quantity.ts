/**
 * Checks of the numbers a constructor is given: each returns its value or says what was expected.
 * For a programmer's arguments only; what comes from a file is decoded in src/io, with its place.
 */

/** @throws TypeError unless value is a number. */
const numeric = (title: string, value: number): number => {
  // The types promise a number; a caller in plain JavaScript may not keep the promise.
  if (typeof value !== 'number') throw new TypeError(`"${title}" expected a number, got ${typeof value}`)
  return value
}

/** @throws RangeError unless min <= value <= max. */
export const inRange = (title: string, value: number, min: number, max: number): number => {
  if (!(numeric(title, value) >= min && value <= max)) {
    throw new RangeError(`"${title}" expected a number in [${min}, ${max}], got ${value}`)
  }
  return value
}

/** @throws RangeError unless value is finite and >= 0. */
export const nonNegative = (title: string, value: number): number => {
  if (!(numeric(title, value) >= 0 && value < Infinity)) {
    throw new RangeError(`"${title}" expected a finite number >= 0, got ${value}`)
  }
  return value
}

/** @throws RangeError unless value is finite and > 0. */
export const positive = (title: string, value: number): number => {
  if (!(numeric(title, value) > 0 && value < Infinity)) {
    throw new RangeError(`"${title}" expected a finite number > 0, got ${value}`)
  }
  return value
}

/** @throws RangeError unless value is finite. */
export const finite = (title: string, value: number): number => {
  if (!Number.isFinite(numeric(title, value))) {
    throw new RangeError(`"${title}" expected a finite number, got ${value}`)
  }
  return value
}

/** @throws RangeError unless value is an integer in [min, max]. */
export const integerIn = (title: string, value: number, min: number, max: number): number => {
  if (!(Number.isInteger(numeric(title, value)) && value >= min && value <= max)) {
    throw new RangeError(`"${title}" expected an integer in [${min}, ${max}], got ${value}`)
  }
  return value
}
