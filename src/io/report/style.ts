/** How the report's page looks, on a screen of any width and on paper. */
export const style = `:root { color-scheme: light; --ink: #1a1a1a; --soft: #555; --line: #d5d5d5; --accent: #00558c; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 62rem; color: var(--ink); background: white;
  font: 1rem/1.5 Helvetica, Arial, sans-serif; overflow-wrap: break-word; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; }
header p { margin: 0.2rem 0 1.2rem; color: var(--soft); }
h2 { font-size: 1.4rem; margin: 2.5rem 0 0.5rem; }
h3 { font-size: 1.1rem; margin: 0 0 0.5rem; }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; }
.answers > div { border: 1px solid var(--line); border-top: 4px solid var(--accent); padding: 0.8rem 1rem; }
.answers h2 { font-size: 1rem; font-weight: normal; color: var(--soft); margin: 0; }
.answers p { margin: 0.2rem 0 0; font-size: 0.95rem; }
.answers .short { font-size: 1.7rem; font-weight: bold; line-height: 1.25; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; padding: 0; margin: 1.2rem 0 0; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid #d55e00; outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 0.5rem; background: white; padding: 0.3rem; }
figure { margin: 1.5rem 0 2.2rem; }
figcaption, .note { color: var(--soft); font-size: 0.92rem; max-width: 48rem; }
.scroll { overflow-x: auto; }
.plot svg { display: block; max-width: 100%; height: auto; }
details { margin-top: 0.5rem; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
table { border-collapse: collapse; margin: 0.8rem 0; font-size: 0.88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; padding: 0.2rem 0; }
th, td { padding: 0.15rem 0.7rem 0.15rem 0; text-align: left; border-bottom: 1px solid #ececec; white-space: nowrap; }
thead th { border-bottom: 1px solid #888; vertical-align: bottom; }
tbody th { font-weight: normal; }
td.n { text-align: right; }
pre { background: #f5f5f5; padding: 0.7rem; overflow-x: auto; font-size: 0.88rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem; font-size: 0.9rem; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
@media (max-width: 46rem) {
  body { padding: 1rem; }
  .plot svg { max-width: none; min-width: 40rem; }
  dl { grid-template-columns: 1fr; }
  dd { margin-bottom: 0.4rem; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, .skip { display: none; }
  .answers { grid-template-columns: repeat(3, 1fr); }
  .answers .short { font-size: 15pt; }
  .plot svg { max-width: 100%; min-width: 0; }
  .scroll { overflow: visible; }
  figure, tr, .answers > div { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  figure:has(details) { break-inside: auto; }
  .plot { break-inside: avoid; }
  summary { display: none; }
  details::details-content { content-visibility: visible; height: auto; display: block; }
  table { font-size: 7.5pt; }
  th, td { white-space: normal; padding-right: 0.4rem; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 7.5pt; }
}
`

/** On top of it, what only the report of a sweep has. */
export const sweepStyle = `.varied { margin: 0 0 1.2rem; }
.varied p { margin: 0; font-weight: bold; }
.varied td { white-space: normal; text-align: left; }
`
