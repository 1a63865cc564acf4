/** Files whose contents decide a result: hashed when work begins, looked at again before it is kept. */
import { fail } from '../domain/problem.js'
import { sha256, sha256OfFile, signatureOfFile } from '../io/hash.js'

export interface Watched {
  /** SHA-256 of all of them together. */
  readonly hash: string
  /** @throws Failure (in the promise) if a file is no longer what it was when its hash was taken. */
  readonly unchanged: () => Promise<void>
}

/** The signature is taken first: whatever changes while a file is hashed shows later. @throws Failure (in the promise) */
export const watched = async (files: readonly string[]): Promise<Watched> => {
  const seen: { readonly file: string; readonly signature: string; readonly hash: string }[] = []
  for (const file of files) seen.push({ file, signature: await signatureOfFile(file), hash: await sha256OfFile(file) })
  return {
    hash: sha256(seen.map(f => f.hash).join('\n')),
    unchanged: async () => {
      for (const { file, signature, hash } of seen)
        if ((await signatureOfFile(file)) !== signature && (await sha256OfFile(file)) !== hash)
          fail(file, '', 'the file as it was when the run began', 'another: it was changed meanwhile')
    },
  }
}
