import { expect, test } from 'vitest'
import { presetNames, presets } from '../../../src/domain/devices/constants.js'
import { deviceModel } from '../../../src/domain/devices/characterised.js'
import { stream } from '../../../src/domain/random/stream.js'
import { normalDistribution, standardNormal } from '../../../src/domain/statistics/normal.js'
import { varianceComponents } from '../../../src/domain/statistics/variance-components.js'
import { expectNoSurprise, familyWise, least, registry, surprising, type Comparison } from '../../statistical.js'
import { allOn, presetChoice } from './choices.js'
import { driftExponent, programmingNoise, readNoise, wholeDevices, type Presets } from './guards.js'

const guards = { 'programming noise': programmingNoise, 'drift exponent': driftExponent, 'read noise': readNoise, 'whole devices': wholeDevices } as const // prettier-ignore

const overPresets = (guard: (table: Presets, name: (typeof presetNames)[number]) => readonly Comparison[]) =>
  presetNames.flatMap(name => guard(presets, name))

test('programming noise is the normal cut at 0', () => {
  expectNoSurprise('programming noise', overPresets(guards['programming noise']))
})

test('drift exponents are folded normals, drawn once a device', () => {
  expectNoSurprise('drift exponent', overPresets(guards['drift exponent']))
})

test('reads spread as Q and the logarithm of time say', () => {
  expectNoSurprise('read noise', overPresets(guards['read noise']))
})

test('whole devices have the known moments', () => {
  expectNoSurprise('whole devices', overPresets(guards['whole devices']))
})

test('chips and reads are separate components of variance', () => {
  // pcm at full scale after an hour; the components by quadrature in mpmath, the total also in pcm-moments.json.
  const chipVariance = 1.3226964159284286
  const readVariance = 0.66236113761513299
  const model = deviceModel(presetChoice('pcm'), allOn)
  const s = stream(15, 'chips x reads')
  const [chips, reads] = [5000, 3]
  const found = varianceComponents(
    Array.from({ length: chips }, () => {
      const device = model.program(25, standardNormal(s), standardNormal(s))
      return Array.from({ length: reads }, () => model.read(device, 3600, standardNormal(s)))
    }),
  )
  // Errors of the two estimates for normal effects; a device's deviates from that by a few per cent.
  const readError = readVariance * Math.sqrt(2 / (chips * (reads - 1)))
  const chipError = Math.hypot((chipVariance + readVariance / reads) * Math.sqrt(2 / chips), readError / reads)
  const probability = (z: number): number => 2 * normalDistribution(-Math.abs(z))
  expectNoSurprise('variance components', [
    { name: 'chips', probability: probability(((found.betweenChips ?? NaN) - chipVariance) / chipError) },
    { name: 'reads', probability: probability(((found.betweenReads ?? NaN) - readVariance) / readError) },
  ])
})

test('the false-alarm rate is shared among all comparisons', () => {
  const declared = Object.values(registry).reduce((sum, n) => sum + n, 0)
  expect(least * declared).toBeCloseTo(familyWise, 20)
  expect(surprising([{ name: 'a', probability: least * 0.99 }])).toHaveLength(1)
  expect(surprising([{ name: 'a', probability: NaN }])).toHaveLength(1)
  expect(surprising([{ name: 'a', probability: least }])).toHaveLength(0)
})
