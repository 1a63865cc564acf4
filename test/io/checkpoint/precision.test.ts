import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import {
  firstNonFinite,
  narrowBinary16Into,
  widenBfloat16Into,
  widenBinary16Into,
} from '../../../src/io/checkpoint/precision.js'

const codes = Uint16Array.from({ length: 0x10000 }, (_, i) => i)

/** IEEE 754, 3.4: the value of a format with this many exponent and fraction bits. */
const valueOf = (code: number, exponentBits: number, fractionBits: number): number => {
  const bias = 2 ** (exponentBits - 1) - 1
  const fraction = code % 2 ** fractionBits
  const exponent = Math.floor(code / 2 ** fractionBits) % 2 ** exponentBits
  const sign = code >= 0x8000 ? -1 : 1
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionBits)
  return sign * (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias)
}

const formats = [
  { name: 'binary16', exponentBits: 5, fractionBits: 10, widenInto: widenBinary16Into },
  { name: 'bfloat16', exponentBits: 8, fractionBits: 7, widenInto: widenBfloat16Into },
]

const narrow = (x: number): number => {
  const out = new Uint16Array(1)
  narrowBinary16Into(out, Float32Array.of(x))
  return out[0] ?? NaN
}

describe('widening', () => {
  it.each(formats)('gives the exact value of every code of $name', ({ widenInto, exponentBits, fractionBits }) => {
    const out = new Float32Array(codes.length)
    widenInto(new Uint32Array(out.buffer), codes)
    // Object.is, so that -0 and NaN count.
    const wrong = codes.filter(code => !Object.is(out[code], valueOf(code, exponentBits, fractionBits)))
    expect([...wrong]).toEqual([])
  })

  it.each(formats)('finds the first code of $name that is not finite', ({ widenInto, exponentBits, fractionBits }) => {
    const bits = new Uint32Array(4)
    const wrong = codes.filter(code => {
      const finite = Number.isFinite(valueOf(code, exponentBits, fractionBits))
      return widenInto(bits, Uint16Array.of(0, 1, code, code)) !== (finite ? -1 : 2)
    })
    expect([...wrong]).toEqual([])
  })
})

describe('narrowing to binary16', () => {
  it('gives every code back', () => {
    const out = new Float32Array(codes.length)
    widenBinary16Into(new Uint32Array(out.buffer), codes)
    const back = new Uint16Array(codes.length)
    narrowBinary16Into(back, out)
    const wrong = codes.filter(code => !Number.isNaN(out[code]) && back[code] !== code)
    expect([...wrong]).toEqual([])
    expect(narrow(NaN) & 0x7c00).toBe(0x7c00)
    expect(narrow(NaN) & 0x3ff).not.toBe(0)
  })

  const positive = fc.oneof(
    fc.float({ min: 0, max: 65519.99609375, noNaN: true }),
    fc.float({ min: 0, max: Math.fround(2 ** -13), noNaN: true }),
  )
  test.prop([positive, fc.boolean()], { numRuns: 2000 })(
    'takes the nearest code, the even one of two',
    (x, negative) => {
      const code = narrow(negative ? -x : x)
      const magnitude = code & 0x7fff
      const error = (candidate: number): number => Math.abs(valueOf(candidate, 5, 10) - x)
      const others = [magnitude - 1, magnitude + 1].filter(other => other >= 0 && other < 0x7c00)
      const nearest = others.every(
        other => error(magnitude) < error(other) || (error(magnitude) === error(other) && magnitude % 2 === 0),
      )
      return nearest && code >= 0x8000 === negative
    },
  )

  test.prop([fc.integer({ min: 0, max: 0x7bfe }), fc.boolean()])('rounds a tie to the even code', (code, negative) => {
    const tie = (valueOf(code, 5, 10) + valueOf(code + 1, 5, 10)) / 2
    const even = code % 2 === 0 ? code : code + 1
    return narrow(negative ? -tie : tie) === even + (negative ? 0x8000 : 0)
  })

  it('overflows from 65520 on and says where', () => {
    expect(narrow(65519.99609375)).toBe(0x7bff)
    expect(narrow(65520)).toBe(0x7c00)
    expect(narrow(1e30)).toBe(0x7c00)
    expect(narrow(-Infinity)).toBe(0xfc00)
    expect(narrowBinary16Into(new Uint16Array(3), Float32Array.of(1, -65520, 65520))).toBe(1)
    expect(narrowBinary16Into(new Uint16Array(2), Float32Array.of(1, -2))).toBe(-1)
  })
})

test.prop([fc.array(fc.float({ noDefaultInfinity: false }), { maxLength: 20 }), fc.nat(20)])(
  'firstNonFinite is findIndex of what is not finite',
  (values, start) => {
    const data = Float32Array.from(values)
    const expected = data.findIndex((x, i) => i >= start && !Number.isFinite(x))
    return firstNonFinite(new Uint32Array(data.buffer), start, data.length) === expected
  },
)
