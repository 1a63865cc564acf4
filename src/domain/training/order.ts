/**
 * In which order a training set is seen: shuffled anew each epoch, in batches of like lengths, so that the threads that
 * share a batch have about the same to do. A function of seed and epoch, so that going on in the middle needs no state.
 * Not modelled: weights of examples, sampling with replacement.
 */
import { stream } from '../random/stream.js'

/** Batches that are sorted by length together. */
export const bucketBatches = 32

const cut = <A>(items: readonly A[], size: number): readonly (readonly A[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))

/**
 * The batches of an epoch: positions in `lengths`, each once.
 * @param lengths of the sequences, in tokens
 * @param batch examples of each batch but one, which has what is left
 */
export const epochBatches = (
  lengths: ArrayLike<number>,
  { seed, epoch, batch }: { readonly seed: number; readonly epoch: number; readonly batch: number },
): readonly (readonly number[])[] => {
  const random = stream(seed, 'training order', epoch)
  const shuffled = random.shuffle(Array.from(lengths, (_, i) => i))
  // A stable sort: sequences of one length stay in their random order.
  const sorted = (bucket: readonly number[]): readonly number[] =>
    bucket.toSorted((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0))
  return random.shuffle(cut(shuffled, batch * bucketBatches).flatMap(bucket => cut(sorted(bucket), batch)))
}
