/** One row of a GLUE task. Not modelled: genre, parses, annotators' votes and the other columns of the official files. */
export interface Example {
  /** Zero-based position in its split; with the split it names the example for good. */
  readonly index: number
  readonly text: string
  /** Second text of a pair task; null for single-sentence tasks. */
  readonly pair: string | null
  /** Class index, or the score of a regression task; null in an unlabelled (test) split. */
  readonly label: number | null
}
