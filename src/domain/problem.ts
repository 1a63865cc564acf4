/**
 * What is wrong with something that came from outside: where it stands, what was expected, what was found.
 * Problems are values (Either, TaskEither); inside a stream a problem travels as a `Failure`.
 * Faults of our own are not problems: they are ordinary exceptions and end with exit code 1.
 */
export interface Problem {
  /** File, folder or stream ("stdin", "command line") it was found in. */
  readonly file: string
  /** Line, row, tensor or JSON path inside the file; empty when it concerns the whole. */
  readonly place: string
  readonly expected: string
  readonly found: string
}

export const problem = (file: string, place: string, expected: string, found: string): Problem => ({
  file,
  place,
  expected,
  found,
})

/** At least one problem. */
export type Problems = readonly [Problem, ...(readonly Problem[])]

export const firstOf = ([first]: Problems): Problem => first

/** A place within another: `header: line 1, column 3`; either may be empty. */
export const placeIn = (outer: string, inner: string): string =>
  outer === '' || inner === '' ? outer + inner : `${outer}: ${inner}`

/** Longer parts are cut in the middle: a name may be a page of text. */
const longest = 400

/** A part of a message as a terminal may show it: what a file holds could move the cursor, or forge a line. */
const plain = (text: string): string => {
  const short = text.length <= longest ? text : `${text.slice(0, longest - 50)}…${text.slice(-50)}`
  return short.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, c => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** One line for a person: `dev.tsv: line 7: expected 2 columns, found 1`. */
export const describe = (p: Problem): string =>
  `${plain(p.file)}: ${p.place === '' ? '' : `${plain(p.place)}: `}expected ${plain(p.expected)}, found ${plain(p.found)}`

/** A problem on its way through a stream or a promise. */
export class Failure extends Error {
  override readonly name = 'Failure'
  constructor(readonly problem: Problem) {
    super(describe(problem))
  }
}

/** Several problems at once, on their way to whoever asked: the command line, or a program. */
export class Refused extends Error {
  override readonly name = 'Refused'
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(describe).join('\n'))
  }
}

/** @returns never: throws the problem as a Failure; for use inside streams only. */
export const fail = (file: string, place: string, expected: string, found: string): never => {
  throw new Failure(problem(file, place, expected, found))
}
