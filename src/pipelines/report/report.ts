/**
 * A report on a folder of results: its tables checked and read, the page put together, and written with each figure as SVG
 * and as a specification. The same tables and config give the same bytes: there is no clock in it.
 */
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { characterisationOf } from '../../domain/devices/characterised.js'
import { hardwareOf, type Config } from '../../domain/experiment/config.js'
import { each, resultsOf, timesOf, type Results } from '../../domain/experiment/results.js'
import { accuracyFigure } from '../../domain/report/accuracy.js'
import { answersOf } from '../../domain/report/answer.js'
import { layersFigure, sourcesFigure } from '../../domain/report/budget.js'
import { columnsFigure } from '../../domain/report/columns.js'
import { conductancesFigure, type Devices } from '../../domain/report/conductances.js'
import { convertersFigure } from '../../domain/report/converters.js'
import { gridOf, type Figure } from '../../domain/report/figure.js'
import { differencesFigure, ladderFigure } from '../../domain/report/ladder.js'
import { bestAt, levelsOf } from '../../domain/report/level.js'
import { factsOf, shellWord, type Page, type Section } from '../../domain/report/page.js'
import { encodeConfig } from '../../io/config/config.js'
import { removeLeftovers } from '../../io/atomicFile.js'
import { parseJson } from '../../io/json.js'
import { sha256 } from '../../io/hash.js'
import { pageHtml } from '../../io/report/html.js'
import { svgOf } from '../../io/report/svg.js'
import { readList, removeOutdated, tableWriter, withTables, type TablePlace } from '../tableFiles.js'
import { configOf, type ConfigSearch } from './config.js'
import { openResults, requireChipTables, type ResultsFolder } from './folder.js'
import { gatherColumns, gatherErrors, gatherScores, gatherTiles, type Columns, type Cuts, type Errors } from './gather.js' // prettier-ignore

export interface ReportOptions {
  /** Null: a folder `report` in that of the results. */
  readonly out: string | null
  /** Null: the one that `run.json` names. */
  readonly config: string | null
}

export interface Reported {
  readonly files: readonly string[]
  readonly page: Page
  /** What the page lacks, and why. */
  readonly missing: string | null
}

interface Gathered {
  readonly results: Results
  /** Null where there is no chip. */
  readonly chips: { readonly errors: Errors; readonly cuts: Cuts; readonly columns: Columns } | null
}

const gather = async (folder: ResultsFolder): Promise<Gathered> => {
  const at = (name: Parameters<ResultsFolder['file']>[0]): string => folder.file(name) ?? ''
  const scores = await gatherScores(at('scores'))
  const results = resultsOf(scores)
  if (!scores.some(r => r.chip !== null) && folder.file('errors') === null) return { results, chips: null }
  requireChipTables(folder)
  const errors = await gatherErrors(at('errors'))
  return { results, chips: { errors, cuts: await gatherTiles(at('tiles')), columns: await gatherColumns(at('columns')) } } // prettier-ignore
}

/** The kinds of devices that the methods' chips are made of. */
const devicesOf = (config: Config): readonly Devices[] => {
  const kinds = new Map<string, Devices>()
  for (const method of config.methods) {
    if (method.execution === 'digital') continue
    const { device, noiseScales } = hardwareOf(config, method)
    const key = JSON.stringify([device, noiseScales])
    const methods = [...(kinds.get(key)?.methods ?? []), method.name]
    kinds.set(key, { device, noiseScales, methods })
  }
  return [...kinds.values()]
}

/** t_0 of the first device; where no config says, that of PCM. */
const referenceTimeOf = (devices: readonly Devices[]): number =>
  characterisationOf(devices[0]?.device ?? { kind: 'preset', preset: 'pcm', gMaxMicroSiemens: 25 }).referenceTime.value

const present = (figures: readonly (Figure | null)[]): readonly Figure[] => figures.filter(f => f !== null)

const section = (
  name: string,
  title: string,
  figures: readonly Figure[],
  note: string | null = null,
): readonly Section[] =>
  // prettier-ignore
  figures.length === 0 && note === null ? [] : [{ name, title, figures, note }]

const sectionsOf = ({ results, chips }: Gathered, search: ConfigSearch): readonly Section[] => {
  const devices = search.found === null ? [] : devicesOf(search.found.config)
  const scoredTimes = timesOf(results)
  const accuracy =
    scoredTimes.length === 0 ? [] : [ladderFigure(results), accuracyFigure(results, referenceTimeOf(devices)), differencesFigure(results)] // prettier-ignore
  const first = section('accuracy-over-time', 'How accurate, and what wins it back', present(accuracy))
  if (chips === null) return first
  const { errors, cuts, columns } = chips
  const times = each(errors.sources.map(e => e.time_seconds))
  const last = Math.max(...times)
  const shown = each([errors.sources[0]?.method, bestAt(levelsOf(results), last)?.method].filter(m => m !== undefined))
  const lacking = `Without the config the devices are not known (${search.reason}): "ohmflow report DIR --config FILE" adds them.`
  return [
    ...first,
    ...section('errors', 'Where the rest comes from', present([sourcesFigure(errors.sources), layersFigure(errors.layers, shown, last)])), // prettier-ignore
    ...section('ranges', 'Ranges and converters', present([columnsFigure(columns.ranges, columns.factors), convertersFigure(cuts.methods, cuts.layers)])), // prettier-ignore
    ...section('devices', 'The devices', devices.map((d, i) => conductancesFigure(d, times, i)), search.found === null ? lacking : null), // prettier-ignore
  ]
}

const pageOf = (folder: ResultsFolder, gathered: Gathered, search: ConfigSearch): Page => {
  const { provenance, files } = folder
  const path = search.found?.path ?? search.named ?? 'CONFIG'
  const arrow = Object.keys(files).some(f => f.endsWith('.arrow'))
  const parquet = Object.keys(files).some(f => f.endsWith('.parquet'))
  const inputs = parseJson(provenance.get('ohmflow:inputs') ?? '')
  const formats = arrow ? ` --formats ${parquet ? 'parquet,' : ''}arrow` : ''
  return {
    experiment: provenance.get('ohmflow:experiment') ?? 'experiment',
    answers: answersOf(gathered.results, gathered.chips?.errors.sources ?? []),
    sections: sectionsOf(gathered, search),
    command: `ohmflow run ${shellWord(path)} --out again${formats}`,
    facts: factsOf(provenance, isLeft(inputs) ? null : inputs.right),
    files: gridOf(
      'Tables it was made from, with their SHA-256',
      [
        { head: 'file', cell: ([name]) => name },
        { head: 'SHA-256', cell: ([, hash]) => hash },
      ],
      Object.entries(files),
    ),
    config: search.found === null ? null : JSON.stringify(encodeConfig(search.found.config), null, 2),
  }
}

/** @throws Failure (in the promise) for a folder without whole tables, or a place where something else lies. */
export const report = async (path: string, options: ReportOptions): Promise<Reported> => {
  const folder = await openResults(path)
  const search = await configOf(folder, options.config)
  const gathered = await gather(folder)
  const page = pageOf(folder, gathered, search)
  const figures = page.sections.flatMap(s => s.figures)
  const svgs = new Map<string, string>()
  for (const { name, spec, alt } of figures) svgs.set(name, await svgOf(name, spec, alt))
  const texts = new Map([
    ['report.html', pageHtml(page, svgs)],
    ...figures.flatMap(({ name, spec }) => [
      [`${name}.svg`, `${svgs.get(name) ?? ''}\n`] as const,
      [`${name}.vl.json`, `${JSON.stringify(spec, null, 2)}\n`] as const,
    ]),
  ])
  const files = await writeFiles(options.out ?? join(path, 'report'), texts, folder)
  return { files, page, missing: gathered.chips === null || search.found !== null ? null : search.reason }
}

const list = 'report.json'

/** Writes over files of an earlier report, and removes those that this one has not; stops at what is of somebody else. */
const writeFiles = (
  out: string,
  texts: ReadonlyMap<string, string>,
  { provenance }: ResultsFolder,
): Promise<readonly string[]> =>
  withTables({ out, list }, null, async () => {
    await removeLeftovers(out)
    const before = Object.keys((await readList(join(out, list)))?.files ?? {})
    const place: TablePlace = {
      ...{ out, list },
      files: each([...texts.keys(), ...before]),
      provenance: new Map([...provenance, ['ohmflow:report-sha256', sha256([...texts.values()].join('\n'))]]),
    }
    await removeOutdated(place)
    const writer = tableWriter(place)
    const written: string[] = []
    for (const [name, text] of texts)
      written.push(await writer.write(name, sink => sink.write(new TextEncoder().encode(text))))
    return written
  })
