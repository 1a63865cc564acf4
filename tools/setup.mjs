// Installs from the lock file and builds, each only when something changed. Called by `npm start`, `npm test`, `npm run check`.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const at = path => join(root, path)

const filesUnder = folder =>
  readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(e => (e.isDirectory() ? filesUnder(join(folder, e.name)) : [join(folder, e.name)]))

const digest = paths => {
  const hash = createHash('sha256')
  for (const path of paths) hash.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0')
  return hash.digest('hex')
}

/** Runs `work` unless the stamp file already holds this digest; the stamp is written last. */
const unlessStamped = (stamp, value, work) => {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === value) return
  rmSync(stamp, { force: true })
  work()
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, value)
}

const say = text => process.stderr.write(`${text}\n`)
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

const [major] = process.versions.node.split('.').map(Number)
if (major < 20) {
  say(`ohmflow needs Node 20 or newer, found ${process.version}`)
  process.exit(2)
}

try {
  unlessStamped(at('node_modules/.ohmflow-lock'), digest([at('package-lock.json')]), () => {
    say('installing packages from package-lock.json ...')
    execFileSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    })
  })
  const sources = [...filesUnder(at('src')), at('tsconfig.json'), at('tsconfig.build.json')].filter(p =>
    statSync(p).isFile(),
  )
  unlessStamped(at('dist/.ohmflow-sources'), digest(sources), () => {
    say('building dist/ ...')
    rmSync(at('dist'), { recursive: true, force: true })
    execFileSync(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', at('tsconfig.build.json')], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
  })
  // Kept in a cache under the digest of its sources, so this is quick when nothing changed; without it WebAssembly runs.
  const { buildAddon } = await import(pathToFileURL(at('dist/kernels/native/compiler.js')).href)
  await buildAddon()
} catch (error) {
  say(`set-up failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}
