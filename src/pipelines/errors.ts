/**
 * Where a method's errors on a task come from: each linear layer on the first chip at its first read, source by source,
 * on the model's own digital inputs. Common random numbers: every source alone meets the devices of the whole chip.
 */
import { linearLayers } from '../domain/encoder/architecture.js'
import { tilesOf } from '../domain/crossbar/tiling.js'
import type { Batch } from '../domain/encoder/algebra.js'
import { changesWithTime, isAmplified, isPresent, withOnly } from '../domain/experiment/error-sources.js'
import type { Hardware } from '../domain/experiment/hardware.js'
import { fail } from '../domain/problem.js'
import { errorSources, type ErrorRow, type ErrorSource } from '../domain/tables/errors.js'
import type { CalibrationVectors, TileRanges } from '../engines/analog/parameters.js'
import { comparesWithFirst } from '../engines/analog/readTile.js'
import { numbersALayer, type ChipReading, type Variant } from '../engines/errors/interpreter.js'
import { loadPlain, type PlainParameters } from '../engines/errors/parameters.js'
import { orThrow } from '../io/fault.js'
import type { Heap } from '../kernels/heap.js'
import { chipSettings, momentAt, placeMoments } from './analog.js'
import { batchOf, type Sequence } from './batches.js'
import { startEngine, threadsOf, type EngineOptions } from './digital.js'
import { checkpointed, closed, unlessInterrupted } from './interruption.js'
import type { CalibrationData, OpenTask } from './openTask.js'
import type { Progress } from './progress.js'
import { tokenised } from './tokenised.js'

/** Rows of inputs that errors are measured on, at most; at least one sequence. */
export const mostTokens = 1024

/** The first calibration examples, as many as are needed. */
const calibrationBatch = async (open: OpenTask, data: CalibrationData): Promise<Batch> => {
  const sequences: Sequence[] = []
  let tokens = 0
  for await (const { example, ids } of tokenised(open, data)) {
    if (sequences.length > 0 && tokens + ids.length > mostTokens) break
    sequences.push({ ids, example: example.index })
    tokens += ids.length
  }
  return batchOf(sequences)
}

/** One source at one time: its place in the table, and the chip it is measured on. */
interface Measurement {
  readonly source: ErrorSource
  readonly timeSeconds: number
  readonly variant: Variant
}

const measurements = (
  heap: Heap,
  hardware: Hardware,
  seed: number,
  times: readonly number[],
): readonly Measurement[] => {
  const readings = (own: Hardware): ((timeSeconds: number) => ChipReading) => {
    const chip = chipSettings(heap, own, seed)
    return timeSeconds => ({
      chip,
      occasion: { chip: 0, read: 0 },
      now: momentAt(own, timeSeconds),
      first: comparesWithFirst(own) ? momentAt(own, 0) : null,
      moments: placeMoments(heap, own, timeSeconds),
    })
  }
  const wholeAt = readings(hardware)
  /** At each time one object, so that a task reads it once for all its variants. */
  const wholes = new Map(times.map(timeSeconds => [timeSeconds, wholeAt(timeSeconds)]))
  return errorSources
    .filter(source => isPresent(hardware, source))
    .flatMap(source => {
      const alone = readings(withOnly(hardware, source))
      const amplified = isAmplified(hardware, source)
      return times
        .filter((_, i) => i === 0 || changesWithTime(hardware, source))
        .map(timeSeconds => ({
          ...{ source, timeSeconds },
          variant: { ...alone(timeSeconds), amplifiedAs: amplified ? (wholes.get(timeSeconds) ?? null) : null },
        }))
    })
}

export interface ErrorsWanted {
  readonly method: string
  readonly hardware: Hardware
  readonly seed: number
  readonly times: readonly number[]
  readonly ranges: readonly TileRanges[]
  /** Of every layer, for a compensation that is fitted on them; null: there is none. */
  readonly vectors: ReadonlyMap<string, CalibrationVectors> | null
}

/** Ranges of each layer's tiles. */
const byLayer = (
  open: OpenTask,
  { hardware, ranges }: Pick<ErrorsWanted, 'hardware' | 'ranges'>,
): ((layer: string) => readonly TileRanges[]) => {
  const found = new Map<string, readonly TileRanges[]>()
  let at = 0
  for (const layer of linearLayers(open.checkpoint.architecture)) {
    const tiles = tilesOf(layer, hardware.tile).length
    found.set(layer.name, ranges.slice(at, at + tiles))
    at += tiles
  }
  return name => found.get(name) ?? []
}

/** Of a layer: its exact output's energy, the error's measured and expected one. */
type Energies = readonly [exact: number, error: number, expected: number]

/** Every measurement's energies, layer by layer. */
const measured = async (
  open: OpenTask,
  data: CalibrationData,
  wanted: ErrorsWanted,
  options: EngineOptions,
  reporting: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<{
  readonly batch: Batch
  readonly all: readonly Measurement[]
  readonly energies: ReadonlyMap<Measurement, readonly Energies[]>
}> => {
  const batch = await calibrationBatch(open, data)
  const { architecture } = open.checkpoint
  const { heap, engine } = await startEngine(
    options,
    async ({ heap }): Promise<{ kind: 'errors'; parameters: PlainParameters }> => ({
      kind: 'errors',
      parameters: await loadPlain(
        architecture,
        byLayer(open, wanted),
        wanted.vectors,
        (name, out) => orThrow(open.checkpoint.readInto(name, out)),
        heap,
      ),
    }),
  )
  try {
    const all = measurements(heap, wanted.hardware, wanted.seed, wanted.times)
    reporting.progress.begin(`${open.source.task}: ${wanted.method}, where errors come from`, all.length, 'measurement')
    const energies = new Map<Measurement, readonly Energies[]>()
    // A task goes through the model once for all its measurements: as few tasks as keep every worker busy.
    const share = async (own: readonly Measurement[]): Promise<void> => {
      if (own.length === 0) return
      const found = await engine.perform({ kind: 'layer errors', batch, variants: own.map(m => m.variant) })
      const width = numbersALayer(own.length)
      own.forEach((m, i) =>
        energies.set(
          m,
          Array.from({ length: found.length / width }, (_, layer) => {
            const at = layer * width
            return [found[at] ?? NaN, found[at + 1 + 2 * i] ?? NaN, found[at + 2 + 2 * i] ?? NaN]
          }),
        ),
      )
      reporting.progress.advance(own.length, 0)
      checkpointed(reporting.signal)
    }
    const shares = threadsOf(engine)
    const begun = Array.from({ length: shares }, (_, k) => share(all.filter((__, i) => i % shares === k)))
    await unlessInterrupted(Promise.all(begun), reporting.signal)
    reporting.progress.end()
    return { batch, all, energies }
  } finally {
    await closed(engine, reporting.signal)
  }
}

/**
 * Rows in the order of times, layers and sources; sources that the chip does not have are left out.
 * @throws Failure (in the promise) if a layer's exact output on all calibration inputs is 0: nothing is relative to it
 */
export const layerErrors = async (
  open: OpenTask,
  data: CalibrationData,
  wanted: ErrorsWanted,
  options: EngineOptions,
  reporting: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<readonly ErrorRow[]> => {
  const { batch, all, energies } = await measured(open, data, wanted, options, reporting)
  const layers = linearLayers(open.checkpoint.architecture)
  return wanted.times.flatMap(timeSeconds =>
    layers.flatMap(({ name }, layer) =>
      errorSources.flatMap((source): readonly ErrorRow[] => {
        const found = all.find(
          m => m.source === source && (m.timeSeconds === timeSeconds || !changesWithTime(wanted.hardware, source)),
        )
        if (found === undefined) return []
        const [exact, error, expected] = energies.get(found)?.[layer] ?? [NaN, NaN, NaN]
        if (!(exact > 0)) fail(open.checkpoint.folder, name, 'outputs other than 0 on the calibration examples', '0')
        return [
          {
            ...{ task: open.source.task, method: wanted.method, time_seconds: timeSeconds, layer: name, source },
            error: Math.sqrt(error / exact),
            predicted: Math.sqrt(expected / exact),
            tokens: name.startsWith('classifier.') ? batch.examples.length : batch.ids.length,
          },
        ]
      }),
    ),
  )
}
