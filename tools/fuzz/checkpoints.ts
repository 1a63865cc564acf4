/** Kinds of checkpoint files: config.json, safetensors whole and in shards, pickles in torch archives. */
import { readFileSync, statSync } from 'node:fs'
import type { Json } from '../../src/domain/experiment/config.js'
import { openCheckpoint } from '../../src/io/checkpoint/checkpoint.js'
import { orThrow } from '../../src/io/fault.js'
import { archive, zip } from '../../test/io/checkpoint/torchArchive.js'
import { config, safetensors, tensors, type Header, type Listed } from '../../test/io/checkpoint/miniature.js'
import { spoiltBytes } from './bytes.js'
import { spoiltJson } from './json.js'
import type { Files, Kind, Wrong } from './kind.js'
import type { Random } from './random.js'

const configBytes = new TextEncoder().encode(JSON.stringify(config))

/** Every tensor is what stands in its file at its place, and all of them are read. */
const readAll = async (folder: string): Promise<Wrong> => {
  const checkpoint = await orThrow(openCheckpoint(folder, { classifier: 'optional' }))
  for (const [name, { file, offset, shape, dtype }] of checkpoint.tensors) {
    const count = shape.reduce((a, b) => a * b, 1)
    if (!file.startsWith(folder)) return `${name} lies outside of the folder`
    if (offset + count * (dtype === 'F32' ? 4 : 2) > statSync(file).size) return `${name} lies beyond its file`
    const out = new Float32Array(count)
    await orThrow(checkpoint.readInto(name, out))
    if (!out.every(Number.isFinite)) return `${name} has weights that are not finite`
    if (dtype !== 'F32') continue
    const bytes = readFileSync(file)
    for (let i = 0; i < count; i++)
      if (bytes.readFloatLE(offset + 4 * i) !== out[i]) return `${name}[${i}] is not what stands in the file`
  }
  return null
}

const command: Kind['command'] = folder => ({ args: ['inspect', folder] })

/** A header with one of its tensors, or all of it, told otherwise; then perhaps the bytes. */
const spoiltSafetensors = (list: readonly Listed[], random: Random): Uint8Array => {
  const lie = (header: Header): void => {
    const lied = JSON.parse(Buffer.from(spoiltJson(header as Json, random)).toString()) as Header // as: JSON of an object
    for (const key of Object.keys(header)) Reflect.deleteProperty(header, key)
    Object.assign(header, lied)
  }
  try {
    const whole = random.chance(0.6) ? safetensors(list, lie) : safetensors(list)
    return random.chance(0.5) ? spoiltBytes(whole, random) : whole
  } catch {
    return spoiltBytes(safetensors(list), random) // the lie was no JSON
  }
}

export const modelConfig: Kind = {
  name: 'model-config',
  spoilt: random => ({
    'config.json': spoiltJson({ ...config, id2label: { 0: 'a', 1: 'b' }, num_labels: 2 }, random),
    'model.safetensors': safetensors(tensors),
  }),
  read: readAll,
  command,
}

export const safetensorsKind: Kind = {
  name: 'safetensors',
  spoilt: random => ({ 'config.json': configBytes, 'model.safetensors': spoiltSafetensors(tensors, random) }),
  read: readAll,
  command,
}

const half = Math.ceil(tensors.length / 2)
const shards = [tensors.slice(0, half), tensors.slice(half)]
const shardName = (i: number): string => `model-0000${i + 1}-of-00002.safetensors`
const weightMap = Object.fromEntries(shards.flatMap((list, i) => list.map(({ name }) => [name, shardName(i)])))

export const safetensorsIndex: Kind = {
  name: 'safetensors-index',
  spoilt: random => ({
    'config.json': configBytes,
    'model.safetensors.index.json': spoiltJson({ metadata: { total_size: 1 }, weight_map: weightMap }, random),
    ...Object.fromEntries(
      shards.map((list, i) => [shardName(i), random.chance(0.1) ? spoiltSafetensors(list, random) : safetensors(list)]),
    ),
  }),
  read: readAll,
  command,
}

const entries = archive(tensors)

export const pickle: Kind = {
  name: 'pickle',
  spoilt: (random): Files => {
    const inside = random.chance(0.6)
    const spoiltEntries = inside
      ? entries.map(entry =>
          entry.name.endsWith('data.pkl') ? { ...entry, data: spoiltBytes(entry.data, random) } : entry,
        )
      : entries
    const whole = zip(spoiltEntries, random.chance(0.2))
    return { 'config.json': configBytes, 'pytorch_model.bin': inside ? whole : spoiltBytes(whole, random) }
  },
  read: readAll,
  command,
}
