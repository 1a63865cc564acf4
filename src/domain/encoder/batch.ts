/**
 * What a batch must satisfy before an engine may index memory with it. Not checked: what the tokens mean, and whether a
 * sequence begins and ends as the tokeniser would have it.
 */
import type { Batch } from './algebra.js'
import { maxTokens, type Architecture } from './architecture.js'

/**
 * The batch itself, if it fits the model: sequences of 1 .. maxTokens tokens laid end to end, every id in the
 * vocabulary, an example for each sequence. Anything else would read or write outside a table.
 * @throws RangeError naming the sequence and the token
 */
export const fitting = (architecture: Architecture, batch: Batch): Batch => {
  const { ids, offsets, examples } = batch
  const { vocabulary } = architecture
  const longest = maxTokens(architecture)
  const sequences = offsets.length - 1
  if (offsets[0] !== 0)
    throw new RangeError(`batch: expected offsets from 0, found ${offsets.length === 0 ? 'none' : String(offsets[0])}`)
  if (examples.length !== sequences)
    throw new RangeError(`batch: expected an example for each of ${sequences} sequences, found ${examples.length}`)
  for (let s = 0; s < sequences; s++) {
    const start = offsets[s] ?? 0
    const end = offsets[s + 1] ?? 0
    if (!(end - start >= 1 && end - start <= longest))
      throw new RangeError(`batch: sequence ${s}: expected 1 to ${longest} tokens, found ${end - start}`)
    for (let i = start; i < end; i++) {
      const id = ids[i]
      if (id === undefined || id < 0 || id >= vocabulary)
        throw new RangeError(
          `batch: sequence ${s}, token ${i - start}: expected an id from 0 to ${vocabulary - 1}, found ${id ?? 'none'}`,
        )
    }
  }
  const end = offsets[sequences] ?? 0
  if (end !== ids.length) throw new RangeError(`batch: expected ${end} ids, as the offsets say, found ${ids.length}`)
  return batch
}
