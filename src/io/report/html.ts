/**
 * A report as one HTML page that needs nothing else: no script, no network, figures as SVG in it, their numbers as tables
 * under them. Not here: what it says (domain/report), how figures are drawn (`svg.ts`).
 */
import type { Figure, Grid } from '../../domain/report/figure.js'
import type { Page, Section } from '../../domain/report/page.js'
import { version } from '../../domain/version.js'
import { style, sweepStyle } from './style.js'

const escaped = (text: string): string =>
  text
    .replaceAll('± ', '±\u00a0')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

/** Numbers stand to the right. */
const isNumber = (text: string): boolean => /^[-+]?[\d.]|^-$|^< /.test(text)

const gridHtml = ({ caption, head, rows }: Grid): string => {
  const cell = (text: string, i: number): string =>
    i === 0 ? `<th scope="row">${escaped(text)}</th>` : `<td${isNumber(text) ? ' class="n"' : ''}>${escaped(text)}</td>`
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escaped(caption)}"><table>
<caption>${escaped(caption)}</caption>
<thead><tr>${head.map(h => `<th scope="col">${escaped(h)}</th>`).join('')}</tr></thead>
<tbody>
${rows.map(row => `<tr>${row.map(cell).join('')}</tr>`).join('\n')}
</tbody></table></div>`
}

const figureHtml = ({ name, title, caption, tables }: Figure, svg: string): string => `<figure id="${escaped(name)}">
<h3>${escaped(title)}</h3>
<div class="scroll plot" role="group" tabindex="0" aria-label="${escaped(title)}">${svg}</div>
<figcaption>${escaped(caption)}</figcaption>
${tables.length === 0 ? '' : `<details><summary>Numbers: ${escaped(title)}</summary>\n${tables.map(gridHtml).join('\n')}\n</details>`}
</figure>`

const sectionHtml = ({ name, title, figures, note }: Section, svgs: ReadonlyMap<string, string>): string =>
  `<section id="${escaped(name)}" aria-labelledby="${escaped(name)}-title"><h2 id="${escaped(name)}-title">${escaped(title)}</h2>
${note === null ? '' : `<p class="note">${escaped(note)}</p>`}
${figures.map(f => figureHtml(f, svgs.get(f.name) ?? '')).join('\n')}
</section>`

const provenanceHtml = ({ command, facts, files, config }: Page): string =>
  `<section id="provenance" aria-labelledby="provenance-title"><h2 id="provenance-title">Provenance</h2>
<p>This computes the same tables again, to the byte:</p>
<pre tabindex="0" aria-label="command"><code>${escaped(command)}</code></pre>
<dl>
${facts.map(f => `<dt>${escaped(f.name)}</dt><dd>${escaped(f.value)}</dd>`).join('\n')}
</dl>
${gridHtml(files)}
${config === null ? '' : `<details><summary>The config</summary><pre tabindex="0" aria-label="config"><code>${escaped(config)}</code></pre></details>`}
</section>`

/** @param svgs each figure's drawing by its name */
export const pageHtml = (page: Page, svgs: ReadonlyMap<string, string>): string => {
  const { experiment, varied, answers, sections } = page
  const places = [...sections, { name: 'provenance', title: 'Provenance' }]
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="ohmflow ${version}">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(experiment)}: Ohmflow report</title>
<style>
${style}${varied === null ? '' : sweepStyle}</style>
</head>
<body>
<a class="skip" href="#main">To the figures</a>
<header>
<h1>${escaped(experiment)}</h1>
<p>A transformer encoder on analog in-memory computing hardware, simulated by Ohmflow ${version}.</p>
</header>
${varied === null ? '' : `<div class="varied"><p>${escaped(varied.said)}</p>\n${gridHtml(varied.keys)}</div>\n`}<div class="answers">
${answers.map(a => `<div><h2>${escaped(a.question)}</h2><p class="short">${escaped(a.short)}</p><p>${escaped(a.long)}</p></div>`).join('\n')}
</div>
<nav aria-label="Sections"><ul>
${places.map(s => `<li><a href="#${escaped(s.name)}">${escaped(s.title)}</a></li>`).join('\n')}
</ul></nav>
<main id="main" tabindex="-1">
${sections.map(s => sectionHtml(s, svgs)).join('\n')}
${provenanceHtml(page)}
</main>
</body>
</html>
`
}
