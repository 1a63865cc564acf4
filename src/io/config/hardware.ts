/**
 * The shape of a config's `hardware`, and of the changes a method makes to it.
 * Not here: what the numbers do (domain/devices, domain/crossbar).
 */
import * as t from 'io-ts/lib/index.js'
import { largestTile, type TileSize } from '../../domain/crossbar/tiling.js'
import type { Json } from '../../domain/experiment/config.js'
import {
  presetGMaxMicroSiemens,
  type DeviceChoice,
  type DevicePreset,
  type Knots,
  type TableDevice,
} from '../../domain/experiment/device.js'
import {
  defaultHardware,
  driftCompensations,
  readNoises,
  type AdcSettings,
  type Bits,
  type DacSettings,
  type Hardware,
  type HardwareOverride,
  type NoiseScales,
} from '../../domain/experiment/hardware.js'
import type { Misfit } from '../decoding.js'
import { changes, defaulted, object, required, tagged, type About, type Field } from './record.js'
import { choice, constant, duration, integer, number, quoted, suggestion, usableName } from './scalar.js'
import { kept, list, refined, type Shape } from './shape.js'

const isBits = (u: unknown): u is Bits =>
  u === 'off' || (typeof u === 'number' && Number.isInteger(u) && u >= 2 && u <= 12)

const bits: Shape<Bits> = kept('an integer in [2, 12] or "off"', isBits, {
  anyOf: [{ type: 'integer', minimum: 2, maximum: 12 }, { const: 'off' }],
})

type Described<A> = { readonly [K in keyof A]-?: readonly [Shape<Exclude<A[K], undefined>>, About] }

/** Every key of a record with its default; `changes` takes the same description without them. */
const withDefaults = <A extends object>(
  described: Described<A>,
  values: A,
): { readonly [K in keyof A]: Field<A[K]> } => {
  const keys = Object.keys(described) as (keyof A)[] // its own keys
  return Object.fromEntries(
    keys.map(key => {
      const [shape, about] = described[key] as readonly [Shape<A[keyof A]>, About] // A has no optional keys
      return [key, defaulted(shape, values[key], about)]
    }),
  ) as object as { readonly [K in keyof A]: Field<A[K]> } // one field for each key
}

const tile: Described<TileSize> = {
  rows: [integer({ min: 1, max: largestTile }), { about: 'Rows of a tile: its inputs.', examples: [256, 512] }],
  columns: [integer({ min: 1, max: largestTile }), { about: 'Columns of a tile: its outputs.', examples: [256, 512] }],
}

const bitsAbout: About = {
  about: 'Resolution [bits]: 2^bits - 1 codes, symmetric about 0. "off": ideal, neither rounded nor clipped.',
  examples: [6, 8, 'off'],
}

const dac: Described<DacSettings> = { bits: [bits, bitsAbout] }

const adc: Described<AdcSettings> = {
  bits: [bits, bitsAbout],
  bound: [
    number({ over: 0, max: 512 }),
    { about: 'Largest column sum not clipped [full-scale weight x full-scale input].', examples: [12] },
  ],
}

const scale = (source: string): readonly [Shape<number>, About] => [
  number({ min: 0, max: 10 }),
  { about: `Factor on ${source}: 1 as characterised, 0 switches it off.`, examples: [0, 1] },
]

const noiseScales: Described<NoiseScales> = {
  programming: scale('programming noise'),
  drift: scale('the drift exponent'),
  read: scale('read noise'),
}

/** From a picosiemens on: the variances are in its square, and the kernels' are in binary32. */
const gMaxMicroSiemens = (max: number): Shape<number> => number({ min: 1e-6, max })

/** Beyond these nothing is left of a conductance, and binary32 overflows. */
const largestDeviation = 1e6
const largestExponent = 1000
const largestReadNoise = 1000

interface WrittenPreset<P extends DevicePreset> {
  readonly preset: P
  readonly gMaxMicroSiemens: number
}

const presetDevice = <P extends DevicePreset>(preset: P): Shape<WrittenPreset<P>> => {
  const most = presetGMaxMicroSiemens[preset]
  return object<WrittenPreset<P>>(`the device "${preset}"`, {
    preset: required(constant(preset), { about: 'The device model.' }),
    gMaxMicroSiemens: defaulted(gMaxMicroSiemens(most), most, {
      about: `Full-scale conductance [uS]; the model was characterised up to ${most}. Its noise scales with it, so it acts through IR drop only.`,
    }),
  })
}

const presets = tagged<'preset', { [P in DevicePreset]: WrittenPreset<P> }[DevicePreset]>('a device', 'preset', {
  pcm: presetDevice('pcm'),
  'hermes-1': presetDevice('hermes-1'),
  'hermes-2': presetDevice('hermes-2'),
})

const isKnot =
  (value: Shape<number>) =>
  (u: unknown): u is readonly [number, number] =>
    Array.isArray(u) &&
    u.length === 2 &&
    typeof u[0] === 'number' &&
    u[0] >= 0 &&
    Number.isFinite(u[0]) &&
    value.codec.is(u[1])

/** Knots from 0 upwards; that they reach g_max is checked where g_max is known. */
const knots = (value: Shape<number>): Shape<Knots> =>
  refined(
    list(
      'knots [conductance in uS, value]',
      kept(`[conductance in uS >= 0, ${value.codec.name}]`, isKnot(value), {
        type: 'array',
        items: [{ type: 'number', minimum: 0 }, value.schema],
        minItems: 2,
        maxItems: 2,
        additionalItems: false,
      }),
      2,
    ),
    all =>
      all.flatMap(([g], i): Misfit[] => {
        const before = all[i - 1]?.[0]
        if (before === undefined) {
          return g === 0 ? [] : [{ at: [i, 0], expected: '0, where the table starts', found: String(g) }]
        }
        return g > before ? [] : [{ at: [i, 0], expected: `a conductance > ${before}`, found: String(g) }]
      }),
  )

const tableKeys = ['programmingDeviation', 'driftMean', 'driftDeviation', 'readNoise'] as const

const tables: Shape<Omit<TableDevice, 'kind'>> = refined(
  object<Omit<TableDevice, 'kind'>>('a device of your own', {
    name: required(usableName, { about: 'What the tables call the device.', examples: ['my cell'] }),
    gMaxMicroSiemens: required(gMaxMicroSiemens(1e6), { about: 'Full-scale conductance [uS].', examples: [25] }),
    referenceTime: required(
      refined(duration, s => (s > 0 ? [] : [{ at: [], expected: 'a duration > 0', found: '0 s' }])),
      { about: 'Time after programming at which drift starts (t_0).', examples: ['20 s'] },
    ),
    readTimeSeconds: required(number({ over: 0, max: 1 }), {
      about: 'Duration of one read (t_read) [s].',
      examples: [2.5e-7],
    }),
    programmingDeviation: required(knots(number({ min: 0, max: largestDeviation })), {
      about: 'Standard deviation of the programmed conductance [uS] over the target [uS].',
      examples: [[[0, 0.26], [25, 1.06]]], // prettier-ignore
    }),
    driftMean: required(knots(number({ min: 0, max: largestExponent })), {
      about: 'Mean of the drift exponent over the target [uS], nu = |N(mean, deviation)|: it is never negative.',
    }),
    driftDeviation: required(knots(number({ min: 0, max: largestExponent })), {
      about: 'Standard deviation of the drift exponent over the target [uS], before its magnitude is taken.',
    }),
    readNoise: required(knots(number({ min: 0, max: largestReadNoise })), {
      about: 'Relative 1/f read noise over the conductance [uS].',
    }),
  }),
  device =>
    tableKeys.flatMap((key): Misfit[] => {
      const gMax = device.gMaxMicroSiemens
      const last = device[key].at(-1)?.[0] ?? 0
      if (last !== gMax)
        return [{ at: [key], expected: `knots up to gMaxMicroSiemens, ${gMax}`, found: `up to ${last}` }]
      // The kernels see the knots as shares of g_max in binary32.
      return device[key].flatMap(([g], i): Misfit[] => {
        const before = device[key][i - 1]?.[0]
        return before === undefined || Math.fround(g / gMax) > Math.fround(before / gMax)
          ? []
          : [{ at: [key, i, 0], expected: `a conductance > ${before} also in binary32`, found: String(g) }]
      })
    }),
)

const presetNames = Object.keys(presetGMaxMicroSiemens) as DevicePreset[] // the record's own keys

/** A preset by name; a preset with another g_max; or tables. */
export const device: Shape<DeviceChoice> = {
  schema: { anyOf: [{ type: 'string', enum: presetNames }, presets.schema, tables.schema] },
  codec: new t.Type<DeviceChoice, Json>(
    `one of ${quoted(presetNames)}, or an object`,
    (u): u is DeviceChoice => typeof u === 'object' && u !== null && 'kind' in u,
    function (this: t.Mixed, input, context) {
      if (typeof input === 'string') {
        const preset = presetNames.find(name => name === input)
        if (preset === undefined) {
          return t.failure(
            input,
            context,
            `one of ${quoted(presetNames)}, or an object${suggestion(input, presetNames)}`,
          )
        }
        return t.success({ kind: 'preset', preset, gMaxMicroSiemens: presetGMaxMicroSiemens[preset] })
      }
      if (typeof input !== 'object' || input === null || Array.isArray(input)) return t.failure(input, context)
      if (Object.hasOwn(input, 'preset')) {
        const chosen = presets.codec.validate(input, context)
        return chosen._tag === 'Left' ? chosen : t.success({ kind: 'preset', ...chosen.right })
      }
      const decoded = tables.codec.validate(input, context)
      return decoded._tag === 'Left' ? decoded : t.success({ kind: 'table', ...decoded.right })
    },
    chosen => {
      if (chosen.kind === 'table') return tables.codec.encode(chosen)
      const { preset, gMaxMicroSiemens: g } = chosen
      return g === presetGMaxMicroSiemens[preset] ? preset : { preset, gMaxMicroSiemens: g }
    },
  ),
}

const tileAbout: About = { about: 'Size of a crossbar tile.' }
const dacAbout: About = { about: 'Converter at the inputs of a tile (pulse width).' }
const adcAbout: About = { about: 'Converter at the outputs of a tile.' }
const scalesAbout: About = { about: "Factors on the device's own noise sources." }

const plain = {
  device: [device, { about: 'The memory device: a preset, or tables of your own.', examples: ['pcm', 'hermes-1'] }],
  outputNoise: [
    number({ min: 0, max: 100 }),
    { about: 'Standard deviation of the noise before the ADC [unit of adc.bound].', examples: [0, 0.04] },
  ],
  readNoise: [
    choice(readNoises),
    { about: '"per read": frozen for one pass over the data. "per VMM": fresh for every input vector.' },
  ],
  wireResistanceOhm: [
    number({ min: 0, max: 100 }),
    { about: 'Bit-line resistance between neighbouring cross-points [ohm]; 0: no IR drop.', examples: [0, 0.35] },
  ],
  driftCompensation: [
    choice(driftCompensations),
    { about: 'How drift is compensated, digitally, per tile or column.' },
  ],
} as const satisfies Partial<Described<Hardware>>

export const hardware: Shape<Hardware> = object<Hardware>(
  'hardware',
  withDefaults<Hardware>(
    {
      ...plain,
      tile: [object('a tile', withDefaults(tile, defaultHardware.tile)), tileAbout],
      dac: [object('a DAC', withDefaults(dac, defaultHardware.dac)), dacAbout],
      adc: [object('an ADC', withDefaults(adc, defaultHardware.adc)), adcAbout],
      noiseScales: [object('noise scales', withDefaults(noiseScales, defaultHardware.noiseScales)), scalesAbout],
    },
    defaultHardware,
  ),
)

export const hardwareOverride: Shape<HardwareOverride> = changes<HardwareOverride>("a method's hardware", {
  ...plain,
  tile: [changes<Partial<TileSize>>('a tile', tile), tileAbout],
  dac: [changes<Partial<DacSettings>>('a DAC', dac), dacAbout],
  adc: [changes<Partial<AdcSettings>>('an ADC', adc), adcAbout],
  noiseScales: [changes<Partial<NoiseScales>>('noise scales', noiseScales), scalesAbout],
})
