import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import {
  dropoutOrigin,
  lifeAddresses,
  lifeOrigin,
  limits,
  noiseAddress,
  noiseOrigin,
  readAddress,
  readOrigin,
  type Address,
  type Origin,
} from '../../../src/domain/random/addresses.js'

type Limit = keyof typeof limits
/** Any value within a limit, its ends more often. */
const within = (name: Limit): fc.Arbitrary<number> =>
  fc.oneof(fc.nat({ max: limits[name] - 1 }), fc.constantFrom(0, 1, limits[name] - 2, limits[name] - 1))

const polarity = fc.constantFrom('plus' as const, 'minus' as const)
const draw = fc.record({
  what: fc.constantFrom(
    ...(['programming', 'drift', 'deviceRead', 'output', 'vmmRead', 'measuredOutput', 'measuredVmmRead'] as const), // as: these are its members
    'dropout',
  ),
  step: within('step'),
  place: within('place'),
  seed: within('seed'),
  chip: within('chip'),
  read: within('read'),
  layer: within('layer'),
  tile: within('tile'),
  row: within('row'),
  column: within('column'),
  example: within('example'),
  token: within('token'),
  tileColumn: within('tileColumn'),
  polarity,
})
type Draw = typeof draw extends fc.Arbitrary<infer T> ? T : never

const addressed = (d: Draw): { readonly origin: Origin; readonly address: Address; readonly identity: string } => {
  const { what, seed, chip, read, layer, tile, row, column } = d
  if (what === 'programming' || what === 'drift') {
    const origin = lifeOrigin(d)
    return {
      origin,
      address: lifeAddresses(origin, d)[what],
      identity: JSON.stringify([what, seed, chip, layer, row, column, d.polarity]),
    }
  }
  if (what === 'deviceRead') {
    const origin = readOrigin(d)
    return {
      origin,
      address: readAddress(origin, d),
      identity: JSON.stringify([what, seed, chip, read, layer, row, column, d.polarity]),
    }
  }
  if (what === 'dropout') {
    const { word2, ...rest } = dropoutOrigin(d)
    const origin = { ...rest, word2: (word2 | d.tile) >>> 0 } // the tile's bits are a head's here
    return {
      origin,
      address: noiseAddress(origin, d),
      identity: JSON.stringify([what, seed, d.step, d.place, tile, d.example, d.token, d.tileColumn]),
    }
  }
  const origin = noiseOrigin(what, d)
  return {
    origin,
    address: noiseAddress(origin, d),
    identity: JSON.stringify([what, seed, chip, read, layer, tile, d.example, d.token, d.tileColumn]),
  }
}
const place = ({ origin, address }: ReturnType<typeof addressed>): string =>
  JSON.stringify([origin.key, address.counter, address.index])

describe('addresses', () => {
  test.prop([draw, draw, fc.array(fc.constantFrom(...Object.keys(limits), 'what', 'polarity'), { maxLength: 3 })], {
    numRuns: 2000,
  })('two draws share a place only if they are the same draw', (a, other, changed) => {
    // Draws that differ in little are where a layout would overlap.
    const b = { ...a, ...Object.fromEntries(Object.entries(other).filter(([name]) => changed.includes(name))) }
    const [x, y] = [addressed(a), addressed(b)]
    expect(place(x) === place(y)).toBe(x.identity === y.identity)
  })

  test.prop([draw])('every word is an unsigned 32-bit integer, the last never that of a stream', d => {
    const { origin, address } = addressed(d)
    for (const word of [...origin.key, ...address.counter])
      expect(Number.isInteger(word) && word >= 0 && word < 2 ** 32).toBe(true)
    expect(address.counter[3]).not.toBe(0x5354524d)
    expect(address.counter[3] >>> 28).not.toBe(5)
  })

  test('columns of a tile fill the four normals of as few counters as possible', () => {
    const origin = noiseOrigin('output', { seed: 1, chip: 0, read: 0, layer: 0, tile: 0 })
    const places = Array.from({ length: 512 }, (_, tileColumn) =>
      noiseAddress(origin, { example: 0, token: 0, tileColumn }),
    )
    expect(new Set(places.map(p => p.counter[0])).size).toBe(128)
  })

  const good = { seed: 1, chip: 1, read: 1, layer: 1, tile: 1 }
  for (const name of ['seed', 'chip', 'read', 'layer', 'tile'] as const)
    test(`refuses a ${name} that does not fit`, () => {
      for (const bad of [limits[name], -1, 0.5, NaN])
        expect(() => noiseOrigin('output', { ...good, [name]: bad })).toThrow(`"${name}" expected an integer`)
    })
  for (const name of ['seed', 'step', 'place'] as const)
    test(`refuses a ${name} of dropout that does not fit`, () => {
      for (const bad of [limits[name], -1, 0.5, NaN])
        expect(() => dropoutOrigin({ seed: 1, step: 1, place: 1, [name]: bad })).toThrow(
          `"${name}" expected an integer`,
        )
    })
  for (const name of ['row', 'column'] as const)
    test(`refuses a ${name} that does not fit`, () => {
      const cell = { row: 0, column: 0, polarity: 'plus' as const, [name]: limits[name] }
      expect(() => lifeAddresses(lifeOrigin(good), cell)).toThrow(RangeError)
      expect(() => readAddress(readOrigin(good), cell)).toThrow(RangeError)
    })
  for (const name of ['example', 'token', 'tileColumn'] as const)
    test(`refuses a ${name} that does not fit`, () => {
      const sample = { example: 0, token: 0, tileColumn: 0, [name]: limits[name] }
      expect(() => noiseAddress(noiseOrigin('output', good), sample)).toThrow(RangeError)
    })
})
