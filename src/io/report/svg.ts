/**
 * Vega-Lite specifications drawn as SVG, without a browser and without a canvas: the same bytes on every machine. Text is
 * measured by its number of characters, also where a canvas is installed. Not here: what the figures show (domain/report).
 */
import type { TopLevelSpec } from 'vega-lite'
import type { Spec } from '../../domain/report/figure.js'

/** Mean advance of a character of a sans-serif face, in its size. */
const characterWidth = 0.55

/** Loaded when first needed: other commands start without it. */
const load = async () => {
  const [vega, lite] = await Promise.all([import('vega'), import('vega-lite')])
  const { textMetrics } = vega as unknown as { readonly textMetrics: TextMetrics } // as: exported, but not in its types
  textMetrics.canvas(false)
  textMetrics.width = (item, text) => characterWidth * textMetrics.height(item) * lengthOf(text)
  return { vega, lite }
}

interface TextMetrics {
  readonly canvas: (use: boolean) => void
  readonly height: (item: unknown) => number
  width: (item: unknown, text: unknown) => number
}

const lengthOf = (text: unknown): number =>
  typeof text === 'string' || typeof text === 'number' ? `${text}`.length : 0

/** What the compiler warns of is a fault of the specification: it would draw something else than is meant. */
const strict = () => {
  const refuse = (...message: readonly unknown[]): never => {
    throw new Error(`a figure's specification: ${message.map(String).join(' ')}`)
  }
  const logger = {
    level: () => logger,
    error: refuse,
    warn: refuse,
    info: () => logger,
    debug: () => logger,
  }
  return logger
}

/** Attributes of an image with a text for those who do not see it, in place of those of an interactive chart. */
const asImage = (svg: string, alt: string): string => {
  const escaped = alt.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
  return svg
    .replace(/ (role|aria-roledescription|aria-label|aria-hidden)="[^"]*"/g, '')
    .replace('<svg ', `<svg role="img" aria-label="${escaped}" `)
}

/**
 * @param name of the figure, which the ids in it start with, so that several stand in one page
 * @throws Error for a specification that the compiler does not take as it is
 */
export const svgOf = async (name: string, spec: Spec, alt: string): Promise<string> => {
  const { vega, lite } = await load()
  const { resetSVGDefIds } = vega as unknown as { readonly resetSVGDefIds: () => void } // as: exported, but not in its types
  const { spec: compiled } = lite.compile(spec as unknown as TopLevelSpec, { logger: strict() }) // as: checked against its schema by the tests
  const view = new vega.View(vega.parse(compiled), { renderer: 'none', logger: strict() })
  resetSVGDefIds()
  const svg = await view.toSVG()
  view.finalize()
  return asImage(svg, alt).replace(/(\bid="|url\(#)/g, `$1${name}-`)
}
