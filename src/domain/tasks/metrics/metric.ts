/**
 * GLUE's metrics by name. Each starts a fresh accumulator.
 * Not modelled: averages over classes or tasks, confidence intervals.
 *
 * Conventions, the same for all: no examples is NaN; a value that is undefined (no positives for F1, one class for
 * Matthews, a constant for a correlation) is 0, as scikit-learn and GLUE's scripts give it; a class prediction that is
 * no class (NaN) is a mistake; a NaN score makes a correlation NaN, for a broken run must not look like a weak one.
 */
import type { Accumulator } from './accumulator.js'
import { accuracy } from './accuracy.js'
import { f1 } from './f1.js'
import { matthews } from './matthews.js'
import { pearson } from './pearson.js'
import { spearman } from './spearman.js'

export const metricNames = ['accuracy', 'f1', 'matthews', 'pearson', 'spearman'] as const
export type MetricName = (typeof metricNames)[number]

/** Starts an accumulator of the metric of each name. */
export const metrics: Readonly<Record<MetricName, () => Accumulator>> = { accuracy, f1, matthews, pearson, spearman }
