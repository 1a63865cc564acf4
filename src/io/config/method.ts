/**
 * The shape of a config's `methods`: executions, range rules, what else a method may choose.
 * Not here: which of them this version can run (domain/experiment/available.ts).
 */
import {
  engines,
  irDropRules,
  rowScaleRules,
  spares,
  starts,
  type AnalogMethod,
  type ColumnHeuristic,
  type ColumnRange,
  type DigitalMethod,
  type EngineName,
  type FixedRange,
  type InputHeuristic,
  type InputRange,
  type Method,
  type Objective,
  type Start,
} from '../../domain/experiment/method.js'
import type { ConfigPath } from '../../domain/experiment/path.js'
import { hardwareOverride } from './hardware.js'
import { defaulted, exactlyOne, object, optional, required, tagged, wordOr, type Field } from './record.js'
import { choice, constant, duration, integer, number, usableName } from './scalar.js'
import { list, refined, unique, type Shape } from './shape.js'
import type { Misfit } from '../decoding.js'

/** A rule without settings. */
const bare = <R extends string>(rule: R, about: string): Shape<{ readonly rule: R }> =>
  object<{ readonly rule: R }>(`the rule "${rule}"`, { rule: named(rule, about) })

const named = <R extends string>(rule: R, about: string): Field<R> => required(constant(rule), { about })

const start: Field<Start> = defaulted(choice(starts), 'abs-max', { about: 'Ranges that the rule starts from.' })

const deviations = (about: string): Field<number> => required(number({ over: 0, max: 1000 }), { about, examples: [3] })

const fixed = (unit: string, path: Shape<ConfigPath>): Shape<FixedRange> =>
  exactlyOne(
    object<FixedRange>('the rule "fixed"', {
      rule: named('fixed', 'Ranges that are given.'),
      value: optional(number({ over: 0 }), { about: `One range for all [unit of the ${unit}].`, examples: [1.5] }),
      file: optional(path, { about: 'Ranges saved by `ohmflow calibrate`.', examples: ['ranges.json'] }),
    }),
    'value',
    'file',
  )

/** Ranges that a search starts from, by name or by a rule with settings. */
const searchStart = <H extends { readonly rule: string }>(heuristic: Shape<H>): Field<Start | H> =>
  defaulted(wordOr(choice(starts), heuristic), 'abs-max', {
    about: 'Ranges that the search starts from, and keeps where nothing is better.',
  })

const columnHeuristics = {
  'weight-standard-deviations': object<Extract<ColumnRange, { rule: 'weight-standard-deviations' }>>(
    'the rule "weight-standard-deviations"',
    {
      rule: named('weight-standard-deviations', 'A multiple of the standard deviation of the weights.'),
      standardDeviations: deviations('Standard deviations of the weights that full scale covers.'),
    },
  ),
  'output-current': object<Extract<ColumnRange, { rule: 'output-current' }>>('the rule "output-current"', {
    rule: named('output-current', "The column's output current fits the ADC."),
    standardDeviations: defaulted(number({ min: 0, max: 1000 }), 3, {
      about: 'Standard deviations added to the mean output current (L).',
      examples: [3],
    }),
    inputs: defaulted(integer({ min: 1, max: 1e6 }), 2, { about: 'Calibration inputs it looks at.', examples: [2] }),
    start,
  }),
}

const columnRange = (path: Shape<ConfigPath>): Shape<ColumnRange> =>
  tagged<'rule', ColumnRange>('a column range', 'rule', {
    fixed: fixed('weights', path),
    'abs-max': bare('abs-max', 'The largest weight of the column: nothing is clipped.'),
    ...columnHeuristics,
    learned: bare('learned', 'As learned in training, read from beside the checkpoint.'),
    optimal: object<Extract<ColumnRange, { rule: 'optimal' }>>('the rule "optimal"', {
      rule: named('optimal', 'Minimises the expected error of the objective.'),
      start: searchStart(tagged<'rule', ColumnHeuristic>('a rule to start from', 'rule', columnHeuristics)),
    }),
  })

const inputHeuristics = {
  percentile: object<Extract<InputRange, { rule: 'percentile' }>>('the rule "percentile"', {
    rule: named('percentile', 'A percentile of the calibration inputs.'),
    percentile: required(number({ over: 0, max: 100 }), { about: 'In (0, 100].', examples: [99.995] }),
    of: defaulted(choice(['magnitude', 'signed value']), 'magnitude', { about: 'Percentile of |x|, or of x.' }),
    start,
  }),
  'standard-deviations': object<Extract<InputRange, { rule: 'standard-deviations' }>>(
    'the rule "standard-deviations"',
    {
      rule: named('standard-deviations', 'A multiple of the standard deviation of the calibration inputs.'),
      standardDeviations: deviations('Standard deviations of the inputs that the range covers.'),
    },
  ),
}

const inputRange = (path: Shape<ConfigPath>): Shape<InputRange> =>
  tagged<'rule', InputRange>('an input range', 'rule', {
    fixed: fixed('activations', path),
    'abs-max': bare('abs-max', 'The largest calibration input of the tile: nothing is clipped.'),
    ...inputHeuristics,
    dynamic: bare('dynamic', 'The largest input of each vector, found digitally as it comes.'),
    learned: bare('learned', 'As learned in training, read from beside the checkpoint.'),
    optimal: object<Extract<InputRange, { rule: 'optimal' }>>('the rule "optimal"', {
      rule: named('optimal', 'Minimises the expected error of the objective.'),
      start: searchStart(tagged<'rule', InputHeuristic>('a rule to start from', 'rule', inputHeuristics)),
    }),
  })

/** No times yet: they are the config's `repeat.times`, filled in when the whole is known. */
const objective: Shape<Objective> = object<Objective>('an objective', {
  weights: defaulted(choice(['logits', 'none']), 'logits', {
    about: 'Output errors weighted by the squared gradient of the logits, or not at all.',
  }),
  times: {
    ...required(unique(list('times', duration, 1), String, [], 'each time once'), {
      about: 'Times since programming that count; without it, those of `repeat`.',
      examples: [['1 h']],
    }),
    absent: { is: 'a value', value: [] },
  },
})

export const engine: Field<EngineName> = defaulted(choice(engines), 'ohmflow', {
  about: 'What computes: ohmflow itself, or TensorFlow.js where it is installed.',
})

const methodName: Field<string> = required(usableName, {
  about: 'What the tables call the method; each name once.',
  examples: ['abs-max'],
})

const digital: Shape<DigitalMethod> = object<DigitalMethod>('a digital method', {
  name: methodName,
  execution: required(constant('digital'), { about: 'Float32: the model as it was trained.' }),
  engine,
})

/** Factors of rows are found with the ranges, not beside others. */
const scaledWhereSearched = ({ rowScale, columnRange, inputRange }: AnalogMethod): readonly Misfit[] =>
  rowScale === 'none' || (columnRange.rule === 'optimal' && inputRange.rule === 'optimal')
    ? []
    : [
        {
          at: ['rowScale'],
          expected: '"none", or the rule "optimal" for both ranges too',
          found: `"${rowScale}" with "${columnRange.rule}" columns and "${inputRange.rule}" inputs`,
        },
      ]

const analog = (path: Shape<ConfigPath>): Shape<AnalogMethod> => refined(analogFields(path), scaledWhereSearched)

const analogFields = (path: Shape<ConfigPath>): Shape<AnalogMethod> =>
  object<AnalogMethod>('an analog method', {
    name: methodName,
    execution: defaulted(constant('analog'), 'analog', { about: 'On simulated crossbar tiles.' }),
    columnRange: defaulted(columnRange(path), { rule: 'abs-max' }, { about: 'Full-scale weight of each column.' }),
    inputRange: defaulted(inputRange(path), { rule: 'abs-max' }, { about: 'Input range of each tile.' }),
    objective: defaulted(objective, { weights: 'logits', times: [] }, { about: 'What the optimal rules minimise.' }),
    spare: defaulted(choice(spares), 'none', { about: 'What idle cells of a tile are used for.' }),
    rowScale: defaulted(choice(rowScaleRules), 'none', {
      about: 'A factor for each row, which its inputs are divided by before the DAC and its weights multiplied by.',
    }),
    irDrop: defaulted(choice(irDropRules), 'none', {
      about:
        'How IR drop is compensated: targets that are pre-distorted when programming, rows of much current placed near the ADC, or both.',
    }),
    hardware: defaulted(hardwareOverride, {}, { about: "Changes to the config's hardware for this method." }),
  })

export const methods = (path: Shape<ConfigPath>): Shape<readonly Method[]> =>
  unique(
    list(
      'methods',
      tagged<'execution', Method>('a method', 'execution', { analog: analog(path), digital }, 'analog'),
      1,
    ),
    method => method.name,
    ['name'],
    'a name of its own for each method',
  )
