/**
 * The files of ranges that a config's methods name: read, hashed, and held against the models and tiles they are to serve.
 * Not here: their format (io/rangesFile.ts).
 */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { tilesOf, type Tile, type TileSize } from '../domain/crossbar/tiling.js'
import { linearLayers, type Architecture } from '../domain/encoder/architecture.js'
import { counted } from '../domain/count.js'
import { hardwareOf, type Config } from '../domain/experiment/config.js'
import { fillsRows, type AnalogMethod, type ColumnRange, type InputRange } from '../domain/experiment/method.js'
import type { ConfigPath } from '../domain/experiment/path.js'
import type { RangesHashes } from '../domain/experiment/plan.js'
import { fail, type Problem } from '../domain/problem.js'
import type { SavedRanges, SavedTile } from '../domain/ranges/saved.js'
import { nearest } from '../domain/spelling.js'
import type { TaskName } from '../domain/tasks/task.js'
import { jsonPath } from '../io/decoding.js'
import { attempt, orThrow } from '../io/fault.js'
import { readRangesFile } from '../io/rangesFile.js'
import { watched, type Watched } from './watched.js'

export interface RangesFiles {
  readonly hashes: RangesHashes
  /** @throws RangeError if the file is none of them */
  readonly of: (file: ConfigPath) => SavedRanges
  /** @throws Failure (in the promise) if a file is no longer what it was when its hash was taken. */
  readonly unchanged: () => Promise<void>
}

/** Which ranges of a tile a method takes from a file. */
type Kind = 'columnRange' | 'inputRange'
const kinds: readonly Kind[] = ['columnRange', 'inputRange']

/** The file that a rule takes its ranges from; null: it has none. */
export const fileOf = (range: ColumnRange | InputRange): ConfigPath | null =>
  range.rule === 'fixed' ? range.file : null

const analogMethods = ({ methods }: Pick<Config, 'methods'>): readonly AnalogMethod[] =>
  methods.flatMap(m => (m.execution === 'analog' ? [m] : []))

/** Every file as often as it is named. */
export const namedFiles = (config: Pick<Config, 'methods'>): readonly ConfigPath[] =>
  analogMethods(config).flatMap(m => kinds.flatMap(kind => fileOf(m[kind]) ?? []))

/** Every file once, by its resolved path. */
export const filesOf = (config: Pick<Config, 'methods'>): ReadonlyMap<string, ConfigPath> =>
  new Map(namedFiles(config).map(file => [file.resolved, file] as const))

export const noRangesFiles: RangesFiles = {
  hashes: new Map(),
  of: file => {
    throw new RangeError(`"file" expected one that was opened, got ${file.written}`)
  },
  unchanged: () => Promise.resolve(),
}

/** The first problem of the first file that has one, or all of them. Hashed first: what changes meanwhile shows later. */
export const openRangesFiles = (config: Pick<Config, 'name' | 'methods'>): TaskEither<Problem, RangesFiles> =>
  attempt(config.name, async () => {
    const seen = new Map<string, { readonly saved: SavedRanges; readonly watch: Watched }>()
    for (const path of filesOf(config).keys()) {
      const watch = await watched([path])
      seen.set(path, { watch, saved: await orThrow(readRangesFile(path)) })
    }
    return {
      hashes: new Map([...seen].map(([path, { watch }]) => [path, watch.hash] as const)),
      of: file => seen.get(file.resolved)?.saved ?? noRangesFiles.of(file),
      unchanged: async () => {
        for (const { watch } of seen.values()) await watch.unchanged()
      },
    }
  })

/** The file that both ranges of a method are taken from; null if there is none. */
const onlyFile = ({ columnRange, inputRange }: Pick<AnalogMethod, Kind>): ConfigPath | null => {
  const file = fileOf(columnRange)
  return file !== null && file.resolved === fileOf(inputRange)?.resolved ? file : null
}

/**
 * The file that a tile's copies come from, with its ranges: one that keeps copies, where both ranges are taken from it.
 * Otherwise there is none, and copies are searched for.
 */
export const copiesFile = (method: Pick<AnalogMethod, Kind>, files: Pick<RangesFiles, 'of'>): ConfigPath | null => {
  const file = onlyFile(method)
  return file === null || files.of(file).spare === 'none' ? null : file
}

/** The method without what need not be searched for: copies that come with its ranges. */
export const toSearch = <M extends Pick<AnalogMethod, Kind | 'spare'>>(method: M, files: Pick<RangesFiles, 'of'>): M =>
  copiesFile(method, files) === null ? method : { ...method, spare: 'none' }

const copiesText = (count: number): string => counted(count, 'copy', undefined, 'copies')

/** @param whole whether the method takes both ranges. @throws Failure if a tile of the file is not one that it can use */
const refuseTile = (
  file: string,
  at: readonly string[],
  found: SavedTile,
  { rows, columns }: Tile,
  { kind, whole }: { readonly kind: Kind; readonly whole: boolean },
): void => {
  for (const key of ['fullScales', 'gains'] as const)
    if (found[key].length !== columns.size)
      fail(
        file,
        jsonPath([...at, key]),
        `${counted(columns.size, 'number')}, one a column of the tile`,
        `${found[key].length}`,
      )
  const scales = found.rowScales.length
  if (scales > 0 && scales !== rows.size)
    fail(file, jsonPath([...at, 'rowScales']), `${counted(rows.size, 'number')}, one a row of the tile`, `${scales}`)
  if (scales > 0 && (!whole || found.inputRange === null))
    fail(
      file,
      jsonPath([...at, 'rowScales']),
      'both ranges taken from the file, the input range a number: they are for scaled rows',
      whole ? 'a dynamic range' : `only its ${kind === 'columnRange' ? 'columns' : 'input ranges'}`,
    )
  if (kind === 'inputRange' && found.inputRange === null)
    fail(file, jsonPath([...at, 'inputRange']), 'a number, for the rule "fixed"', 'null, which is no fixed range')
}

/** What is copied along one side of a tile. */
interface CopiedSide {
  readonly of: 'column' | 'row'
  readonly owners: Uint16Array | null
  /** Whether the file has copies of these. */
  readonly kept: boolean
  /** Of the tile's own. */
  readonly size: number
  readonly idle: number
}

/** @throws Failure if copies of columns, or of rows, are none that the tile can hold */
const refuseCopies = (file: string, at: readonly string[], { of, owners, kept, size, idle }: CopiedSide): void => {
  const key = [...at, of === 'column' ? 'spareColumns' : 'spareRows']
  if (!kept && owners !== null)
    fail(file, jsonPath(key), 'none: "spare" of the file has no such copies', copiesText(owners.length))
  if (!kept) return
  if (owners === null)
    return fail(file, jsonPath(key), `the ${of}s that are copied, as "spare" of the file says`, 'none')
  if (owners.length > idle)
    fail(file, jsonPath(key), `at most ${copiesText(idle)}, one an idle ${of}`, `${owners.length}`)
  for (const [k, owner] of owners.entries()) {
    const place = jsonPath([...key, String(k)])
    if (owner >= size) fail(file, place, `a ${of} of the tile, below ${size}`, `${owner}`)
    const before = owners[k - 1] ?? 0
    if (of === 'row' && owner < before)
      fail(file, place, `rows in ascending order, here at least ${before}`, `${owner}`)
  }
}

/** What a method takes from a file has to be for this task's model on the method's tiles. @throws Failure */
const refuseUnfit = (
  { resolved: file }: ConfigPath,
  saved: SavedRanges,
  task: TaskName,
  architecture: Architecture,
  method: Pick<AnalogMethod, 'name' | Kind> & { readonly tile: TileSize; readonly kind: Kind },
): void => {
  const { name, tile, kind } = method
  const whole = onlyFile(method) !== null
  if (saved.tile.rows !== tile.rows || saved.tile.columns !== tile.columns)
    fail(
      file,
      'tile',
      `${tile.rows} x ${tile.columns}, the tiles of method "${name}"`,
      `${saved.tile.rows} x ${saved.tile.columns}`,
    )
  const layers = saved.tasks.get(task)
  if (layers === undefined)
    return fail(
      file,
      'tasks',
      `ranges of ${task}`,
      saved.tasks.size === 0 ? 'none' : [...saved.tasks.keys()].join(', '),
    )
  const known = linearLayers(architecture)
  const names = known.map(l => l.name)
  for (const other of layers.keys())
    if (!names.includes(other)) {
      const meant = nearest(other, names)
      const hint = meant === null ? '' : ` (did you mean "${meant}"?)`
      fail(file, jsonPath(['tasks', task, other]), `a layer of the model${hint}`, `another's: "${other}"`)
    }
  for (const layer of known) {
    const at = ['tasks', task, layer.name]
    const tiles = tilesOf(layer, tile)
    const found = layers.get(layer.name)
    if (found === undefined)
      return fail(file, jsonPath(at), `${counted(tiles.length, 'tile')} of this layer`, 'no such layer')
    if (found.length !== tiles.length) fail(file, jsonPath(at), counted(tiles.length, 'tile'), `${found.length}`)
    for (const [i, place] of tiles.entries()) {
      const own = found[i]
      if (own !== undefined) refuseTile(file, [...at, String(i)], own, place, { kind, whole })
    }
  }
}

/** Of a file that fits the tiles otherwise. @throws Failure if its copies are not those that the method asks for, or do not fit */
const refuseUnfitCopies = (
  { resolved: file }: ConfigPath,
  { spare, tasks }: SavedRanges,
  task: TaskName,
  architecture: Architecture,
  method: Pick<AnalogMethod, 'name' | 'spare'> & { readonly tile: TileSize },
): void => {
  if (spare !== 'none' && spare !== method.spare)
    fail(file, 'spare', `"${method.spare}", as method "${method.name}" has it`, `"${spare}"`)
  for (const layer of linearLayers(architecture))
    for (const [i, { rows, columns }] of tilesOf(layer, method.tile).entries()) {
      const at = ['tasks', task, layer.name, String(i)]
      const { copies = null, rowCopies = null } = tasks.get(task)?.get(layer.name)?.[i] ?? {}
      const idle = { columns: method.tile.columns - columns.size, rows: method.tile.rows - rows.size }
      const filled = { columns: spare !== 'none', rows: fillsRows({ spare }) }
      refuseCopies(file, at, {
        ...{ of: 'column', owners: copies, kept: filled.columns, size: columns.size, idle: idle.columns },
      })
      refuseCopies(file, at, {
        ...{ of: 'row', owners: rowCopies, kept: filled.rows, size: rows.size, idle: idle.rows },
      })
    }
}

/** @throws Failure if a file of a method has not what the method needs for this task */
export const refuseUnfitRanges = (
  config: Config,
  files: RangesFiles,
  { task, architecture }: { readonly task: TaskName; readonly architecture: Architecture },
): void => {
  for (const method of analogMethods(config)) {
    const { tile } = hardwareOf(config, method)
    for (const kind of kinds) {
      const file = fileOf(method[kind])
      if (file !== null) refuseUnfit(file, files.of(file), task, architecture, { ...method, tile, kind })
    }
    const both = onlyFile(method)
    if (both !== null) refuseUnfitCopies(both, files.of(both), task, architecture, { ...method, tile })
  }
}

/** A tile of a file, and where in it it stands. */
export interface PlacedTile {
  readonly file: ConfigPath
  readonly at: readonly string[]
  readonly tile: SavedTile
}

/**
 * Full scales from a file: 0 for a column of zeros, whatever the file has for it.
 * @throws Failure if another column has none
 */
export const savedFullScales = ({ file, at, tile }: PlacedTile, absMax: Float32Array): Float32Array =>
  absMax.map((largest, j) => {
    if (largest === 0) return 0
    const found = tile.fullScales[j] ?? NaN
    if (found === 0)
      fail(
        file.resolved,
        jsonPath([...at, 'fullScales', String(j)]),
        'a number > 0: the column has weights other than 0',
        '0',
      )
    return found
  })
