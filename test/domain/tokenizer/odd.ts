/** Texts made of what tokenizers get wrong: rare spaces, marks, contractions, astral and control characters. */
import { fc } from '@fast-check/vitest'

const pieces =
  "a|the|'s|'ll|'LL|'|''| |  |\t|\n|\r\n|\u0000|\u0085|\u00a0|\u2003|\u2028|\u3000|\ufeff|\u200b|\u180e|é|e\u0301|ß|日本語|🙂|👩\u200d👩|𝒳|½|٣|12|3.14|!?|...|<|>|mask|Ġ".split(
    '|',
  )

export const oddText = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'grapheme', maxLength: 6 })), { maxLength: 12 })
  .map(parts => parts.join(''))
