// What somebody gets who installs the package: packed, linted, installed into an empty folder, used. A line a check.
//   node tools/check-package.mjs [NODE ...]     further Node binaries to use it with, beside this one
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const work = mkdtempSync(join(tmpdir(), 'ohmflow-package-'))
const home = join(work, 'home')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const modules = Object.entries(manifest.exports).filter(([, target]) => typeof target === 'object')
const specifiers = modules.map(([path]) => `${manifest.name}${path.slice(1)}`)
const tool = name => join(root, 'node_modules', name)

const execute = promisify(execFile)
/** What a command says. @throws Error with all it said, unless it ends with 0 */
const said = async (program, args, { cwd = home, env = {} } = {}) => {
  const options = { cwd, env: { ...process.env, NO_COLOR: '1', ...env }, maxBuffer: 1 << 26 }
  const { stdout } = await execute(program, args, options).catch(error => {
    throw new Error(`${program} ${args.join(' ')}\n${error.stdout}${error.stderr}`)
  })
  return stdout
}
const node = (args, options) => said(process.execPath, args, options)
const must = (holds, otherwise) => {
  if (!holds) throw new Error(otherwise)
}

let passed = 0
let failed = 0
const check = async (name, work) => {
  try {
    const about = await work()
    passed += 1
    console.log(`ok    ${name}${about ? `: ${about}` : ''}`)
  } catch (error) {
    failed += 1
    console.log(`FAIL  ${name}: ${error.message}`)
  }
}

const packed = {}
const pack = async () => {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', work]
  const [found] = JSON.parse(await said('npm', args, { cwd: root }))
  Object.assign(packed, { ...found, tarball: join(work, found.filename) })
  const stray = found.files.map(f => f.path).filter(p => /\.map$|\.tsbuildinfo$|^(src\/.*\.ts|test|tools)\b/.test(p))
  must(stray.length === 0, `not for users: ${stray.join(', ')}`)
  return `${found.entryCount} files, ${(found.size / 1e6).toFixed(1)} MB, ${(found.unpackedSize / 1e6).toFixed(1)} MB unpacked`
}

const installed = () => JSON.parse(readFileSync(join(home, 'node_modules/.package-lock.json'), 'utf8')).packages
/** From npm's cache alone where that has everything, else with the registry for what it lacks. */
const install = async () => {
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{ "name": "home", "private": true, "type": "module" }')
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', packed.tarball]
  const how = await said('npm', [...args, '--offline']).then(
    () => 'offline, from the cache',
    () => said('npm', [...args, '--prefer-offline']).then(() => 'with the registry, as the cache lacks something'),
  )
  return `${Object.keys(installed()).length} packages, ${how}`
}
const noScripts = () => {
  const scripted = Object.entries(installed()).filter(([, p]) => p.hasInstallScript)
  must(scripted.length === 0, scripted.map(([name]) => name).join(', '))
}

const config = {
  schema: 1,
  name: 'installed',
  seed: 1,
  tasks: [{ task: 'sst2', checkpoint: 'data/models/sst2', data: 'data/glue/SST-2', examples: 16 }],
  hardware: { tile: { rows: 64, columns: 64 } },
  repeat: { chips: 1, times: ['1 h'] },
  calibration: { split: 'train', examples: 8 },
  methods: [{ name: 'digital', execution: 'digital' }, { name: 'abs-max' }],
}
const ohmflow = ['node_modules/.bin/ohmflow']
const hashOf = folder => createHash('sha256').update(readFileSync(join(home, folder, 'scores.parquet'))).digest('hex') // prettier-ignore

/** A program of a user's: every export, an experiment, its tables. */
const program = `
${specifiers.map((s, i) => `import * as m${i} from '${s}'`).join('\n')}
import { run } from '${manifest.name}/experiment'
import { openResults } from '${manifest.name}/results'
export const all: readonly object[] = [${specifiers.map((_, i) => `m${i}`).join(', ')}]
const { scores } = await run('config.json', { out: process.argv[2] ?? 'typed', workers: 1 })
const results = await openResults(process.argv[2] ?? 'typed')
let rows = 0
for await (const window of results.rows('scores')) rows += window.filter(row => row.value >= 0).length
if (rows !== scores.length || rows === 0) throw new Error(\`\${scores.length} scores, \${rows} rows\`)
`
const compile = async (...options) => {
  const strict = ['--strict', '--target', 'ES2022', '--types', 'node', '--typeRoots', tool('@types')]
  await node([tool('typescript/bin/tsc'), ...strict, ...options, 'program.ts'])
}

const useWith = async (name, binary) => {
  const version = (await said(binary, ['--version'])).trim()
  const out = `on-${name}`
  await check(`${version}: the command`, async () => {
    const found = (await said(binary, [...ohmflow, '--version'])).trim()
    must(found === manifest.version, `version ${found}`)
    await said(binary, [...ohmflow, 'run', 'config.json', '--out', out, '--workers', '1'])
  })
  await check(`${version}: a program with every export`, () =>
    said(binary, ['program.js', `${out}-program`]).then(() => ''),
  )
  await check(`${version}: both give the same bytes`, () =>
    must(hashOf(out) === hashOf(`${out}-program`), 'they differ'),
  )
  await check(`${version}: without a compiler, WebAssembly and the same bytes`, async () => {
    const bare = join(work, `bare-${name}`)
    mkdirSync(bare)
    symlinkSync(binary, join(bare, 'node'))
    const env = { PATH: bare, CC: '', OHMFLOW_CACHE: join(bare, 'cache') }
    const doctor = JSON.parse(await said(binary, [...ohmflow, 'doctor', '--json'], { env }))
    must(doctor.healthy && /wasm|WebAssembly/i.test(doctor.kernels), `kernels: ${doctor.kernels}`)
    await said(binary, [...ohmflow, 'run', 'config.json', '--out', `${out}-wasm`, '--workers', '1'], { env })
    must(hashOf(`${out}-wasm`) === hashOf(out), 'other bytes')
    must(!existsSync(join(bare, 'cache')), 'something was built')
  })
}

try {
  await check('pack', pack)
  await check('publint', () => node([tool('publint/src/cli.js'), 'run', packed.tarball, '--strict'], { cwd: root }).then(() => '')) // prettier-ignore
  const attw = [tool('@arethetypeswrong/cli/dist/index.js'), packed.tarball, '--profile', 'esm-only']
  await check('attw', () =>
    node([...attw, '--exclude-entrypoints', './schema.json'], { cwd: root }).then(() => 'ES modules'),
  )
  await check('install into an empty folder', install)
  await check('no package runs a script when installed', noScripts)
  writeFileSync(join(home, 'config.json'), JSON.stringify(config))
  writeFileSync(join(home, 'program.ts'), program)
  cpSync(join(home, `node_modules/${manifest.name}/data`), join(home, 'data'), { recursive: true })
  const module = ['--module', 'ESNext', '--moduleResolution', 'Bundler', '--noEmit']
  await check('types, for a bundler', () => compile(...module, '--skipLibCheck'))
  await check('types, for Node', () => compile('--module', 'NodeNext', '--skipLibCheck'))
  for (const [i, binary] of [process.execPath, ...process.argv.slice(2)].entries()) await useWith(String(i), binary)
} finally {
  rmSync(work, { recursive: true, force: true })
}
console.log(`${passed} checks kept, ${failed} not`)
process.exitCode = failed === 0 ? 0 : 1
