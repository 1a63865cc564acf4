/**
 * A report on a folder of results: its tables checked and read, the page put together, and written with each figure as SVG
 * and as a specification. The same tables and config give the same bytes: there is no clock in it.
 */
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { each, resultsOf, timesOf } from '../../domain/experiment/results.js'
import { resultsOfSettings, type SettingResults } from '../../domain/experiment/setting-results.js'
import { fail } from '../../domain/problem.js'
import { answersOf } from '../../domain/report/answer.js'
import { gridOf } from '../../domain/report/figure.js'
import { factsOf, shellWord, type Page } from '../../domain/report/page.js'
import type { SweepResults } from '../../domain/report/sweep-results.js'
import { sweepAnswers } from '../../domain/report/sweep-answer.js'
import { variedOf } from '../../domain/report/varied.js'
import { encodeConfig } from '../../io/config/config.js'
import { removeLeftovers } from '../../io/atomicFile.js'
import { parseJson } from '../../io/json.js'
import { sha256 } from '../../io/hash.js'
import { pageHtml } from '../../io/report/html.js'
import { svgOf } from '../../io/report/svg.js'
import { readList, removeOutdated, tableWriter, withTables, type TablePlace } from '../tableFiles.js'
import { uninterrupted } from '../interruption.js'
import { fileIn, formats } from '../experiment/tables.js'
import { configOf, type ConfigSearch } from './config.js'
import { openResults, requireChipTables, type ResultsFolder } from './folder.js'
import { gatherColumns, gatherErrors, gatherScores, gatherTiles, type OneSetting } from './gather.js'
import { sectionsOf, sweepSections, type Gathered, type Known } from './sections.js'
import { chosenSetting, sweptColumns, type Where } from './setting.js'

export interface ReportOptions {
  /** Null: a folder `report` in that of the results. */
  readonly out: string | null
  /** Null: the one that `run.json` names. */
  readonly config: string | null
  /** The setting of a sweep that is shown in full: the first with these values. */
  readonly where: readonly Where[]
}

export interface Reported {
  readonly files: readonly string[]
  readonly page: Page
  /** What the page lacks, and why. */
  readonly missing: string | null
}

/** The tables of a sweep: all its settings, and the one that is shown in full. */
interface GatheredSweep extends SweepResults {
  readonly shown: SettingResults
}

interface GatheredFolder extends Gathered {
  /** Null without a sweep. */
  readonly sweep: GatheredSweep | null
}

const pathOf = (folder: ResultsFolder, name: Parameters<ResultsFolder['file']>[0]): string => folder.file(name) ?? ''

const gatherChips = async (folder: ResultsFolder, setting: OneSetting): Promise<Gathered['chips']> => {
  requireChipTables(folder)
  const errors = await gatherErrors(pathOf(folder, 'errors'), setting)
  const cuts = await gatherTiles(pathOf(folder, 'tiles'), setting)
  return { errors, cuts, columns: await gatherColumns(pathOf(folder, 'columns'), setting) }
}

const gather = async (folder: ResultsFolder, wheres: readonly Where[]): Promise<GatheredFolder> => {
  const file = pathOf(folder, 'scores')
  const columns = await sweptColumns(file)
  const scores = await gatherScores(file, columns)
  const settings = columns.length === 0 ? [] : resultsOfSettings(scores, columns)
  const shown = chosenSetting(columns, settings, wheres)
  if (shown !== undefined) {
    const { cells, results } = shown
    const chips = timesOf(results).length === 0 ? null : await gatherChips(folder, { columns, cells })
    return { results, chips, sweep: { columns, settings, shown } }
  }
  if (columns.length > 0) return fail(file, '', 'scores of the settings of a sweep', 'none: no split has labels')
  const results = resultsOf(scores)
  const hasChips = scores.some(r => r.chip !== null) || folder.file('errors') !== null
  return { results, chips: hasChips ? await gatherChips(folder, { columns, cells: {} }) : null, sweep: null }
}

/** The config of the tables, or of the setting that is shown. */
const knownOf = (sweep: GatheredSweep | null, { found, reason }: ConfigSearch): Known => {
  if (found === null) return { config: null, reason }
  if (sweep === null) return { config: found.config, reason }
  const isShown = (cells: OneSetting['cells']): boolean =>
    sweep.columns.every(({ name }) => (cells[name] ?? null) === (sweep.shown.cells[name] ?? null))
  const setting = found.settings.all.find(({ cells }) => isShown(cells))
  if (setting === undefined) throw new Error('a config of these tables has not the setting that they have')
  return { config: setting.config, reason }
}

const pageOf = (folder: ResultsFolder, gathered: GatheredFolder, search: ConfigSearch): Page => {
  const { provenance, files } = folder
  const { sweep, results } = gathered
  const known = knownOf(sweep, search)
  const errors = gathered.chips?.errors.sources ?? []
  const path = search.found?.path ?? search.named ?? 'CONFIG'
  const inputs = parseJson(provenance.get('ohmflow:inputs') ?? '')
  const written = formats.filter(f => fileIn(f, 'scores') in files)
  const asked = written.join() === 'parquet' ? '' : ` --formats ${written.join()}`
  return {
    experiment: provenance.get('ohmflow:experiment') ?? 'experiment',
    varied: sweep === null ? null : variedOf(sweep.columns, sweep.settings.map(s => s.cells)), // prettier-ignore
    answers: sweep === null ? answersOf(results, errors) : sweepAnswers(sweep, sweep.shown, errors),
    sections: sweep === null ? sectionsOf(gathered, known) : sweepSections(sweep, sweep.shown, gathered, known),
    command: `ohmflow run ${shellWord(path)} --out again${asked}`,
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
  const gathered = await gather(folder, options.where)
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
  withTables({ out, list }, uninterrupted, async () => {
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
