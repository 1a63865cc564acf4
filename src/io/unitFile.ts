/**
 * What one finished unit of work leaves behind: its outcomes as an Arrow IPC stream, then a SHA-256 of all that
 * stands before it. The file's name is the hash of what the unit depends on; a damaged file counts as not there.
 */
import { createHash } from 'node:crypto'
import type { Vector } from 'apache-arrow'
import { outcomesTable, type Outcome, type OutcomeColumn } from '../domain/tables/predictions.js'
import type { Provenance } from '../domain/tables/table.js'
import { writeAtomically } from './atomicFile.js'
import { blocks, openSource, readRange, sizeOf, withSource } from './source.js'
import { arrowBatches, arrowStreamSink } from './tables/arrow.js'
import type { TableSink } from './tables/sink.js'

const magic = new TextEncoder().encode('OHMUNIT1')
const digestBytes = 32
const trailer = magic.length + digestBytes
const blockBytes = 1 << 16

/** Writes a unit file whole or not at all. */
export const writeUnit = async <A>(
  path: string,
  provenance: Provenance,
  produce: (sink: TableSink<OutcomeColumn>) => Promise<A>,
): Promise<A> =>
  writeAtomically(path, async sink => {
    const hash = createHash('sha256')
    const rows = arrowStreamSink(outcomesTable, provenance, {
      write: bytes => {
        hash.update(bytes)
        return sink.write(bytes)
      },
    })
    const result = await produce(rows)
    await rows.close()
    await sink.write(magic)
    await sink.write(hash.update(magic).digest())
    return result
  })

export type UnitState = 'absent' | 'whole' | 'damaged'

/** Whether a unit file is there and its checksum holds. @throws Failure (in the promise) if it cannot be read. */
export const unitState = async (path: string): Promise<UnitState> => {
  if ((await sizeOf(path)) === null) return 'absent'
  return withSource(path, async source => {
    if (source.size < trailer) return 'damaged'
    const hash = createHash('sha256')
    for await (const block of blocks(source, blockBytes, source.size - digestBytes)) hash.update(block)
    const end = await readRange(source, 'trailer', source.size - trailer, trailer)
    const expected = Buffer.concat([magic, hash.digest()])
    return expected.equals(end) ? 'whole' : 'damaged'
  })
}

/** The outcomes of a whole unit file, in order, batch by batch. The file is closed at the end. @throws Failure */
export const readUnit = async function* (path: string): AsyncGenerator<Outcome> {
  const source = await openSource(path)
  try {
    yield* outcomes(path, blocks(source, blockBytes, source.size - trailer))
  } finally {
    await source.close()
  }
}

const outcomes = async function* (path: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Outcome> {
  for await (const batch of arrowBatches(bytes)) {
    const column = (name: OutcomeColumn): Vector => {
      const found = batch.getChild(name)
      if (found === null) throw new Error(`${path}: no column ${name}`)
      return found
    }
    const [example, label, prediction, logits] = (['example', 'label', 'prediction', 'logits'] as const).map(column)
    if (example === undefined || label === undefined || prediction === undefined || logits === undefined) return
    for (let i = 0; i < batch.numRows; i++) {
      yield {
        example: example.get(i) as number, // as: the schema of outcomesTable
        label: label.get(i) as number | null, // as: the schema of outcomesTable
        prediction: prediction.get(i) as number, // as: the schema of outcomesTable
        logits: Float32Array.from((logits.get(i) as Vector).toArray() as Float32Array), // as: the schema of outcomesTable
      }
    }
  }
}
