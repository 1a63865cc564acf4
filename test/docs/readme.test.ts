import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRight } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { version } from '../../src/domain/version.js'
import { decodeConfig } from '../../src/io/config/config.js'
import { ohmflow } from '../cli/ohmflow.js'
import { repository } from '../shared.js'
import { blocksOf } from './blocks.js'

const readme = readFileSync(join(repository, 'README.md'), 'utf8')
const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  readonly version: string
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

describe('README', () => {
  test('its configs decode', () => {
    const blocks = blocksOf(readme)
      .filter(b => b.language === 'json')
      .map(b => JSON.parse(b.text) as unknown)
    expect(blocks.length).toBeGreaterThan(0)
    for (const block of blocks) expect(isRight(decodeConfig('README.md', repository, block))).toBe(true)
  })

  test('every command and flag it names is there', async () => {
    const rows = [...readme.matchAll(/^\| `ohmflow (\w+)[^`]*` \|(.*)$/gm)]
    expect(rows.map(r => r[1])).toEqual([
      ...['run', 'merge', 'plan', 'calibrate', 'train', 'predict', 'predict', 'report', 'inspect', 'device', 'doctor'],
    ])
    for (const [, command = '', about = ''] of rows) {
      const { code, stdout } = await ohmflow([command, '--help'])
      expect(code).toBe(0)
      for (const [flag] of about.matchAll(/--[a-z-]+/g)) expect(stdout).toContain(flag)
    }
  })

  test('the versions it names are those that are pinned', () => {
    const pinned = { ...manifest.dependencies, ...manifest.devDependencies }
    const named = [...readme.matchAll(/(?<![\w@/-])((?:@[a-z-]+\/)?[a-z][a-z-]+) (\d+\.\d+\.\d+)/g)].map(
      m => [m[1] ?? '', m[2]] as const,
    )
    expect(named.length).toBeGreaterThanOrEqual(8)
    for (const [name, value] of named) expect([name, pinned[name]]).toEqual([name, value])
    for (const value of Object.values(pinned)) expect(value).toMatch(/^\d+\.\d+\.\d+$/)
  })

  test('the npm scripts it and CONTRIBUTING name are there', () => {
    const text = readme + readFileSync(join(repository, 'CONTRIBUTING.md'), 'utf8')
    for (const [, name = ''] of text.matchAll(/npm (?:run )?([a-z][a-z-]*)/g))
      if (!['link', 'ci', 'install', 'pack'].includes(name))
        expect([name, typeof manifest.scripts[name]]).toEqual([name, 'string'])
  })

  test('the version stands once', () => {
    expect(version).toBe(manifest.version)
  })
})
