/** Numbers drawn by a seed, so that a failure can be had again. */
import { createHash } from 'node:crypto'

export interface Draws {
  /** Uniform in [0, 1). */
  readonly unit: () => number
  /** An integer in [0, n). */
  readonly below: (n: number) => number
}

export const draws = (...seed: readonly (string | number)[]): Draws => {
  let count = 0
  const unit = (): number =>
    createHash('sha256')
      .update([...seed, count++].join(' '))
      .digest()
      .readUInt32LE(0) /
    2 ** 32
  return { unit, below: n => Math.floor(unit() * n) }
}
