/** The guide's pages, done by a reader who follows them: every block of code, in order, in one folder with `data/` in it. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { decodeConfig } from '../../src/io/config/config.js'
import { main, temporaryFolder } from '../cli/ohmflow.js'
import { repository } from '../shared.js'
import { blocksOf, type Block } from './blocks.js'

const guide = join(repository, 'docs/guide')
const textOf = (page: string): string => readFileSync(join(guide, page), 'utf8')
const pages = [...textOf('README.md').matchAll(/\]\(([\w-]+\.md)\)/g)].map(m => m[1] ?? '')

/** A reader's folder: the data, the command, the package. */
const readersFolder = (): string => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  mkdirSync(join(folder, 'bin'))
  symlinkSync(join(repository, 'data'), join(folder, 'data'))
  symlinkSync(repository, join(folder, 'node_modules/ohmflow'))
  writeFileSync(join(folder, 'bin/ohmflow'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, { mode: 0o755 })
  return folder
}

const folder = readersFolder()

const end = (program: string, args: readonly string[]): string => {
  const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` }
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, env, encoding: 'utf8' })
  return status === 0 ? '' : `exit code ${status ?? 'none'}: ${stdout}${stderr}`
}

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  typeRoots: [join(repository, 'node_modules/@types')],
  types: ['node'],
}

/** What the compiler objects to. */
const typeErrors = (files: readonly string[]): readonly string[] =>
  ts
    .getPreEmitDiagnostics(ts.createProgram([...files], compilerOptions))
    .map(d => `${d.file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`)

/** Each kind of block done; what went wrong, or nothing. */
const kinds: Readonly<Record<string, (block: Block) => string>> = {
  json: ({ text }) => {
    const decoded = decodeConfig('block', folder, JSON.parse(text))
    return isLeft(decoded) ? JSON.stringify(decoded.left) : ''
  },
  sh: ({ text }) => end('bash', ['-euo', 'pipefail', '-c', text]),
  ts: ({ text, file }) => {
    const program = join(folder, `${file}.mjs`)
    writeFileSync(
      program,
      ts.transpileModule(text, { compilerOptions: { ...compilerOptions, module: ts.ModuleKind.ESNext } }).outputText,
    )
    return end(process.execPath, [program])
  },
}

const saved = pages.flatMap(page => blocksOf(textOf(page))).filter(b => b.file !== '')
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
for (const { file, text } of saved) writeFileSync(join(folder, file), text)

/** [ms] Beyond any machine's need: whether it is busy does not decide. */
const unhurried = 1_200_000

describe('the guide', () => {
  test(
    'has code of each kind, and its TypeScript has no type errors',
    () => {
      expect(pages.length).toBeGreaterThanOrEqual(7)
      for (const language of Object.keys(kinds))
        expect(pages.flatMap(page => blocksOf(textOf(page))).some(b => b.language === language)).toBe(true)
      expect(typeErrors(saved.filter(b => b.language === 'ts').map(b => join(folder, b.file)))).toEqual([])
    },
    unhurried,
  )

  test.each(pages)(
    '%s: its blocks work',
    page => {
      for (const block of blocksOf(textOf(page))) {
        const wrong = kinds[block.language]?.(block) ?? `no way to try a block of ${block.language}`
        expect({ text: block.text, wrong }).toEqual({ text: block.text, wrong: '' })
      }
    },
    unhurried,
  )

  test('its pages link to files that are there', () => {
    for (const page of ['README.md', ...pages])
      for (const [, path = ''] of textOf(page).matchAll(/\]\(([^)#:]+)(?:#[\w-]+)?\)/g))
        expect([page, path, ts.sys.fileExists(join(guide, path))]).toEqual([page, path, true])
  })
})
