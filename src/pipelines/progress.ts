/** Whom a pipeline tells how far it is. The command line shows it; tests listen; nothing of a result depends on it. */
export interface Progress {
  /** A stretch of work begins; `total` of a `thing`, by default an example, null if not known. */
  readonly begin: (title: string, total: number | null, thing?: string) => void
  /** @param about what else there is to say of where it stands */
  readonly advance: (things: number, tokens: number, about?: string) => void
  readonly end: () => void
  /** Whatever was shown is put away, finished or not; the terminal is as it was. */
  readonly close: () => void
  /** Something a person should know. */
  readonly note: (text: string) => void
}

const nothing = (): void => undefined

/** Nobody is told. */
export const silent: Progress = { begin: nothing, advance: nothing, end: nothing, close: nothing, note: nothing }
