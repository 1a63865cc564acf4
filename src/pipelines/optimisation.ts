/**
 * Ranges of a task's methods, by whatever rule: what calibration has to find out for them, and, for the optimal ones, the
 * search of every tile on all workers. Methods that minimise the same weighted errors share one calibration.
 */
import type { TileSize } from '../domain/crossbar/tiling.js'
import { counted } from '../domain/count.js'
import { tilesOf } from '../domain/crossbar/tiling.js'
import { linearLayers } from '../domain/encoder/architecture.js'
import { fitsOffsets, type Hardware } from '../domain/experiment/hardware.js'
import {
  columnStart,
  fillsRows,
  inputStart,
  minimises,
  scalesRows,
  type AnalogMethod,
} from '../domain/experiment/method.js'
import { fail } from '../domain/problem.js'
import { keepLast } from '../domain/recent.js'
import { logitContrasts } from '../domain/ranges/contrasts.js'
import { convertersOf, loadOf, type CalibrationVectors } from '../engines/analog/parameters.js'
import { optimumOf } from '../engines/calibration/optimise.js'
import type { FilledOptimum } from '../domain/ranges/filled.js'
import { placeMoments } from './analog.js'
import {
  calibrated,
  calibrationVectors,
  inputSummaries,
  outputSummaries,
  type Calibrated,
  type Calibrating,
  type InputSummaries,
  type OutputSummaries,
  type Passing,
} from './calibration.js'
import { uninterrupted, unlessInterrupted } from './interruption.js'
import type { CalibrationData, OpenTask } from './openTask.js'
import { chooseRanges, type ChosenRanges, type ExpectedErrors, type Rules, type Seen } from './ranges.js'

/** A method's rules, and the chip they are for. */
export interface RangesWanted extends Rules, Pick<AnalogMethod, 'name' | 'objective' | 'spare' | 'rowScale'> {
  readonly hardware: Hardware
}

export interface RangesOfTask {
  /**
   * Ranges that are found on the way for others wait here until they are asked for; what was handed out is forgotten.
   * @param others methods that minimise the same errors (`errorsKey`), found on the way
   */
  readonly of: (wanted: RangesWanted, others: readonly RangesWanted[]) => Promise<readonly ChosenRanges[]>
  /** What a compensation with offsets is fitted on, by layer; null where the method's compensation has none. */
  readonly vectors: (wanted: RangesWanted) => Promise<Vectors | null>
}

type Vectors = ReadonlyMap<string, CalibrationVectors>

/** Whether it has to be known what the tiles' errors depend on. */
export const asksForErrors = (
  wanted: Pick<RangesWanted, 'columnRange' | 'inputRange' | 'spare' | 'hardware'>,
): boolean => minimises(wanted) || fitsOffsets(wanted.hardware)

/** What ranges depend on beside the task: equal ones for all that are equal in this, whatever they are called. */
export const rangesKey = (wanted: RangesWanted): string => {
  const { columnRange, inputRange, irDrop, objective, hardware, spare, rowScale } = wanted
  const weighed = asksForErrors(wanted) ? objective : null
  return JSON.stringify([columnRange, inputRange, irDrop, weighed, hardware, spare, rowScale])
}

/** Which summaries of inputs, and of outputs, its rules look at. */
const inputsKey = ({ hardware: { tile } }: RangesWanted): string => JSON.stringify(tile)
const outputsKey = (tile: TileSize, examples: number): string => JSON.stringify([tile, examples])

/** How many examples' outputs the rule for columns looks at, or what its search starts from; null: at none. */
const outputsOf = (range: RangesWanted['columnRange']): number | null => {
  const start = columnStart(range)
  return start.rule === 'output-current' ? start.inputs : null
}

/** How many calibration examples a rule for columns looks at that are not there; null: none. */
export const missingExamples = (
  columnRange: RangesWanted['columnRange'],
  { examples }: Pick<CalibrationData, 'examples'>,
): { readonly expected: string; readonly found: string } | null => {
  const looked = outputsOf(columnRange)
  return looked === null || looked <= examples
    ? null
    : { expected: `at most ${counted(examples, 'input')}, one a calibration example`, found: String(looked) }
}

/** Which weighted errors a method minimises. */
export const errorsKey = ({ objective, hardware: { tile } }: RangesWanted): string =>
  JSON.stringify([tile.rows, tile.columns, objective.weights])

/** A pass over the calibration examples, and what tells it from others of the same task. */
export interface CalibrationPass {
  readonly key: string
  readonly of: 'inputs' | 'outputs' | 'errors'
}

/** The passes that a method's ranges follow from. Methods with a pass in common share it. */
export const passesFor = (wanted: RangesWanted): readonly CalibrationPass[] => {
  const { columnRange, hardware } = wanted
  const inputs = { of: 'inputs', key: `inputs ${inputsKey(wanted)}` } as const
  const looked = outputsOf(columnRange)
  const outputs = { of: 'outputs', key: `outputs ${outputsKey(hardware.tile, looked ?? 0)}` } as const
  const errors = { of: 'errors', key: `errors ${errorsKey(wanted)}` } as const
  return [inputs, ...(looked === null ? [] : [outputs]), ...(asksForErrors(wanted) ? [errors] : [])]
}

/** Methods that are searched for on one calibration, at most: a kill loses what they took, and all their ranges are held. */
export const mostTogether = 16

/** The rules that the search starts from; those that are not searched for stay. */
const startOf = ({ columnRange, inputRange, irDrop = 'none' }: Rules): Rules => ({
  irDrop,
  columnRange: columnStart(columnRange),
  inputRange: inputStart(inputRange),
})

/** Summaries of so many sizes of tiles are kept: units come size by size. */
const mostSizes = 2

/** Each value found once, while few others are asked for in between. */
const remembered = <A>(find: (key: string) => Promise<A>) => {
  const known = new Map<string, A>()
  return async (key: string): Promise<A> => keepLast(known, mostSizes, key, known.get(key) ?? (await find(key)))
}

/** What a search starts from, tile by tile: ranges by a rule; and, where they have been found, optima on the way. */
interface From {
  readonly start: readonly ChosenRanges[]
  /** Without copies. */
  readonly known: readonly FilledOptimum[] | null
  /** Without copies and scales. */
  readonly unscaled: readonly FilledOptimum[] | null
}

/** Of every tile, in the order of the model. */
const searched = async (
  open: OpenTask,
  { heap, engine }: Calibrated,
  { columnRange, inputRange, objective, hardware, name, spare, rowScale }: RangesWanted,
  { start, known, unscaled }: From,
  { progress, options: { signal = uninterrupted } }: Calibrating,
): Promise<readonly FilledOptimum[]> => {
  const momentsAt = (seconds: number): number => placeMoments(heap, hardware, seconds)
  const chip = {
    converters: convertersOf(hardware),
    driftCompensation: hardware.driftCompensation,
    moments: objective.times.map(momentsAt),
    first: momentsAt(0),
  }
  const load = loadOf(hardware)
  const tiles = linearLayers(open.checkpoint.architecture).flatMap(layer => tilesOf(layer, hardware.tile))
  progress.begin(`${open.source.task}: ${name}, optimal ranges`, tiles.length, 'tile')
  const tasks = tiles.map(async (tile, k) => {
    const from = start[k]
    if (from === undefined) throw new RangeError(`no ranges of tile ${tile.index} of ${tile.layer}`)
    const found = await engine.perform({
      kind: 'optimise tile',
      ...{ layer: tile.layer, tile: tile.index, ...chip },
      start: { inputRange: from.inputRange, fullScales: from.fullScales, gains: from.gains },
      wires: load === 0 ? null : { load, rowOrder: from.rowOrder ?? null, preDistorted: from.preDistorted ?? false },
      ...{ input: inputRange.rule === 'optimal', columns: columnRange.rule === 'optimal' },
      idle: {
        columns: spare === 'none' ? 0 : hardware.tile.columns - tile.columns.size,
        rows: fillsRows({ spare }) ? hardware.tile.rows - tile.rows.size : 0,
      },
      ...{ scaled: scalesRows({ rowScale }), rowScales: from.rowScales },
      ...{ known: known?.[k] ?? null, unscaled: unscaled?.[k] ?? null },
    })
    progress.advance(1, 0)
    return optimumOf(found)
  })
  await unlessInterrupted(Promise.allSettled(tasks), signal)
  progress.end()
  return Promise.all(tasks)
}

export const rangesOfTask = (open: OpenTask, data: CalibrationData, calibrating: Calibrating): RangesOfTask => {
  const inputs = remembered<InputSummaries>(
    key => inputSummaries(open, data, JSON.parse(key) as TileSize, calibrating), // as: what `seen` wrote
  )
  const outputs = remembered<OutputSummaries>(key => {
    const [tile, examples] = JSON.parse(key) as [TileSize, number] // as: what `seen` wrote
    return outputSummaries(open, { ...data, examples }, tile, calibrating)
  })
  const seen = async (wanted: RangesWanted): Promise<Seen> => {
    const { columnRange, hardware } = wanted
    const looked = outputsOf(columnRange)
    if (looked === null) return { inputs: await inputs(inputsKey(wanted)), outputs: null }
    const missing = missingExamples(columnRange, data)
    if (missing !== null)
      fail(open.source.data.written, 'the rule "output-current", inputs', missing.expected, missing.found)
    return {
      inputs: await inputs(inputsKey(wanted)),
      outputs: await outputs(outputsKey(hardware.tile, looked)),
    }
  }

  const choose = async (...of: Parameters<typeof chooseRanges>): Promise<readonly ChosenRanges[]> =>
    unlessInterrupted(chooseRanges(...of), calibrating.options.signal ?? uninterrupted)

  const known = new Map<string, readonly ChosenRanges[]>()
  const kept = new Map<string, Vectors>()

  /** @param fits whether input vectors are to be kept. @param rows whether rows may be copied or scaled */
  const passingFor = ({ objective, hardware: { tile } }: RangesWanted, fits = true, rows = false): Passing => ({
    ...{ observed: 'errors', tile, vectors: fits ? data.vectors : 0, rows },
    contrasts: objective.weights === 'none' ? null : logitContrasts(open.checkpoint.architecture.labels),
  })

  const optimised = async (together: readonly RangesWanted[]): Promise<void> => {
    // What others start from comes first.
    const steps = (w: RangesWanted): number => (scalesRows(w) ? 1 : 0) + (w.spare === 'none' ? 0 : 2)
    const all = [...together].sort((a, b) => steps(a) - steps(b))
    const [first] = all
    if (first === undefined) return
    const starts: (readonly ChosenRanges[])[] = []
    for (const wanted of all) starts.push(await choose(open, wanted.hardware, startOf(wanted), await seen(wanted)))
    const fits = all.some(w => fitsOffsets(w.hardware))
    const byRow = all.some((w, i) => fillsRows(w) || scalesRows(w) || starts[i]?.some(r => r.rowScales.length > 0))
    const unfilled = new Map<string, readonly FilledOptimum[]>()
    const found = await calibrated(open, data, passingFor(first, fits, byRow), calibrating, async model => {
      if (fits) keepLast(kept, mostSizes, errorsKey(first), calibrationVectors(model))
      const chosen: (readonly ChosenRanges[])[] = []
      for (const [i, wanted] of all.entries()) {
        const rules = startOf(wanted)
        if (!minimises(wanted)) {
          chosen.push(starts[i] ?? [])
          continue
        }
        const alone = rangesKey({ ...wanted, spare: 'none' })
        const unscaled = rangesKey({ ...wanted, spare: 'none', rowScale: 'none' })
        const from = {
          start: starts[i] ?? [],
          known: unfilled.get(alone) ?? null,
          unscaled: unfilled.get(unscaled) ?? null,
        }
        const optima = await searched(open, model, wanted, from, calibrating)
        if (wanted.spare === 'none') unfilled.set(alone, optima)
        // Columns by a rule that looks at input ranges look at the optimal ones.
        const follows = wanted.columnRange.rule === 'output-current'
        const given = optima.map(o => ({
          inputRange: o.inputRange,
          columns: follows ? null : o,
          copies: o,
          rowScales: o.rowScales,
        }))
        const ranges = await choose(open, wanted.hardware, rules, await seen(wanted), given)
        // A search that may change nothing says what those columns come to.
        const met = follows
          ? await searched(
              open,
              model,
              { ...wanted, ...rules },
              { start: ranges, known: null, unscaled: null },
              calibrating,
            )
          : optima
        const expectedOf = (tile: number): ExpectedErrors => ({
          start: (optima[tile]?.before ?? NaN) / data.examples,
          chosen: (met[tile]?.after ?? NaN) / data.examples,
        })
        chosen.push(ranges.map((r, tile) => ({ ...r, expected: expectedOf(tile) })))
      }
      return chosen
    })
    for (const [i, wanted] of all.entries()) known.set(rangesKey(wanted), found[i] ?? [])
  }

  const of: RangesOfTask['of'] = async (wanted, others) => {
    const key = rangesKey(wanted)
    if (!known.has(key)) {
      if (!asksForErrors(wanted)) return choose(open, wanted.hardware, wanted, await seen(wanted))
      const isNew = (w: RangesWanted): boolean => errorsKey(w) === errorsKey(wanted) && !known.has(rangesKey(w))
      const each = new Map([wanted, ...others.filter(isNew)].map(w => [rangesKey(w), w] as const))
      await optimised([...each.values()].slice(0, mostTogether))
    }
    const found = known.get(key) ?? []
    known.delete(key)
    return found
  }
  return {
    of,
    vectors: async wanted => {
      if (!fitsOffsets(wanted.hardware)) return null
      const found =
        kept.get(errorsKey(wanted)) ??
        (await calibrated(open, data, passingFor(wanted), calibrating, model =>
          Promise.resolve(calibrationVectors(model)),
        ))
      return keepLast(kept, mostSizes, errorsKey(wanted), found)
    },
  }
}
