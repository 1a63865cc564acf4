import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from '@fast-check/vitest'
import { Ajv } from 'ajv'
import { isRight } from 'fp-ts/lib/Either.js'
import { describe, expect } from 'vitest'
import { configSchema, decodeConfig } from '../../../src/io/config/config.js'
import { repository, shared } from '../../shared.js'
import { spoilt, written } from './written.js'

const schema = configSchema()
const valid = new Ajv({
  strict: true,
  allErrors: true,
  allowUnionTypes: true,
  strictRequired: false,
  strictTypes: false,
}).compile(schema)

/** What compares two places, or reads a number out of a text, is checked by the codec alone. */
const beyondSchema =
  /^(each |a name of its own|another split|a dotted key|as many values|at least one key|0, where|a conductance >|knots up to|a duration (>|of at most)|"none", or the rule "optimal")/

describe('JSON Schema', () => {
  test('the committed file is what the codecs give (npx tsx tools/write-schema.mts)', () => {
    const committed = readFileSync(join(repository, 'schema', 'ohmflow.schema.json'), 'utf8')
    expect(committed).toBe(`${JSON.stringify(schema, null, 2)}\n`)
  })

  test.each(['ladder.json', 'sst2-digital.json', 'sst2-pcm.json'])('takes %s', name => {
    expect(valid(JSON.parse(readFileSync(shared('configs', name), 'utf8')))).toBe(true)
  })

  test.prop([written])('takes every config of the vocabulary', config => {
    expect(valid(config), JSON.stringify(valid.errors)).toBe(true)
  })

  test.prop([spoilt], { numRuns: 1000 })('agrees with the codecs on spoilt configs', json => {
    const result = decodeConfig('c', '/', json)
    const bySchema = valid(json)
    if (isRight(result)) expect(bySchema, JSON.stringify(valid.errors)).toBe(true)
    else if (bySchema) expect(result.left.filter(p => !beyondSchema.test(p.expected))).toEqual([])
  })

  test('every key is described', () => {
    const undescribed: string[] = []
    const visit = (node: unknown, at: string): void => {
      if (typeof node !== 'object' || node === null) return
      if ('properties' in node && typeof node.properties === 'object' && node.properties !== null) {
        for (const [key, property] of Object.entries(node.properties)) {
          if (!(typeof property === 'object' && property !== null && 'description' in property))
            undescribed.push(`${at}.${key}`)
        }
      }
      for (const [key, child] of Object.entries(node)) visit(child, `${at}.${key}`)
    }
    visit(schema, '')
    expect(undescribed).toEqual([])
  })
})
