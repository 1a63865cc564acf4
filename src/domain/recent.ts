/** A map that holds the few entries that were used last. */
export const keepLast = <K, A>(known: Map<K, A>, most: number, key: K, value: A): A => {
  known.delete(key)
  known.set(key, value)
  for (const oldest of known.keys()) {
    if (known.size <= most) break
    known.delete(oldest)
  }
  return value
}
