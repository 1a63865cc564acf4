// Reads the Parquet tables of a folder with hyparquet in a page of a headless Chromium, and holds values, nulls and metadata
// against the Arrow files beside them:  node tools/check-browser.mjs DIR
// The page and the library come from this machine alone: whatever else the page asks for fails the check.
import { createServer } from 'node:http'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tableFromIPC } from 'apache-arrow'
import { chromium } from 'playwright-core'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('expected the folder of a run with --formats parquet,arrow')
const executablePath = [process.env.OHMFLOW_CHROMIUM ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  existsSync,
)
if (executablePath === undefined) {
  console.log('browser: not available (no Chromium here; OHMFLOW_CHROMIUM names one)')
  process.exit(0)
}

const library = fileURLToPath(new URL('../node_modules/hyparquet/src/', import.meta.url))
const types = { js: 'text/javascript', parquet: 'application/octet-stream' }
const page = '<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,"><title>tables</title>'
const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname
  const [, kind, name = ''] = /^\/(hyparquet|tables)\/([\w./-]+)$/.exec(path) ?? []
  const file = kind === undefined || name.includes('..') ? undefined : join(kind === 'tables' ? folder : library, name)
  if (path !== '/' && (file === undefined || !existsSync(file))) return void response.writeHead(404).end()
  response.setHeader('content-type', file === undefined ? 'text/html' : types[name.split('.').at(-1)])
  response.end(file === undefined ? page : readFileSync(file))
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address()
const origin = `http://127.0.0.1:${port}`

// Runs in the page. Numbers as texts, so that NaN, -0, and what JSON would round are told apart.
const read = `async name => {
  const { asyncBufferFromUrl, parquetMetadataAsync, parquetReadObjects } = await import('/hyparquet/index.js')
  const file = await asyncBufferFromUrl({ url: '/tables/' + name })
  const metadata = await parquetMetadataAsync(file)
  const text = v => v === null || v === undefined ? 'null' : typeof v === 'object' ? '[' + Array.from(v, text) + ']' : Object.is(v, -0) ? '-0' : typeof v + ' ' + v
  const rows = await parquetReadObjects({ file, metadata })
  return {
    rows: rows.map(row => Object.entries(row).map(([k, v]) => k + '=' + text(v))),
    metadata: Object.fromEntries(metadata.key_value_metadata.map(({ key, value }) => [key, value])),
  }
}`
const text = v =>
  v === null
    ? 'null'
    : typeof v === 'object'
      ? `[${Array.from(v, text)}]`
      : Object.is(v, -0)
        ? '-0'
        : `${typeof v} ${v}`

/** @param {string} file */
const expected = file => {
  const table = tableFromIPC(readFileSync(join(folder, file)))
  const names = table.schema.fields.map(f => f.name)
  return {
    rows: table.toArray().map(row => names.map(name => `${name}=${text(row[name])}`)),
    metadata: Object.fromEntries(table.schema.metadata),
  }
}

const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
})
try {
  const tab = await browser.newPage()
  const faults = []
  tab.on('console', message => faults.push(message.text()))
  tab.on('pageerror', error => faults.push(error.message))
  await tab.route('**', route => {
    if (route.request().url().startsWith(origin) || route.request().url().startsWith('data:')) return route.continue()
    faults.push(`asked for ${route.request().url()}`)
    return route.abort()
  })
  await tab.goto(origin)
  const tables = readdirSync(folder).filter(f => f.endsWith('.parquet'))
  if (tables.length === 0) throw new Error(`${folder}: no Parquet tables`)
  for (const name of tables) {
    const wanted = expected(name.replace(/(\.parquetjs)?\.parquet$/, '.arrow'))
    const found = await tab.evaluate(`(${read})(${JSON.stringify(name)})`)
    if (found.rows.length !== wanted.rows.length)
      throw new Error(`${name}: expected ${wanted.rows.length} rows, found ${found.rows.length}`)
    for (const [i, row] of wanted.rows.entries())
      if (row.join() !== found.rows[i].join())
        throw new Error(`${name}, row ${i}: expected ${row}, found ${found.rows[i]}`)
    for (const [key, value] of Object.entries(wanted.metadata))
      if (found.metadata[key] !== value)
        throw new Error(`${name}: metadata ${key}: expected ${value}, found ${found.metadata[key]}`)
    const nulls = found.rows.flat().filter(cell => cell.endsWith('=null')).length
    console.log(`${name.padEnd(24)} ${found.rows.length} rows, ${nulls} nulls: hyparquet in Chromium equal`)
  }
  if (faults.length > 0) throw new Error(`the page: ${faults.join('; ')}`)
} finally {
  await browser.close()
  server.close()
}
