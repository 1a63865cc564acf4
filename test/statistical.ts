/**
 * One false-alarm rate for every statistical test of the devices together: 1e-6, shared equally (Bonferroni) among the
 * comparisons declared here. Seeds are fixed, so a test that passes once passes always; the rate says how surprising a
 * failure after a change would be if nothing were wrong.
 */
import { expect } from 'vitest'

export const familyWise = 1e-6

/** Comparisons with a probability, by the test that makes them. A test that makes another number of them fails. */
export const registry = {
  'programming noise': 60,
  'drift exponent': 60,
  'read noise': 54,
  'whole devices': 92,
  'variance components': 2,
  'device contract': 64,
  'sign symmetry': 3,
  'noise at the columns': 85,
  'predicted errors': 45,
  'training noise': 11,
} as const

export type StatisticalTest = keyof typeof registry

/** Smallest probability at which one comparison still passes. */
export const least = familyWise / Object.values(registry).reduce((sum, n) => sum + n, 0)

/** One comparison: what it is of, and how probable it was to come out no better. */
export interface Comparison {
  readonly name: string
  readonly probability: number
}

/** Those too improbable to be chance. NaN is one. */
export const surprising = (all: readonly Comparison[]): readonly Comparison[] =>
  all.filter(c => !(c.probability >= least))

/** @throws unless the test makes as many comparisons as it declared, none of them surprising. */
export const expectNoSurprise = (name: StatisticalTest, all: readonly Comparison[]): void => {
  expect(all).toHaveLength(registry[name])
  expect(surprising(all)).toEqual([])
}
