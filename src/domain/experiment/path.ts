/**
 * A path in a config: as written, which is what is hashed and shown, and resolved, which is what is opened.
 * Not checked here: that something is there.
 */
export interface ConfigPath {
  readonly written: string
  /** Absolute; relative ones are taken from the config's folder. */
  readonly resolved: string
}
