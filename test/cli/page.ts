/** A report's page as tests read it: the cells of its tables, and the browser that opens it. */
import { existsSync } from 'node:fs'
import { chromium, type Page } from 'playwright-core'

const text = (html: string): string =>
  html
    .replaceAll('\u00a0', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')

/** Cells of the rows of a page's tables whose caption starts so. */
export const cells = (html: string, caption: string): readonly (readonly string[])[] => {
  const [, table = ''] = html.split(`<caption>${caption}`)
  const body = /<tbody>([\s\S]*?)<\/tbody>/.exec(table)?.[1] ?? ''
  return [...body.matchAll(/<tr>(.*?)<\/tr>/g)].map(row =>
    [...(row[1] ?? '').matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(c => text(c[1] ?? '')),
  )
}

/** Chromium as Debian installs it; without one the browser's tests are left out, but never in CI. */
export const browserPath = [process.env.OHMFLOW_CHROMIUM ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  existsSync,
)

/** What a page says in the console, or asks of anywhere else than files, ends in `said`. */
export const inBrowser = async (look: (tab: Page, said: readonly string[]) => Promise<void>): Promise<void> => {
  const browser = await chromium.launch({
    executablePath: browserPath ?? '',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'], // prettier-ignore
  })
  try {
    const tab = await browser.newPage({ viewport: { width: 1100, height: 900 } })
    const said: string[] = []
    tab.on('console', m => said.push(m.text()))
    tab.on('pageerror', e => said.push(e.message))
    tab.on('request', r => {
      if (!r.url().startsWith('file:')) said.push(r.url())
    })
    await look(tab, said)
  } finally {
    await browser.close()
  }
}

/** Whatever a page has that is by itself not whole: scripts, addresses elsewhere, places that are not there. */
export const faultsOf = (html: string): readonly string[] => {
  const foreign = html.match(/<script|<link|<img|<iframe|\son\w+=|@import|url\((?!#)/g) ?? []
  const known = ['http://www.w3.org/2000/svg', 'http://www.w3.org/1999/xlink']
  const addresses = [...html.matchAll(/https?:\/\/[^"<\s]*/g)].map(m => m[0]).filter(a => !known.includes(a))
  const ids = [...html.matchAll(/\bid="([^"]*)"/g)].map(m => m[1])
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i)
  const lost = [...html.matchAll(/(?:href="#|url\(#)([^")]*)/g)].map(m => m[1]).filter(place => !ids.includes(place))
  return [...foreign, ...addresses, ...twice, ...lost].map(String)
}

/** Every element that the keyboard has to reach, and those it does not. */
export const unreached = async (tab: Page, presses: number): Promise<readonly string[]> => {
  const reached = new Set<string>()
  for (let i = 0; i < presses; i++) {
    await tab.keyboard.press('Tab')
    reached.add(await tab.evaluate<string>('document.activeElement.outerHTML.slice(0, 60)'))
  }
  const wanted = await tab.evaluate<readonly string[]>(
    "[...document.querySelectorAll('a, summary, .plot')].map(e => e.outerHTML.slice(0, 60))",
  )
  return wanted.filter(element => !reached.has(element))
}
