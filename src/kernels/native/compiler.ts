/**
 * Builds the native addon with whatever C compiler the machine has: once per instruction set, into a cache folder, named
 * by what it was made from. Not modelled: Windows compilers, cross-compilation; there the kernels run as WebAssembly.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { problem, type Problem } from '../../domain/problem.js'

/** Longest a compiler may take [ms] to say its version, and to compile one file: one that hangs must not hang the command. */
const patience = { version: 10_000, compile: 180_000 }

const execute = promisify(execFile)
const run = (command: string, args: readonly string[], timeout: number = patience.compile) =>
  execute(command, args, { timeout, killSignal: 'SIGKILL' })

/** The C sources stand in src both beside the TypeScript sources and in the package, where this file is in dist. */
const kernelsFolder = fileURLToPath(new URL('../../../src/kernels/', import.meta.url))

/** No option may fuse, reorder or approximate an operation. */
const flags = [
  ...['-std=c11', '-O3', '-fPIC', '-fvisibility=hidden', '-Wno-psabi'],
  ...['-ffp-contract=off', '-fno-math-errno', '-fwrapv', '-fno-strict-aliasing'],
]

interface Variant {
  readonly isa: string
  readonly flags: readonly string[]
  /** Bytes of a vector. */
  readonly width: number
}

const wide = ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mprefer-vector-width=512']
const base: Variant = { isa: 'base', flags: [], width: 16 }
const variants: readonly Variant[] =
  process.arch === 'x64'
    ? [
        { isa: 'avx512vnni', flags: [...wide, '-mavx512vnni'], width: 64 },
        { isa: 'avx512', flags: wide, width: 64 },
        { isa: 'avx2', flags: ['-mavx2'], width: 32 },
        base,
      ]
    : [base]

/** OHMFLOW_CACHE, else the user's cache folder; an empty variable is as good as none. */
const cacheFolder = (): string => {
  const { OHMFLOW_CACHE: own = '', XDG_CACHE_HOME: users = '' } = process.env
  return own === '' ? join(users === '' ? join(homedir(), '.cache') : users, 'ohmflow') : own
}

interface Compiler {
  readonly command: string
  readonly version: string
}

/** For a message: what CC asks for. */
const named = (): string => {
  const { CC: command = '' } = process.env
  return command === '' ? '' : ` (CC is ${JSON.stringify(command)})`
}

const findCompiler = async (): Promise<Compiler | null> => {
  const named = process.env['CC']
  for (const command of named === undefined || named === '' ? ['cc', 'gcc', 'clang'] : [named]) {
    const version = await run(command, ['--version'], patience.version).then(
      ({ stdout }) => stdout.split('\n')[0] ?? '',
      () => null,
    )
    if (version !== null) return { command, version }
  }
  return null
}

const sources = async (): Promise<readonly string[]> =>
  (await Promise.all(['c', 'native'].map(async f => (await readdir(join(kernelsFolder, f))).map(n => join(f, n)))))
    .flat()
    .filter(name => /\.[ch]$/.test(name))
    .sort()

const digest = async (names: readonly string[], compiler: Compiler): Promise<string> => {
  const hash = createHash('sha256')
  const { platform, arch, versions } = process
  hash.update(JSON.stringify([compiler, flags, variants, platform, arch, versions.modules]))
  for (const name of names) hash.update(name).update(await readFile(join(kernelsFolder, name)))
  return hash.digest('hex').slice(0, 32)
}

const headers = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include')

const compile = async ({ command }: Compiler, into: string): Promise<string> => {
  const object = (name: string): string => join(into, `${name}.o`)
  const one = async ({ isa, flags: own, width }: Variant): Promise<string | null> => {
    const from = join(kernelsFolder, 'c', 'kernels.c')
    const defines = [`-DISA=${isa}`, `-DWIDTH=${width}`]
    try {
      await run(command, [...flags, ...own, ...defines, '-c', from, '-o', object(isa)])
      return isa
    } catch (error) {
      // A compiler that does not know an instruction set gives an addon without it; the base set must compile.
      if (isa === base.isa) throw error
      return null
    }
  }
  const built = (await Promise.all(variants.map(one))).filter(isa => isa !== null)
  const from = join(kernelsFolder, 'native', 'addon.c')
  const have = built.map(isa => `-DHAVE_${isa}`)
  await run(command, [...flags, ...have, `-I${headers()}`, '-c', from, '-o', object('addon')])
  const addon = join(into, 'addon.node')
  const undefinedSymbols = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []
  await run(command, ['-shared', ...undefinedSymbols, ...[...built, 'addon'].map(object), '-o', addon])
  return addon
}

/** First lines of what a compiler or the system said. */
const said = (error: unknown): string => {
  const text = error instanceof Error ? ('stderr' in error && String(error.stderr)) || error.message : String(error)
  return text.trim().split('\n').slice(0, 3).join(' | ')
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const sumOf = (addon: string): string => `${addon}.sha256`

/** Whether the addon is there as it was built: loading a damaged one can end the process without a word. */
const isWhole = async (addon: string): Promise<boolean> => {
  try {
    return sha256(await readFile(addon)) === (await readFile(sumOf(addon), 'utf8'))
  } catch {
    return false
  }
}

const flush = async (file: string): Promise<void> => {
  const handle = await open(file, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A folder and those above it; step by step, because Node's own `recursive` never returns in folders like /proc. */
const makeFolder = async (folder: string): Promise<void> => {
  const mode = 0o700
  try {
    await mkdir(folder, { mode })
    return
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error
  }
  await makeFolder(dirname(folder))
  await mkdir(folder, { mode })
}

/** Path of the addon for this machine, built if it is not in the cache yet. Concurrent builds do not disturb each other. */
export const buildAddon: TaskEither<Problem, string> = async () => {
  const cannot = (place: string, expected: string, found: string): E.Either<Problem, string> =>
    E.left(problem('native kernels', place, expected, found))
  if (process.platform === 'win32') return cannot('', 'Linux or macOS', 'Windows')
  const compiler = await findCompiler()
  if (compiler === null) return cannot('', 'a C compiler (cc, gcc, clang or CC)', `none${named()}`)
  const folder = cacheFolder()
  try {
    const path = join(folder, `kernels-${await digest(await sources(), compiler)}.node`)
    if (await isWhole(path)) return E.right(path)
    await makeFolder(folder)
    const work = await mkdtemp(join(folder, 'build-'))
    try {
      const addon = await compile(compiler, work)
      const sum = join(work, 'sum')
      await writeFile(sum, sha256(await readFile(addon)), { flush: true })
      await flush(addon)
      await rename(addon, path)
      await rename(sum, sumOf(path))
    } finally {
      await rm(work, { recursive: true, force: true })
    }
    return E.right(path)
  } catch (error) {
    return cannot(`${compiler.version}, ${folder}`, 'the addon to build', said(error))
  }
}
