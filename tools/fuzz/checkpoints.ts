/** Kinds of checkpoint files: config.json, safetensors whole and in shards, pickles in torch archives. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Json } from '../../src/domain/experiment/config.js'
import { openCheckpoint } from '../../src/io/checkpoint/checkpoint.js'
import { orThrow } from '../../src/io/fault.js'
import { config, framed, safetensors, tensors, type Header, type Listed } from '../../test/io/checkpoint/miniature.js'
import { spoiltBytes } from './bytes.js'
import { spoiltJson } from './json.js'
import { text, type Files, type Kind, type Wrong } from './kind.js'
import { sentinel, spoiltArchive } from './pickles.js'
import type { Random } from './random.js'

const configBytes = new TextEncoder().encode(JSON.stringify(config))

/** Every tensor is what stands in its file at its place, and all of them are read. */
const readAll = async (folder: string): Promise<Wrong> => {
  const checkpoint = await orThrow(openCheckpoint(folder, { classifier: 'optional' }))
  for (const [name, { file, offset, shape, dtype }] of checkpoint.tensors) {
    const count = shape.reduce((a, b) => a * b, 1)
    if (dirname(resolve(file)) !== resolve(folder)) return `${name} lies outside of the folder`
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

const lengths = [2n ** 63n, 2n ** 63n - 1n, 2n ** 64n - 1n, 2n ** 53n, 2n ** 32n, 2n ** 31n, 100_000_000n, 0n, 1n, 2n]

/** A header with one of its tensors, or all of it, told otherwise, or of another length than it says; then perhaps the bytes. */
const spoiltSafetensors = (list: readonly Listed[], random: Random): Uint8Array => {
  if (random.chance(0.05)) return framed(new Uint8Array(random.below(64)).fill(0x20), list, random.pick(lengths))
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

/** Ways to a shard that is there, and to what is there on every machine: none of them is the name of a file beside the index. */
const ways = (name: string): readonly string[] => [
  ...[`../case/${name}`, `./${name}`, `x/../${name}`, `..\\case\\${name}`, `${name}/`, `${name}\0`, `file:${name}`],
  ...['/dev/zero', '/proc/self/mem', '../../../../../../etc/passwd', '.', '..', 'CON:', 'config.json'],
]

const indexFile = 'model.safetensors.index.json'

const spoiltIndex = (random: Random): Uint8Array => {
  const name = random.pick(Object.keys(weightMap))
  const led = random.chance(0.3) ? { ...weightMap, [name]: random.pick(ways(weightMap[name] ?? '')) } : weightMap
  const index = { metadata: { total_size: 1 }, weight_map: led }
  return led === weightMap ? spoiltJson(index, random) : Buffer.from(JSON.stringify(index))
}

export const safetensorsIndex: Kind = {
  name: 'safetensors-index',
  spoilt: (random): Files => ({
    'config.json': configBytes,
    [indexFile]: spoiltIndex(random),
    ...Object.fromEntries(
      shards.map((list, i) => [shardName(i), random.chance(0.1) ? spoiltSafetensors(list, random) : safetensors(list)]),
    ),
  }),
  read: async (folder, files) => {
    const wrong = await readAll(folder)
    // as: it was accepted as an index
    const { weight_map } = JSON.parse(text(files[indexFile]).replace(/^\ufeff/, '')) as {
      weight_map: Readonly<Record<string, unknown>>
    }
    const led = Object.values(weight_map).find(name => !/^model-0000[12]-of-00002\.safetensors$/.test(String(name)))
    return led === undefined ? wrong : `it leads to ${JSON.stringify(led)}`
  },
  command,
}

export const pickle: Kind = {
  name: 'pickle',
  spoilt: random => ({ 'config.json': configBytes, 'pytorch_model.bin': spoiltArchive(tensors, random) }),
  read: async folder => {
    const found = await readAll(folder).finally(() => {
      for (const place of [folder, process.cwd()])
        if (existsSync(join(place, sentinel)))
          throw new Error(`code in the pickle was run: it made ${place}/${sentinel}`)
    })
    return found
  },
  command,
}
