/**
 * The weights of a checkpoint folder, whichever way they are kept: safetensors or torch archives, whole or in shards.
 * Not modelled: other frameworks' files (tf_model.h5, flax_model.msgpack), shards in other folders.
 */
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as t from 'io-ts/lib/index.js'
import { join } from 'node:path'
import { Failure, firstOf, problem } from '../../domain/problem.js'
import { accepting, decode, jsonPath, shown } from '../decoding.js'
import { orThrow, valueOrThrow } from '../fault.js'
import { isFileName } from '../fileName.js'
import { sizeOf } from '../source.js'
import { readJson } from '../textFile.js'
import { readSafetensors } from './safetensors.js'
import type { StoredTensor } from './stored.js'
import { readTorchArchive } from './torchArchive.js'

export interface Weights {
  /** The file that lists the tensors: the only one, or the index. */
  readonly list: string
  /** Every file that takes part, `list` first. */
  readonly files: readonly string[]
  /** By their names in the files. */
  readonly tensors: ReadonlyMap<string, StoredTensor>
}

type ReadTensors = (path: string) => Promise<ReadonlyMap<string, StoredTensor>>

/** File names in order of preference, as in transformers. */
const candidates: readonly (readonly [name: string, read: ReadTensors, sharded: boolean])[] = [
  ['model.safetensors', readSafetensors, false],
  ['model.safetensors.index.json', readSafetensors, true],
  ['pytorch_model.bin', readTorchArchive, false],
  ['pytorch_model.bin.index.json', readTorchArchive, true],
]

/** The value of a small JSON file. @throws Failure (in the promise) */
export const readJsonFile = (path: string): Promise<unknown> => orThrow(TE.mapLeft(firstOf)(readJson(path)))

const fileName = accepting(
  'the name of a file in the same folder',
  (u): u is string => typeof u === 'string' && isFileName(u),
)

const index = t.type(
  { weight_map: t.record(t.string, fileName, 'an object from tensor to file') },
  'an object with a weight_map',
)

/** Shards as an index names them: each tensor where it says, no tensor it does not know. */
const readShards = async (folder: string, list: string, read: ReadTensors): Promise<Weights> => {
  const entries = Object.entries(valueOrThrow(decode(index, list)(await readJsonFile(list))).weight_map)
  const names = [...new Set(entries.map(([, shard]) => shard))].sort()
  const shards = new Map<string, ReadonlyMap<string, StoredTensor>>()
  const home = new Map(entries)
  for (const name of names) {
    const path = join(folder, name)
    if ((await sizeOf(path)) === null) {
      const [tensor] = entries.find(([, shard]) => shard === name) ?? ['']
      throw new Failure(
        problem(list, jsonPath(['weight_map', tensor]), `the file ${shown(name)} beside the index`, 'none'),
      )
    }
    const tensors = await read(path)
    for (const tensor of tensors.keys()) {
      if (home.get(tensor) === name) continue
      const found = home.has(tensor) ? `it mapped to ${shown(home.get(tensor))}` : 'it not mapped'
      throw new Failure(
        problem(list, jsonPath(['weight_map', tensor]), `${shown(name)}, which holds the tensor`, found),
      )
    }
    shards.set(name, tensors)
  }
  const tensors = entries.map(([tensor, shard]): [string, StoredTensor] => {
    const found = shards.get(shard)?.get(tensor)
    if (found !== undefined) return [tensor, found]
    throw new Failure(
      problem(list, jsonPath(['weight_map', tensor]), `the tensor in ${shown(shard)}`, 'none of that name'),
    )
  })
  return { list, files: [list, ...names.map(name => join(folder, name))], tensors: new Map(tensors) }
}

/** The weights of a folder; only headers are read. @throws Failure (in the promise) */
export const findWeights = async (folder: string): Promise<Weights> => {
  for (const [name, read, sharded] of candidates) {
    const path = join(folder, name)
    if ((await sizeOf(path)) === null) continue
    return sharded ? readShards(folder, path, read) : { list: path, files: [path], tensors: await read(path) }
  }
  throw new Failure(problem(folder, '', `weights: ${candidates.map(([name]) => name).join(', ')}`, 'none of them'))
}
