/**
 * Calibration examples through the model, and what their passing leaves in its layers' summaries: added up token by token
 * in the order of the examples, each group of sequences in its turn, so that neither threads nor groups change a bit.
 * Not here: what ranges are made of them (domain/ranges).
 */
import type { Batch } from '../../domain/encoder/algebra.js'
import type { Piece } from '../../domain/crossbar/tiling.js'
import { coarseBins, fineBins, tailBins } from '../../domain/ranges/histogram.js'
import { offer, slotOf } from '../../domain/ranges/sample.js'
import type { Ptr } from '../../kernels/heap.js'
import { panelsBytes } from '../../kernels/kernels.js'
import { createScratch } from '../../kernels/scratch.js'
import { parameterOf, type Activation } from '../digital/algebra.js'
import { forward } from '../forward.js'
import { tapeAlgebra } from '../training/algebra.js'
import { contextOf, type Context } from '../training/context.js'
import { differentiate } from '../training/differentiate.js'
import { createTape } from '../training/tape.js'
import { share } from '../training/share.js'
import { turnsOf, type Turns } from '../training/turns.js'
import type { Workbench } from '../workbench.js'
import { firstTail, sampleAt, type CalibrationParameters, type LayerPlaces, type MomentPlaces } from './parameters.js'

/** Task: adds a group of sequences to the summaries. */
export interface Observe {
  readonly kind: 'observe'
  readonly batch: Batch
  /** Number of this group since the summaries were empty: groups start in this order. */
  readonly group: number
  /**
   * Of each logit in a function of them: an output's error counts as the square of that function's gradient with respect
   * to it. null: all errors count the same.
   */
  readonly contrast: Float32Array | null
  /** The same examples have passed before, for another contrast. */
  readonly again: boolean
}

/** What was found where a number below `tooLarge` was expected: as the task's result, five numbers; none if all are such. */
export interface NotFinite {
  /** Position of the layer in the forward pass. */
  readonly layer: number
  readonly example: number
  readonly of: 'input' | 'gradient'
  /** Which input of the layer, or which output's gradient. */
  readonly index: number
  readonly value: number
}

/** From here on, sums of squares times squares could leave binary32; infinities and NaN are beyond, too. */
export const tooLarge = 2 ** 30

const addMoments = (c: Context, to: MomentPlaces, skip: number, x: Activation): void =>
  c.kernels.addMoments({
    ...{ sum: to.sum + 8 * skip, squares: to.squares + 8 * skip, absMax: to.absMax + 4 * skip },
    ...{ x: x.at, rows: x.rows, columns: x.width },
  })

/** Sums that nothing has been added to yet, on `aside`. */
const emptyMoments = (c: Context, columns: number): MomentPlaces => {
  const room = (bytes: number): Ptr => {
    const at = c.aside.take(bytes)
    c.heap.u8(at, bytes).fill(0)
    return at
  }
  return { sum: room(8 * columns), squares: room(8 * columns), absMax: room(4 * columns) }
}

/** Whether every number is one, and not too large. */
const usable = (c: Context, x: Activation): boolean =>
  c.aside.within(() => {
    const found = emptyMoments(c, x.width)
    addMoments(c, found, 0, x)
    // A largest magnitude passes over NaN, a sum does not.
    return (
      c.heap.f64(found.sum, x.width).every(Number.isFinite) &&
      c.heap.f32(found.absMax, x.width).every(most => most < tooLarge)
    )
  })

/** The first number of an activation that is none, or too large: piece by piece, row by row. */
const firstBad = (
  c: Context,
  { number }: LayerPlaces,
  of: NotFinite['of'],
  x: Activation,
  pieces: readonly Piece[],
): NotFinite | null => {
  if (usable(c, x)) return null
  const values = c.heap.f32(x.at, x.rows * x.width)
  for (const { first, size } of pieces)
    for (let r = 0; r < x.rows; r++)
      for (let i = first; i < first + size; i++) {
        const value = values[r * x.width + i] ?? NaN
        if (Math.abs(value) < tooLarge) continue
        const example = c.heap.i32(c.rowsOf(x).examples, x.rows)[r] ?? NaN
        return { layer: number, example, of, index: i, value }
      }
  return null
}

/** Inputs: their moments and, by row piece, how they are spread. */
const addInputs = (c: Context, layer: LayerPlaces, x: Activation): void => {
  addMoments(c, layer.inputMoments, 0, x)
  layer.pieces.forEach(({ first, size }, p) =>
    c.kernels.countMagnitudes({
      ...{ counts: layer.counts + 4 * 2 * fineBins.count * p, bins: fineBins },
      ...{ x: x.at + 4 * first, rows: x.rows, columns: size, xRowStep: x.width },
    }),
  )
}

const squared = (c: Context, x: Activation): Activation => {
  const y = c.fresh(x.rows, x.width)
  c.kernels.square({ y: y.at, x: x.at, length: x.rows * x.width })
  return y
}

/** For every input of a tile [rows, tile's rows]: sum over the tile's columns of h_tj w_ij^2. On the scratch stack. */
const importance = (
  c: Context,
  { inputs }: LayerPlaces,
  weight: Ptr,
  h: Activation,
  { rows, columns }: { readonly rows: Piece; readonly columns: Piece },
): Activation => {
  const y = c.fresh(h.rows, rows.size)
  c.aside.within(() => {
    const panels = c.aside.take(panelsBytes(columns.size, rows.size))
    c.kernels.pack({
      ...{ panels, w: weight + 4 * (columns.first * inputs + rows.first) },
      ...{ inner: columns.size, columns: rows.size, columnStep: 1, innerStep: inputs },
    })
    c.kernels.square({ y: panels, x: panels, length: panelsBytes(columns.size, rows.size) / 4 })
    c.kernels.product({
      ...{ y: y.at, x: h.at + 4 * columns.first, panels, bias: 0 },
      ...{ rows: h.rows, inner: columns.size, columns: rows.size, xRowStep: h.width },
    })
  })
  return y
}

/** A tile's inputs, weighted, into its histogram, and row by row into the tails of its rows. */
const addWeighted = (c: Context, layer: LayerPlaces, tile: number, x: Activation, weights: Activation): void => {
  const start = layer.tiles[tile]?.rows.first ?? NaN
  const { rows, width: columns } = weights
  const from = { x: x.at + 4 * start, xRowStep: x.width, weights: weights.at, rows, columns }
  c.kernels.weighMagnitudes({ ...from, slots: layer.weighted + 8 * coarseBins.count * tile, bins: coarseBins })
  if (layer.rowTails === 0) return
  const first = firstTail(layer, tile)
  c.kernels.addToTails({ ...from, slots: layer.rowTails + 8 * tailBins * first, tops: layer.rowTops + 4 * first })
}

/** Input vectors for the layer's sample, each with its outputs' weights: chosen as they pass first, added to later. */
const addToSample = (
  c: Context,
  { sample: places, inputs, outputs }: LayerPlaces,
  x: Activation,
  h: Activation,
  again: boolean,
): void => {
  if (places === null) return
  const sample = sampleAt(c.heap, places)
  const rows = c.rowsOf(x)
  const [examples, tokens] = [c.heap.u32(rows.examples, x.rows), c.heap.u32(rows.tokens, x.rows)]
  for (let r = 0; r < x.rows; r++) {
    const [example, token] = [examples[r] ?? NaN, tokens[r] ?? NaN]
    const own = c.heap.f32(h.at + 4 * r * outputs, outputs)
    if (again) {
      const slot = slotOf(sample, example, token)
      if (slot < 0) continue
      const kept = c.heap.f32(places.h + 4 * slot * outputs, outputs)
      own.forEach((v, j) => (kept[j] = (kept[j] ?? NaN) + v))
      continue
    }
    let weight = 0
    for (let j = 0; j < outputs; j++) weight += own[j] ?? NaN
    const slot = offer(sample, example, token, weight)
    if (slot < 0) continue
    c.heap.f32(places.x + 4 * slot * inputs, inputs).set(c.heap.f32(x.at + 4 * r * inputs, inputs))
    c.heap.f32(places.h + 4 * slot * outputs, outputs).set(own)
  }
}

/** What errors depend on. @param dy null: every token's error in every column counts the same */
const errorsOf = (
  c: Context,
  layer: LayerPlaces,
  x: Activation,
  dy: Activation | null,
  again: boolean,
): (() => void) => {
  const { heap, kernels, aside } = c
  const { inputs, outputs } = layer
  const { weight } = parameterOf(c.linear, layer.name)
  const h = dy === null ? c.fresh(x.rows, outputs) : squared(c, dy)
  if (dy === null) heap.f32(h.at, h.rows * h.width).fill(1)
  const energies = squared(c, x)
  const shares = layer.pieces.map(piece => share(c, layer, x, piece))
  const importances = layer.tiles.map(tile => importance(c, layer, weight, h, tile))
  return () => {
    aside.within(() => {
      const panels = aside.take(panelsBytes(x.rows, inputs))
      kernels.pack({ panels, w: energies.at, inner: x.rows, columns: inputs, columnStep: 1, innerStep: inputs })
      kernels.weightGradient({
        ...{ y: layer.energies, dy: h.at, panels, offsets: c.rowsOf(x).offsets, sequences: c.batch.sequences },
        ...{ rows: outputs, columns: inputs, onward: true },
      })
    })
    layer.tiles.forEach((_, k) => {
      const own = importances[k]
      if (own !== undefined) addWeighted(c, layer, k, x, own)
    })
    aside.within(() => addMoments(c, { ...emptyMoments(c, outputs), sum: layer.masses }, 0, h))
    shares.forEach(({ at }, p) =>
      kernels.addToTails({
        ...{ slots: layer.tails + 8 * tailBins * outputs * p, tops: layer.tops + 4 * outputs * p },
        ...{ x: at, weights: h.at, rows: x.rows, columns: outputs, xRowStep: outputs },
      }),
    )
    addToSample(c, layer, x, h, again)
  }
}

/** What a layer's input, and its output's gradient, add to its summaries: first what need not wait, then the rest in turn. */
const addition = (
  c: Context,
  { observed }: CalibrationParameters,
  layer: LayerPlaces,
  x: Activation,
  dy: Activation | null,
  again: boolean,
): (() => void) => {
  switch (observed) {
    case 'inputs':
      return () => addInputs(c, layer, x)
    case 'outputs': {
      const shares = layer.pieces.map(piece => share(c, layer, x, piece))
      return () => shares.forEach((y, p) => addMoments(c, layer.outputMoments, p * layer.outputs, y))
    }
    case 'errors':
      return errorsOf(c, layer, x, dy, again)
  }
}

const observing =
  (parameters: CalibrationParameters, turns: Turns, { group, again }: Observe, bad: NotFinite[]) =>
  (c: Context) =>
  (name: string, x: Activation, dy: Activation | null): void =>
    c.scratch.within(() => {
      const layer = parameterOf(parameters.layers, name)
      const { index } = parameterOf(parameters.tensors, `${name}.weight`)
      const found =
        firstBad(c, layer, 'input', x, layer.pieces) ??
        (dy === null ? null : firstBad(c, layer, 'gradient', dy, [{ first: 0, size: dy.width }]))
      if (found !== null) bad.push(found)
      const add = found === null ? addition(c, parameters, layer, x, dy, again) : () => undefined
      turns.take(index, group, add)
    })

const numbersOf = ({ layer, example, of, index, value }: NotFinite): Float64Array =>
  Float64Array.of(layer, example, of === 'input' ? 0 : 1, index, value)

/** What the task's result says; null if every number could be used. */
export const notFinite = ([layer, example, of, index, value]: Float64Array): NotFinite | null =>
  layer === undefined
    ? null
    : { layer, example: example ?? NaN, of: of === 0 ? 'input' : 'gradient', index: index ?? NaN, value: value ?? NaN }

/** The same contrast for every sequence: [sequences, labels]. */
const repeated = (contrast: Float32Array, sequences: number): Float32Array => {
  const all = new Float32Array(sequences * contrast.length)
  for (let s = 0; s < sequences; s++) all.set(contrast, s * contrast.length)
  return all
}

const passing = (bench: Workbench, parameters: CalibrationParameters, task: Observe, bad: NotFinite[]): void => {
  const { batch, contrast } = task
  const turns = turnsOf(bench.heap, parameters.turns, parameters.tensors.size)
  const observe = observing(parameters, turns, task, bad)
  try {
    if (contrast !== null) {
      const weights = repeated(contrast, batch.examples.length)
      differentiate(
        bench,
        parameters,
        { batch, loss: { kind: 'linear', weights }, dropout: null, hardware: null, keeping: 'kept' },
        c => ({
          linear: observe(c),
          tiles: () => undefined,
          layerNorm: () => undefined,
          embed: () => undefined,
        }),
      )
      return
    }
    const aside = createScratch(bench.heap)
    try {
      bench.scratch.within(() => {
        const c = contextOf(bench, aside, parameters, batch, null, null)
        const algebra = tapeAlgebra(c, createTape(c, 'forgotten'))
        const see = observe(c)
        const linear: typeof algebra.linear = (layer, x) => {
          see(layer, x, null)
          return algebra.linear(layer, x)
        }
        forward(bench, parameters.architecture, { ...algebra, linear }, batch, false)
      })
    } finally {
      aside.close()
    }
  } catch (error) {
    turns.abandon()
    throw error
  }
}

/** @returns as `notFinite` reads it: in a forward pass the first layer's, else the last's that has one */
export const observe = (bench: Workbench, parameters: CalibrationParameters, task: Observe): Float64Array => {
  const bad: NotFinite[] = []
  passing(bench, parameters, task, bad)
  // In a backward pass the first layer to go wrong is seen last.
  const first = bad.reduce<NotFinite | null>((a, b) => (a === null || b.layer < a.layer ? b : a), null)
  return first === null ? new Float64Array(0) : numbersOf(first)
}
