/**
 * Calibration examples streamed through a model, digitally, and what is found out about its layers: how inputs are spread,
 * what columns give, and what the tiles' errors depend on. Any batching and number of threads gives the same bits;
 * memory does not grow with the number of tokens.
 */
import { tap } from 'rxjs'
import type { TileSize } from '../domain/crossbar/tiling.js'
import { fail } from '../domain/problem.js'
import type { OutputStatistics } from '../domain/ranges/column-range.js'
import { fineBins } from '../domain/ranges/histogram.js'
import { slotsInOrder, standsFor } from '../domain/ranges/sample.js'
import type { InputStatistics } from '../domain/ranges/input-range.js'
import { notFinite, tooLarge, type NotFinite, type Observe } from '../engines/calibration/observe.js'
import {
  placeCalibration,
  sampleAt,
  type CalibrationParameters,
  type LayerPlaces,
  type Observed,
} from '../engines/calibration/parameters.js'
import type { CalibrationVectors } from '../engines/analog/parameters.js'
import type { TaskEngine } from '../engines/interpreter.js'
import { loadTrainingParameters } from '../engines/training/parameters.js'
import { resetTurns } from '../engines/training/turns.js'
import { orThrow } from '../io/fault.js'
import type { Heap } from '../kernels/heap.js'
import { batchOf, groups } from './batches.js'
import { startEngine, type EngineOptions } from './digital.js'
import { checkpointed, closed, toEnd, uninterrupted } from './interruption.js'
import type { CalibrationData, OpenTask } from './openTask.js'
import type { Progress } from './progress.js'
import { pull } from './pull.js'
import { tokenised } from './tokenised.js'

/** A model after its calibration examples have passed; its summaries lie on the heap. */
export interface Calibrated {
  readonly heap: Heap
  readonly engine: TaskEngine
  readonly parameters: CalibrationParameters
  /** In all examples. */
  readonly tokens: number
}

export interface Passing {
  readonly observed: Observed
  readonly tile: TileSize
  /**
   * The functions of the logits whose gradients weigh errors, one pass over the examples for each; null: one pass, and
   * every error counts the same.
   */
  readonly contrasts: readonly Float32Array[] | null
  /** Input vectors of each layer that are kept, where errors are observed; default: none. */
  readonly vectors?: number
  /** Whether the inputs that errors depend on are told row by row; default: they are not. */
  readonly rows?: boolean
}

/** How calibration runs, whatever it is for. */
export interface Calibrating {
  readonly options: EngineOptions
  readonly progress: Progress
  /** Called before a model is loaded: whoever has another one lets go of it. */
  readonly before: () => Promise<void>
}

const refuse = (
  { checkpoint }: OpenTask,
  { layers }: CalibrationParameters,
  { layer: number, example, of, index, value }: NotFinite,
): never => {
  const layer = [...layers.values()].find(l => l.number === number)
  const [expected, where] = of === 'input' ? ['inputs', 'input'] : ["gradients of the layer's outputs", 'output']
  const tile = layer?.tiles.find(({ rows, columns }) => {
    const { first, size } = of === 'input' ? rows : columns
    return index >= first && index < first + size
  })
  return fail(
    checkpoint.folder,
    `${layer?.name ?? number}, tile ${tile?.index ?? ''}`,
    `${expected} below 2^${Math.log2(tooLarge)} in magnitude on the calibration examples`,
    `${value} at ${where} ${index} of example ${example}`,
  )
}

/**
 * One pass over the examples, added to the summaries. @returns the number of tokens
 * @throws Failure (in the promise) if a number is none, or too large; Interrupted
 */
const pass = async (
  open: OpenTask,
  data: CalibrationData,
  { heap, engine, parameters }: Omit<Calibrated, 'tokens'>,
  { contrast, again }: Pick<Observe, 'contrast' | 'again'>,
  { progress, options: { signal = uninterrupted } }: Pick<Calibrating, 'progress' | 'options'>,
): Promise<number> => {
  resetTurns(heap, parameters.turns, parameters.tensors.size)
  let group = 0
  let tokens = 0
  const bad: NotFinite[] = []
  await toEnd(
    pull(
      groups(tokenised(open, data), item => item.ids.length),
      {
        inFlight: engine.inFlight,
        work: async items => {
          const batch = batchOf(items.map(({ example, ids }) => ({ ids, example: example.index })))
          const found = await engine.perform({ kind: 'observe', batch, group: group++, contrast, again })
          tokens += batch.ids.length
          progress.advance(items.length, batch.ids.length)
          return notFinite(found)
        },
      },
    ).pipe(
      tap(found => {
        if (found !== null) bad.push(found)
      }),
    ),
    signal,
  )
  const [first] = bad
  if (first !== undefined) refuse(open, parameters, first)
  return tokens
}

/**
 * Passes the examples, and lets `use` look at what they left.
 * @throws Failure (in the promise) if a layer's input or gradient is no number, or too large, named by tile and example;
 * Interrupted: then nobody waits for the groups under way, and the engine ends after them
 */
export const calibrated = async <A>(
  open: OpenTask,
  data: CalibrationData,
  { observed, tile, contrasts, vectors = 0, rows = false }: Passing,
  calibrating: Calibrating,
  use: (model: Calibrated) => Promise<A>,
): Promise<A> => {
  const { checkpoint } = open
  const { options, progress, before } = calibrating
  const { signal = uninterrupted } = options
  await before()
  const { heap, engine, parameters } = await startEngine(
    options,
    async ({ heap }): Promise<{ kind: 'calibration'; parameters: CalibrationParameters }> => {
      const read = (name: string, out: Float32Array): Promise<void> => {
        checkpointed(signal)
        return orThrow(checkpoint.readInto(name, out))
      }
      const tensors = await loadTrainingParameters(checkpoint.architecture, read, heap, false)
      return { kind: 'calibration', parameters: placeCalibration(tensors, observed, tile, heap, { vectors, rows }) }
    },
  )
  try {
    const model = { heap, engine, parameters }
    const passes = contrasts ?? [null]
    progress.begin(`${open.source.task}: calibration, ${observed} of layers`, passes.length * data.examples)
    let tokens = 0
    for (const [i, contrast] of passes.entries())
      tokens = await pass(open, data, model, { contrast, again: i > 0 }, calibrating)
    progress.end()
    return await use({ ...model, tokens })
  } finally {
    await closed(engine, signal)
  }
}

/** The input vectors that were kept of every layer, in the order of the examples; each with what it stands for. */
export const calibrationVectors = ({
  heap,
  parameters,
}: Pick<Calibrated, 'heap' | 'parameters'>): ReadonlyMap<string, CalibrationVectors> => {
  const found = new Map<string, CalibrationVectors>()
  for (const { name, inputs, outputs, sample: places } of parameters.layers.values()) {
    if (places === null) continue
    const sample = sampleAt(heap, places)
    const slots = slotsInOrder(sample)
    const [x, h] = [new Float32Array(slots.length * inputs), new Float32Array(slots.length * outputs)]
    for (const [k, slot] of slots.entries()) {
      x.set(heap.f32(places.x + 4 * slot * inputs, inputs), k * inputs)
      const factor = standsFor(sample, slot)
      heap.f32(places.h + 4 * slot * outputs, outputs).forEach((v, j) => (h[k * outputs + j] = v * factor))
    }
    found.set(name, { count: slots.length, x, h })
  }
  return found
}

/** At a tile's rows: all together, and the sum of squares of each. */
export interface InputSummary extends InputStatistics {
  readonly rowSquares: Float64Array
}

/** By layer, then row piece. */
export type InputSummaries = ReadonlyMap<string, readonly InputSummary[]>

const sumOf = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)

const inputStatistics = (heap: Heap, layer: LayerPlaces): readonly InputSummary[] =>
  layer.pieces.map(({ first, size }, p) => {
    const { sum, squares, absMax } = layer.inputMoments
    const counts = (sign: number): Uint32Array =>
      heap.u32(layer.counts + 4 * fineBins.count * (2 * p + sign), fineBins.count).slice()
    const [positive, negative] = [counts(0), counts(1)]
    const total = (all: Uint32Array): number => all.reduce((a, b) => a + b, 0)
    return {
      count: total(positive) + total(negative),
      sum: sumOf(heap.f64(sum + 8 * first, size)),
      squares: sumOf(heap.f64(squares + 8 * first, size)),
      largest: heap.f32(absMax + 4 * first, size).reduce((a, b) => Math.max(a, b), 0),
      ...{ positive, negative },
      rowSquares: heap.f64(squares + 8 * first, size).slice(),
    }
  })

/** How the inputs of every layer's tiles are spread over all calibration examples. */
export const inputSummaries = (
  open: OpenTask,
  data: CalibrationData,
  tile: TileSize,
  calibrating: Calibrating,
): Promise<InputSummaries> =>
  calibrated(open, data, { observed: 'inputs', tile, contrasts: null }, calibrating, ({ heap, parameters }) =>
    Promise.resolve(
      new Map([...parameters.layers].map(([name, layer]) => [name, inputStatistics(heap, layer)] as const)),
    ),
  )

/** By layer, then row piece: of all of the layer's outputs. */
export type OutputSummaries = ReadonlyMap<string, readonly OutputStatistics[]>

const outputStatistics = (heap: Heap, layer: LayerPlaces, tokens: number): readonly OutputStatistics[] =>
  layer.pieces.map((_, p) => {
    const at = 8 * p * layer.outputs
    const mean = heap.f64(layer.outputMoments.sum + at, layer.outputs).map(sum => sum / tokens)
    const squares = heap.f64(layer.outputMoments.squares + at, layer.outputs)
    const deviation = mean.map((m, j) => Math.sqrt(Math.max(0, (squares[j] ?? NaN) / tokens - m * m)))
    return { mean, deviation }
  })

/** What every column of every tile gives on the first examples of the calibration data. */
export const outputSummaries = (
  open: OpenTask,
  data: CalibrationData,
  tile: TileSize,
  calibrating: Calibrating,
): Promise<OutputSummaries> => {
  const of = { observed: 'outputs', tile, contrasts: null } as const
  return calibrated(open, data, of, calibrating, ({ heap, parameters, tokens }) => {
    // The classifier's layers see one token of each example.
    const seen = (layer: string): number => (layer.startsWith('classifier.') ? data.examples : tokens)
    return Promise.resolve(
      new Map(
        [...parameters.layers].map(([name, layer]) => [name, outputStatistics(heap, layer, seen(name))] as const),
      ),
    )
  })
}
