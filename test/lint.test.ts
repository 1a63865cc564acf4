import { join } from 'node:path'
import { ESLint } from 'eslint'
import { describe, expect, test } from 'vitest'
import { repository } from './shared.js'

/** A file of each layer: the typed rules take a text only under the path of a file of the project. */
const files = {
  domain: 'src/domain/version.ts',
  kernels: 'src/kernels/heap.ts',
  engines: 'src/engines/engine.ts',
  io: 'src/io/hash.ts',
  pipelines: 'src/pipelines/batches.ts',
  library: 'src/library/device.ts',
  cli: 'src/cli/exit.ts',
} as const
type Layer = keyof typeof files
const layers = Object.keys(files) as readonly Layer[] // as: its own keys

/** What each may import besides itself. */
const below: Readonly<Record<Layer, readonly Layer[]>> = {
  domain: [],
  kernels: ['domain'],
  engines: ['domain', 'kernels'],
  io: ['domain', 'kernels'],
  pipelines: ['domain', 'kernels', 'engines', 'io'],
  library: ['domain', 'kernels', 'engines', 'io', 'pipelines'],
  cli: ['domain', 'kernels', 'engines', 'io', 'pipelines'],
}

const imports = 'no-restricted-imports'
const syntax = 'no-restricted-syntax'
const globals = 'no-restricted-globals'

const libraries = [
  { line: "import 'fp-ts/lib/Either.js'", rules: [] },
  ...['fp-ts', 'fp-ts/Either', 'fp-ts/lib/Either', 'io-ts', 'io-ts/lib'].map(name => ({
    line: `import '${name}'`,
    rules: [imports],
  })),
]

const eslint = new ESLint({ cwd: repository })

/** Per line of the text, the rules named no-restricted-... that it breaks. */
const broken = async (layer: Layer, text: readonly string[]): Promise<readonly (readonly string[])[]> => {
  const results = await eslint.lintText(text.join('\n'), { filePath: join(repository, files[layer]) })
  const messages = results.flatMap(result => result.messages)
  expect(messages.filter(message => message.fatal)).toEqual([])
  return text.map((_, i) => [
    ...new Set(
      messages
        .filter(message => message.line === i + 1)
        .map(message => message.ruleId ?? '')
        .filter(rule => rule.startsWith('no-restricted-')),
    ),
  ])
}

describe.each(layers)('src/%s', layer => {
  test('imports downwards only, by whatever form, and libraries by the files that plain Node finds', async () => {
    const forms = layers.flatMap(other => {
      const path = `../${other}/x.js`
      return [
        { other, rule: imports, line: `import { x as ${other}1 } from '${path}'` },
        { other, rule: imports, line: `import type { X as ${other}2 } from './../../src/${other}/deep/x.js'` },
        { other, rule: imports, line: `export * from '../${path}'` },
        { other, rule: imports, line: `import 'ohmflow/${other}/x.js'` },
        { other, rule: syntax, line: `await import('${path}')` },
        { other, rule: syntax, line: `await import(\`${path}\`)` },
        { other, rule: syntax, line: `await import('ohmflow/${other}/x.js')` },
      ]
    })
    const relative = forms.map(({ other, rule, line }) => {
      const legal = other === layer || below[layer].includes(other)
      // the pure layer loads nothing at run time, and knows no package's name, not even its own
      const closed = layer === 'domain' && (rule === syntax || line.includes('ohmflow/'))
      return { line, rules: legal && !closed ? [] : [rule] }
    })
    const expected = [...relative, ...libraries]
    const found = await broken(
      layer,
      expected.map(({ line }) => line),
    )
    expect(expected.map(({ line }, i) => ({ line, rules: found[i] }))).toEqual(expected)
  })
})

describe('src/domain is pure', () => {
  const refused = [
    ...['node:fs', 'fs', 'crypto', 'fs/promises', 'rxjs', 'apache-arrow', 'hyparquet', 'pickleparser', 'cmd-ts'].map(
      name => [imports, `import '${name}'`] as const,
    ),
    [imports, "import 'io-ts/lib/index.js'"],
    ...['Date', 'Random', 'Console'].map(name => [imports, `import 'fp-ts/lib/${name}.js'`] as const),
    [syntax, "await import('node:fs')"],
    [syntax, "await import('./problem.js')"],
    [syntax, 'await import(String(1))'],
    ['no-restricted-properties', 'Math.random()'],
    ['no-restricted-properties', 'export const { random } = Math'],
    ...[
      'Date.now()',
      'new Date()',
      'globalThis.Date.now()',
      'global.Date.now()',
      'performance.now()',
      'process.env',
      'crypto.randomUUID()',
      'setTimeout(() => undefined, 1)',
      'setInterval(() => undefined, 1)',
      'setImmediate(() => undefined)',
      'queueMicrotask(() => undefined)',
      "void fetch('')",
      "Buffer.from('')",
      "require('fs')",
      'console.log(1)',
    ].map(line => [globals, line] as const),
  ] as const

  test('what would make it impure is refused', async () => {
    const found = await broken(
      'domain',
      refused.map(([, line]) => line),
    )
    expect(refused.map(([, line], i) => [found[i], line])).toEqual(refused.map(([rule, line]) => [[rule], line]))
  })

  test('a pure module passes every rule', async () => {
    const text = `import { right, type Either } from 'fp-ts/lib/Either.js'
import type { Problem } from './problem.js'

const encoder = new TextEncoder()
export const bytes = (text: string): Either<Problem, Uint8Array> => right(encoder.encode(text))
export const root = (x: number): number => Math.sqrt(x)
`
    const results = await eslint.lintText(text, { filePath: join(repository, files.domain) })
    expect(results.map(result => result.messages)).toEqual([[]])
  })
})
