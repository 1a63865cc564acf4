/**
 * What a random number of the chip is for, as a Philox counter and key: every device and every noise sample has its own
 * place, so no order of work, tiling or batch changes a draw. Not modelled: streams of made-up data (stream.ts).
 *
 *     key       seed (53 bits, low word first)
 *     counter   0                            1            2                   3
 *     life      column                       row          layer << 16         1 << 28 | chip << 16
 *     read      column                       row >> 1     layer << 16         2 or 8 << 28 | chip << 16 | read
 *     noise     token << 16 | block          example      layer << 16 | tile  purpose << 28 | chip << 16 | read
 *     dropout   token << 16 | block          example      place << 16 | head  9 << 28 | step
 *     weights   block                        column       layer << 16         10 << 28 | step
 *     outputs   token << 16 | block          example      layer << 16 | tile  11 << 28 | step
 *     sample    token                        example      0                   12 << 28, the key 0
 *
 * Rows and columns of devices are those of the layer, so re-tiling keeps every draw. One counter gives four normals
 * (kernels/reference/normal.ts): of a life, the programming noise of both polarities, then their drift exponents; of a
 * read, the 1/f noise of both polarities at the even row, then at the odd one; of noise, column j of the tile is normal
 * (j >> 4) & 3 of block (j >> 6) * 16 + (j & 15), and so are the words of dropout,
 * the outputs' noise in training, and, over the rows of the layer, its weights' noise. The purpose is never 5: streams have a word 3 of 0x5354524d.
 */
import type { Counter, Key } from './philox.js'

/** Which draws; in the top four bits of word 3. */
export const purposes = {
  life: 1,
  read: 2,
  /** Noise before the ADC, fresh for every input vector. */
  output: 3,
  /** Read noise of the devices, drawn at the column for every input vector. */
  vmmRead: 4,
  /** As `output` and `vmmRead`, while the chip measures itself (drift compensation), `example` being the measurement. */
  measuredOutput: 6,
  measuredVmmRead: 7,
  /** As `read`, in the measurement right after programming that drift compensation compares with. */
  firstRead: 8,
  /** Which numbers a training step drops. */
  dropout: 9,
  /** Noise on the weights, and before the ADC, in a training step. */
  trainingWeights: 10,
  trainingOutputs: 11,
  /** Which calibration vectors are kept; whatever the seed. */
  sample: 12,
} as const
export type NoisePurpose = 'output' | 'vmmRead' | 'measuredOutput' | 'measuredVmmRead'

/** Exclusive bounds. */
export const limits = {
  seed: 2 ** 53,
  chip: 2 ** 12,
  read: 2 ** 16,
  layer: 2 ** 16,
  tile: 2 ** 16,
  row: 2 ** 32,
  column: 2 ** 32,
  example: 2 ** 32,
  token: 2 ** 16,
  tileColumn: 2 ** 16,
  step: 2 ** 28,
  place: 2 ** 16,
} as const

const within = (title: keyof typeof limits, n: number): number => {
  if (!Number.isInteger(n) || n < 0 || n >= limits[title])
    throw new RangeError(`"${title}" expected an integer in [0, 2^${Math.log2(limits[title])}), got ${n}`)
  return n
}

/** What the draws of one tile have in common: the key, and the counter's words 2 and 3. */
export interface Origin {
  readonly key: Key
  readonly word2: number
  readonly word3: number
}

const keyOf = (seed: number): Key => {
  const n = within('seed', seed)
  return [n % 2 ** 32, Math.floor(n / 2 ** 32)]
}

const word3 = (purpose: number, chip: number, read: number): number =>
  ((purpose << 28) | (within('chip', chip) << 16) | within('read', read)) >>> 0

export interface Life {
  readonly seed: number
  readonly chip: number
  readonly layer: number
}

/** Programming noise and drift exponents of a layer's devices, for the life of a chip. @throws RangeError beyond `limits`. */
export const lifeOrigin = ({ seed, chip, layer }: Life): Origin => ({
  key: keyOf(seed),
  word2: (within('layer', layer) << 16) >>> 0,
  word3: word3(purposes.life, chip, 0),
})

export interface Read extends Life {
  readonly read: number
}

/** 1/f noise of a layer's devices during one read of the chip. @throws RangeError beyond `limits`. */
export const readOrigin = ({ seed, chip, layer, read }: Read): Origin => ({
  key: keyOf(seed),
  word2: (within('layer', layer) << 16) >>> 0,
  word3: word3(purposes.read, chip, read),
})

/** The same during the measurement right after programming. @throws RangeError beyond `limits`. */
export const firstReadOrigin = ({ seed, chip, layer }: Life): Origin => ({
  key: keyOf(seed),
  word2: (within('layer', layer) << 16) >>> 0,
  word3: word3(purposes.firstRead, chip, 0),
})

export interface TileRead extends Read {
  /** Index of the tile in its layer. */
  readonly tile: number
}

/** Noise at a tile's columns, fresh for every token. @throws RangeError beyond `limits`. */
export const noiseOrigin = (purpose: NoisePurpose, { seed, chip, layer, read, tile }: TileRead): Origin => ({
  key: keyOf(seed),
  word2: ((within('layer', layer) << 16) | within('tile', tile)) >>> 0,
  word3: word3(purposes[purpose], chip, read),
})

export interface DropoutPlace {
  readonly seed: number
  /** Of the training, over all epochs. */
  readonly step: number
  /** Of the operation in the encoder: engines/training/dropout.ts numbers them. */
  readonly place: number
}

/** The masks of one dropout operation in one step; a head's number is added to word 2. @throws RangeError beyond `limits`. */
export const dropoutOrigin = ({ seed, step, place }: DropoutPlace): Origin => ({
  key: keyOf(seed),
  word2: (within('place', place) << 16) >>> 0,
  word3: ((purposes.dropout << 28) | within('step', step)) >>> 0,
})

export interface TrainingPlace {
  readonly seed: number
  /** Of the training, over all epochs. */
  readonly step: number
  readonly layer: number
}

/** Noise on a layer's weights in one training step. @throws RangeError beyond `limits`. */
export const trainingWeightsOrigin = ({ seed, step, layer }: TrainingPlace): Origin => ({
  key: keyOf(seed),
  word2: (within('layer', layer) << 16) >>> 0,
  word3: ((purposes.trainingWeights << 28) | within('step', step)) >>> 0,
})

/** Noise at a tile's columns in one training step, fresh for every token. @throws RangeError beyond `limits`. */
export const trainingOutputsOrigin = ({
  seed,
  step,
  layer,
  tile,
}: TrainingPlace & { readonly tile: number }): Origin => ({
  key: keyOf(seed),
  word2: ((within('layer', layer) << 16) | within('tile', tile)) >>> 0,
  word3: ((purposes.trainingOutputs << 28) | within('step', step)) >>> 0,
})

/** The counter of one calibration vector's place in a sample. @throws RangeError beyond `limits`. */
export const sampleCounter = ({ example, token }: Pick<Sample, 'example' | 'token'>): Counter => [
  within('token', token),
  within('example', example),
  0,
  (purposes.sample << 28) >>> 0,
]

/** Where one number stands: normal `index` (0 to 3) of a counter. */
export interface Address {
  readonly counter: Counter
  readonly index: number
}

export type Polarity = 'plus' | 'minus'

export interface Cell {
  readonly row: number
  readonly column: number
  readonly polarity: Polarity
}

const sign = (polarity: Polarity): number => (polarity === 'plus' ? 0 : 1)

/** The programming noise, and the deviation of the drift exponent, of one device. @throws RangeError beyond `limits`. */
export const lifeAddresses = (o: Origin, cell: Cell): { readonly programming: Address; readonly drift: Address } => {
  const counter = [within('column', cell.column), within('row', cell.row), o.word2, o.word3] as const
  return { programming: { counter, index: sign(cell.polarity) }, drift: { counter, index: 2 + sign(cell.polarity) } }
}

/** The 1/f noise of one device. @throws RangeError beyond `limits`. */
export const readAddress = (o: Origin, { row, column, polarity }: Cell): Address => ({
  counter: [within('column', column), Math.floor(within('row', row) / 2), o.word2, o.word3],
  index: (row % 2) * 2 + sign(polarity),
})

export interface Sample {
  readonly example: number
  /** Position in the sequence. */
  readonly token: number
  /** Column of the tile, from 0. */
  readonly tileColumn: number
}

/** The noise of one column sum. @throws RangeError beyond `limits`. */
export const noiseAddress = (o: Origin, { example, token, tileColumn }: Sample): Address => {
  const j = within('tileColumn', tileColumn)
  const block = (j >> 6) * 16 + (j & 15)
  return {
    counter: [((within('token', token) << 16) | block) >>> 0, within('example', example), o.word2, o.word3],
    index: (j >> 4) & 3,
  }
}
