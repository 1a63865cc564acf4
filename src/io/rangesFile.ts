/**
 * Ranges of a method as JSON that people read and edit: tasks, then layers, then their tiles in order, a tile with its
 * `inputRange` (null: dynamic), and `fullScales` and `gains` column by column (without `gains`: all 1); where idle cells are
 * in use, of each spare column and row the one that it is a copy of; where rows are scaled, `rowScales` row by row.
 * Binary32 numbers are written with the fewest digits that give them back. Not here: whether they fit a model
 * (pipelines/savedRanges.ts).
 */
import { left } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as t from 'io-ts/lib/index.js'
import type { TileSize } from '../domain/crossbar/tiling.js'
import type { Json } from '../domain/experiment/config.js'
import { spares, type Spare } from '../domain/experiment/method.js'
import { firstOf, type Problem } from '../domain/problem.js'
import type { SavedLayers, SavedRanges, SavedTile } from '../domain/ranges/saved.js'
import { writeAtomically } from './atomicFile.js'
import { defaulted, dictionary, object, optional, required } from './config/record.js'
import { choice, constant, integer, usableName } from './config/scalar.js'
import { kept, list, type JsonSchema, type Shape } from './config/shape.js'
import { decode, located, shown, type Misfit } from './decoding.js'
import { readJson } from './textFile.js'

const schemaVersion = 1

/** Whether binary32 holds it, as a number above 0 or, if that is allowed, as 0. */
const isRange = (u: unknown, orZero: boolean): u is number =>
  typeof u === 'number' && Number.isFinite(Math.fround(u)) && (Math.fround(u) > 0 || (orZero && u === 0))

const isAnInputRange = (u: unknown): u is number | null => u === null || isRange(u, false)

const inputRange: Shape<number | null> = kept('a number > 0 that binary32 holds, or null: dynamic', isAnInputRange, {
  anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'null' }],
})

/** What a list holds: what each is like, and how they are kept together. */
interface Listed<A> {
  readonly expected: string
  readonly is: (u: unknown) => boolean
  readonly together: (values: readonly number[]) => A
  readonly areTogether: (u: unknown) => u is A
}

/** A list of numbers, checked in one go: there are many. */
const numbers = <A extends Float32Array | Uint16Array>(
  name: string,
  items: JsonSchema,
  { expected, is, together, areTogether }: Listed<A>,
): Shape<A> => ({
  schema: { type: 'array', items },
  codec: new t.Type<A, Json>(
    name,
    areTogether,
    (input, context) => {
      if (!Array.isArray(input)) return t.failure(input, context)
      const values: readonly unknown[] = input
      const bad = values.findIndex(v => !is(v))
      if (bad < 0) return t.success(together(values as readonly number[])) // as: each was looked at
      const misfit: Misfit = { at: [bad], expected, found: shown(values[bad]) }
      return left([located(misfit, input, context)])
    },
    values => [...values],
  ),
})

const perLine = (name: string, of: 'column' | 'row', orZero = false): Shape<Float32Array> =>
  numbers(
    `${name} (an array of numbers, one a ${of})`,
    { type: 'number', [orZero ? 'minimum' : 'exclusiveMinimum']: 0 },
    {
      expected: `a number ${orZero ? '>= 0' : '> 0'} that binary32 holds`,
      is: u => isRange(u, orZero),
      together: values => Float32Array.from(values),
      areTogether: u => u instanceof Float32Array,
    },
  )

const isPosition = (u: unknown): boolean => Number.isInteger(u) && Number(u) >= 0 && Number(u) < 2 ** 16

/** Of each spare column or row, which of the tile's it is a copy of. */
const owners = (of: string): Shape<Uint16Array> =>
  numbers(
    `copied ${of}s (an array of ${of}s of the tile, counted from 0)`,
    { type: 'integer', minimum: 0 },
    {
      expected: `a ${of} of the tile, counted from 0`,
      is: isPosition,
      together: values => Uint16Array.from(values),
      areTogether: u => u instanceof Uint16Array,
    },
  )

interface WrittenTile extends Pick<SavedTile, 'inputRange' | 'fullScales'> {
  readonly gains: Float32Array | null
  readonly spareColumns: Uint16Array | null
  readonly spareRows: Uint16Array | null
  readonly rowScales: Float32Array | null
}

const tile: Shape<WrittenTile> = object<WrittenTile>('a tile of ranges', {
  inputRange: required(inputRange, { about: 'Input magnitude that stands for full scale.' }),
  fullScales: required(perLine('full scales', 'column', true), {
    about: 'Weight of each column that stands for full scale.',
  }),
  gains: optional(perLine('gains', 'column'), { about: 'Digital factor of each column; without them, 1.' }),
  spareColumns: optional(owners('column'), { about: 'Of each idle column in use, the column that it is a copy of.' }),
  spareRows: optional(owners('row'), { about: 'Of each idle row in use, ascending, the row that it is a copy of.' }),
  rowScales: optional(perLine('row scales', 'row'), {
    about: 'What the inputs of each row are divided by, and its weights multiplied by; without them, 1.',
  }),
})

interface WrittenRanges {
  readonly schemaVersion: typeof schemaVersion
  readonly method: string
  readonly tile: TileSize
  readonly spare: Spare
  readonly tasks: ReadonlyMap<string, ReadonlyMap<string, readonly WrittenTile[]>>
}

const edge = integer({ min: 1, max: 1e6 })

const ranges: Shape<WrittenRanges> = object<WrittenRanges>('a file of ranges', {
  schemaVersion: required(constant(schemaVersion), { about: 'Version of this format.' }),
  method: required(usableName, { about: 'The method whose ranges they are.' }),
  tile: required(
    object<TileSize>('a tile size', {
      rows: required(edge, { about: 'Rows of a tile.' }),
      columns: required(edge, { about: 'Columns of a tile.' }),
    }),
    { about: 'Tiles of the hardware they were found for.' },
  ),
  spare: defaulted(choice(spares), 'none', { about: 'What idle cells of the tiles are used for.' }),
  tasks: required(dictionary('ranges of tasks', dictionary('ranges of layers', list('tiles of a layer', tile, 1))), {
    about: 'By task, then by layer.',
  }),
})

const filled = ({ gains, spareColumns, spareRows, rowScales, ...rest }: WrittenTile): SavedTile => ({
  ...rest,
  gains: gains ?? new Float32Array(rest.fullScales.length).fill(1),
  ...{ copies: spareColumns, rowCopies: spareRows, rowScales: rowScales ?? new Float32Array(0) },
})

const mapped = <A, B>(map: ReadonlyMap<string, A>, of: (value: A) => B): ReadonlyMap<string, B> =>
  new Map([...map].map(([key, value]) => [key, of(value)] as const))

/** The first problem of the file, or what it holds. */
export const readRangesFile = (path: string): TE.TaskEither<Problem, SavedRanges> =>
  pipe(
    readJson(path),
    TE.mapLeft(firstOf),
    TE.chainEitherK(decode(ranges.codec, path)),
    TE.map(({ method, tile: size, spare, tasks }) => ({
      ...{ method, tile: size, spare },
      tasks: mapped(tasks, layers => mapped(layers, tiles => tiles.map(filled))),
    })),
  )

/** The fewest digits that give a binary32 number back; nine always do. */
export const shortest = (value: number): number => {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits))
    if (Math.fround(rounded) === value) return rounded
  }
  return Number(value.toPrecision(9))
}

const row = (values: Float32Array): string => `[${Array.from(values, shortest).join(', ')}]`

/** A line of its own; nothing is said where nothing is known. */
const ownersText = (key: string, copied: Uint16Array | null): readonly string[] =>
  copied === null ? [] : [`          "${key}": [${copied.join(', ')}]`]

const tileText = ({ inputRange: range, fullScales, gains, copies, rowCopies, rowScales }: SavedTile): string => {
  const lines = [
    `          "inputRange": ${JSON.stringify(range)}`,
    `          "fullScales": ${row(fullScales)}`,
    `          "gains": ${row(gains)}`,
    ...ownersText('spareColumns', copies),
    ...ownersText('spareRows', rowCopies),
    ...(rowScales.length === 0 ? [] : [`          "rowScales": ${row(rowScales)}`]),
  ]
  return `        {\n${lines.join(',\n')}\n        }`
}

const layersText = function* (layers: SavedLayers): Generator<string> {
  let separator = ''
  for (const [name, tiles] of layers) {
    yield `${separator}\n      ${JSON.stringify(name)}: [\n${tiles.map(tileText).join(',\n')}\n      ]`
    separator = ','
  }
}

/** The file's text in pieces, layer by layer. */
const texts = function* ({ method, tile: size, spare, tasks }: SavedRanges): Generator<string> {
  yield `{\n  "schemaVersion": ${schemaVersion},\n  "method": ${JSON.stringify(method)},\n`
  yield `  "tile": { "rows": ${size.rows}, "columns": ${size.columns} },\n`
  if (spare !== 'none') yield `  "spare": ${JSON.stringify(spare)},\n`
  yield '  "tasks": {'
  let separator = ''
  for (const [name, layers] of tasks) {
    yield `${separator}\n    ${JSON.stringify(name)}: {`
    yield* layersText(layers)
    yield '\n    }'
    separator = ','
  }
  yield '\n  }\n}\n'
}

/** Whole or not at all. @throws Failure (in the promise) if the folder cannot be written */
export const writeRangesFile = (path: string, saved: SavedRanges): Promise<void> =>
  writeAtomically(path, async sink => {
    const encoder = new TextEncoder()
    for (const text of texts(saved)) await sink.write(encoder.encode(text))
  })
