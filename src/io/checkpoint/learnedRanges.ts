/**
 * Ranges that hardware-aware training learned, beside the model: ranges.safetensors, with the input range of each tile of
 * a layer as `<layer>.input_ranges` [tiles], and the full scale of each of their columns, tile after tile, as
 * `<layer>.column_ranges` [columns]. Not here: how they are learned, or written.
 */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { join } from 'node:path'
import { Failure, problem, type Problem } from '../../domain/problem.js'
import { attempt } from '../fault.js'
import { sizeOf, withSource } from '../source.js'
import { readSafetensors } from './safetensors.js'
import { readStoredInto, shownShape } from './stored.js'

export const learnedRangesFile = 'ranges.safetensors'

export type LearnedKind = 'input_ranges' | 'column_ranges'

export interface LearnedRanges {
  readonly file: string
  /** How many ranges of a kind there are for a layer; null if none. */
  readonly length: (layer: string, kind: LearnedKind) => number | null
  /**
   * A layer's ranges of one kind. @param length how many the tiles in use have
   * @throws Failure (in the promise) if there are none, or another number of them
   */
  readonly read: (layer: string, kind: LearnedKind, length: number) => Promise<Float32Array>
}

/** Null if the checkpoint has none. */
export const openLearnedRanges = (folder: string): TaskEither<Problem, LearnedRanges | null> =>
  attempt(folder, async () => {
    const file = join(folder, learnedRangesFile)
    if ((await sizeOf(file)) === null) return null
    const tensors = await readSafetensors(file)
    return {
      file,
      length: (layer, kind) => {
        const shape = tensors.get(`${layer}.${kind}`)?.shape
        return shape?.length === 1 ? (shape[0] ?? null) : null
      },
      read: async (layer, kind, length) => {
        const name = `${layer}.${kind}`
        const tensor = tensors.get(name)
        const expected = `${shownShape([length])} ranges, as many as these tiles need`
        if (tensor === undefined) throw new Failure(problem(file, `tensor ${name}`, expected, 'no such tensor'))
        if (tensor.shape.length !== 1 || tensor.shape[0] !== length)
          throw new Failure(problem(file, `tensor ${name}`, expected, shownShape(tensor.shape)))
        const ranges = new Float32Array(length)
        await withSource(file, source => readStoredInto(source, tensor, ranges))
        const bad = ranges.findIndex(r => !(r > 0 || (r === 0 && kind === 'column_ranges')))
        if (bad >= 0)
          throw new Failure(problem(file, `tensor ${name}`, 'positive ranges', `${ranges[bad]} at index ${bad}`))
        return ranges
      },
    }
  })
