/**
 * pytorch_model.bin as torch.save writes it since PyTorch 1.6: a zip archive of one pickle and a file per storage.
 * Not modelled: the older format without zip, TorchScript, big-endian archives, tensors that are not contiguous.
 */
import { Failure, problem } from '../../domain/problem.js'
import { unpickleStateDictionary, type PickledTensor } from './pickle.js'
import { readRange, withSource, type Source } from '../source.js'
import { elements, shownShape, type StoredTensor } from './stored.js'
import { readZipDirectory, type ZipEntry } from './zip.js'

const widths: Readonly<Partial<Record<string, number>>> = {
  ...{ BOOL: 1, U8: 1, I8: 1, I16: 2, F16: 2, BF16: 2, I32: 4, F32: 4, I64: 8, F64: 8 },
}

type Entries = ReadonlyMap<string, ZipEntry>

/** The folder inside the archive that everything lies in. */
const rootOf = (source: Source, entries: Entries): string => {
  const roots = [...entries.keys()]
    .filter(name => /^[^/]+\/data\.pkl$/.test(name))
    .map(name => name.split('/')[0] ?? '')
  const [root] = roots
  if (root !== undefined && roots.length === 1) return root
  throw new Failure(problem(source.path, '', 'an archive of torch.save with one data.pkl', `${roots.length} of them`))
}

const checkByteOrder = async (source: Source, entry: ZipEntry | undefined): Promise<void> => {
  if (entry === undefined) return
  const order = new TextDecoder().decode(await readRange(source, entry.name, entry.offset, Math.min(entry.size, 16)))
  if (order !== 'little') throw new Failure(problem(source.path, entry.name, 'little', order))
}

/** Row-major without holes; strides along axes of one element say nothing. */
const isContiguous = ({ shape, strides }: PickledTensor): boolean => {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 0
    if (size === 0) return true
    if (size !== 1 && strides[axis] !== expected) return false
    expected *= size
  }
  return true
}

const stored = (source: Source, root: string, entries: Entries, name: string, tensor: PickledTensor): StoredTensor => {
  const { dtype, shape } = tensor
  const refuse = (expected: string, found: string): Failure =>
    new Failure(problem(source.path, `tensor ${name}`, expected, found))
  const entry = entries.get(`${root}/data/${tensor.storage}`)
  if (entry === undefined) throw refuse(`its storage ${root}/data/${tensor.storage} in the archive`, 'no such entry')
  const width = widths[dtype] ?? NaN
  if (entry.size !== tensor.storageElements * width) {
    const expected = `a storage of ${tensor.storageElements} elements of ${dtype}`
    throw refuse(expected, `${entry.size} bytes in ${entry.name}`)
  }
  if (!isContiguous(tensor)) {
    throw refuse('a contiguous tensor', `strides ${shownShape(tensor.strides)} for ${shownShape(shape)}`)
  }
  const end = tensor.first + elements(shape)
  if (end > tensor.storageElements) {
    throw refuse(`elements within its storage of ${tensor.storageElements}`, `elements ${tensor.first} to ${end}`)
  }
  return { file: source.path, name, dtype, shape, offset: entry.offset + tensor.first * width }
}

/** The tensors of a pytorch_model.bin, by name; storages are not read. @throws Failure (in the promise) */
export const readTorchArchive = (path: string): Promise<ReadonlyMap<string, StoredTensor>> =>
  withSource(path, async source => {
    const entries = await readZipDirectory(source)
    const root = rootOf(source, entries)
    await checkByteOrder(source, entries.get(`${root}/byteorder`))
    const pickleName = `${root}/data.pkl`
    const pickle = entries.get(pickleName)
    const bytes = await readRange(source, pickleName, pickle?.offset ?? 0, pickle?.size ?? 0)
    const tensors = unpickleStateDictionary(path, pickleName, bytes)
    return new Map([...tensors].map(([name, tensor]) => [name, stored(source, root, entries, name, tensor)]))
  })
