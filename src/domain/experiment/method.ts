/**
 * One line of the comparison an experiment makes: how a model is executed and how its ranges are chosen.
 * A description only: the rules themselves stand in ranges/.
 */
import type { Seconds } from './duration.js'
import type { HardwareOverride } from './hardware.js'
import type { ConfigPath } from './path.js'

export const executions = ['analog', 'digital'] as const
export type Execution = (typeof executions)[number]

export const engines = ['ohmflow', 'tensorflow'] as const
export type EngineName = (typeof engines)[number]

/** Ranges that a rule can start from. */
export const starts = ['abs-max', 'learned'] as const
export type Start = (typeof starts)[number]

/** Exactly one of value and file is not null. */
export interface FixedRange {
  readonly rule: 'fixed'
  /** One range for all, in the unit of the weights (columns) or of the activations (inputs). */
  readonly value: number | null
  /** Ranges saved by an earlier calibration. */
  readonly file: ConfigPath | null
}

/** Rules for columns with settings of their own, which a search can start from too. */
export type ColumnHeuristic =
  | { readonly rule: 'weight-standard-deviations'; readonly standardDeviations: number }
  | {
      readonly rule: 'output-current'
      readonly standardDeviations: number
      readonly inputs: number
      readonly start: Start
    }

/** How the full-scale weight of each column is chosen. */
export type ColumnRange =
  | FixedRange
  | { readonly rule: 'abs-max' }
  | ColumnHeuristic
  | { readonly rule: 'learned' }
  | { readonly rule: 'optimal'; readonly start: Start | ColumnHeuristic }

/** Rules for inputs with settings of their own, which a search can start from too. */
export type InputHeuristic =
  | {
      readonly rule: 'percentile'
      /** In (0, 100]. */
      readonly percentile: number
      /** Percentile of |x|, or of x as it is. */
      readonly of: 'magnitude' | 'signed value'
      readonly start: Start
    }
  | { readonly rule: 'standard-deviations'; readonly standardDeviations: number }

/** How the input range of each tile is chosen. */
export type InputRange =
  | FixedRange
  | { readonly rule: 'abs-max' }
  | InputHeuristic
  | { readonly rule: 'dynamic' }
  | { readonly rule: 'learned' }
  | { readonly rule: 'optimal'; readonly start: Start | InputHeuristic }

/** The rule that a search starts from; of a rule that searches for nothing, itself. */
export const columnStart = (range: ColumnRange): Exclude<ColumnRange, { readonly rule: 'optimal' }> =>
  range.rule !== 'optimal' ? range : typeof range.start === 'string' ? { rule: range.start } : range.start
export const inputStart = (range: InputRange): Exclude<InputRange, { readonly rule: 'optimal' }> =>
  range.rule !== 'optimal' ? range : typeof range.start === 'string' ? { rule: range.start } : range.start

/** Whether a rule asks for what training left beside the model, or starts from it. */
export const asksForLearned = (rule: ColumnRange | InputRange): boolean =>
  rule.rule === 'learned' ||
  ('start' in rule && (typeof rule.start === 'string' ? rule.start === 'learned' : asksForLearned(rule.start)))

/** Names of the rules. */
export const columnRules = [
  'fixed',
  'abs-max',
  'weight-standard-deviations',
  'output-current',
  'learned',
  'optimal',
] as const satisfies readonly ColumnRange['rule'][]
export const inputRules = [
  'fixed',
  'abs-max',
  'percentile',
  'standard-deviations',
  'dynamic',
  'learned',
  'optimal',
] as const satisfies readonly InputRange['rule'][]

/** Whether a range of the method minimises its objective. */
export const isOptimal = ({ columnRange, inputRange }: Pick<AnalogMethod, 'columnRange' | 'inputRange'>): boolean =>
  columnRange.rule === 'optimal' || inputRange.rule === 'optimal'

/** Whether anything of the method is searched for by its objective: ranges, or copies for idle cells. */
export const minimises = (method: Pick<AnalogMethod, 'columnRange' | 'inputRange' | 'spare'>): boolean =>
  isOptimal(method) || method.spare !== 'none'

/** Whether idle rows are filled. */
export const fillsRows = ({ spare }: Pick<AnalogMethod, 'spare'>): boolean => spare === 'columns and rows'

/** What the optimal rules minimise. */
export interface Objective {
  /** Output errors weighted by the squared gradient of the logits, or not at all. */
  readonly weights: 'logits' | 'none'
  /** Times since programming at which the error counts, equally. */
  readonly times: readonly Seconds[]
}

export const spares = ['none', 'columns', 'columns and rows'] as const
/** What idle cells are used for. */
export type Spare = (typeof spares)[number]

export const rowScaleRules = ['none', 'optimal'] as const
/** Whether each row has a factor, which its inputs are divided by before the DAC and its weights multiplied by. */
export type RowScaleRule = (typeof rowScaleRules)[number]

/** Whether factors of rows are searched for. */
export const scalesRows = ({ rowScale }: Pick<AnalogMethod, 'rowScale'>): boolean => rowScale === 'optimal'

/** Whether rows may be scaled: by factors that are searched for, or that come with ranges from a file. */
export const mayScaleRows = ({ rowScale, columnRange }: Pick<AnalogMethod, 'rowScale' | 'columnRange'>): boolean =>
  scalesRows({ rowScale }) || (columnRange.rule === 'fixed' && columnRange.file !== null)

export const irDropRules = ['none', 'pre-distort', 'place', 'both'] as const
/** How IR drop is compensated at programming time. */
export type IrDropRule = (typeof irDropRules)[number]

/** Whether targets are programmed higher where less of a current arrives; whether strong rows lie near the ADC. */
export const preDistorts = (rule: IrDropRule): boolean => rule === 'pre-distort' || rule === 'both'
export const placesRows = (rule: IrDropRule): boolean => rule === 'place' || rule === 'both'

export interface DigitalMethod {
  readonly name: string
  readonly execution: 'digital'
  readonly engine: EngineName
}

export interface AnalogMethod {
  readonly name: string
  readonly execution: 'analog'
  readonly columnRange: ColumnRange
  readonly inputRange: InputRange
  readonly objective: Objective
  readonly spare: Spare
  readonly rowScale: RowScaleRule
  readonly irDrop: IrDropRule
  /** Changes to the config's hardware for this method; `hardwareOf` applies them. */
  readonly hardware: HardwareOverride
}

export type Method = DigitalMethod | AnalogMethod
