/** The blocks of code of a page of Markdown: the language and, after it, the file a reader is to save the block as. */
export interface Block {
  readonly language: string
  /** Empty: none. */
  readonly file: string
  readonly text: string
}

export const blocksOf = (markdown: string): readonly Block[] =>
  [...markdown.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', file = '', text = '']): Block => ({ language, file, text }),
  )
