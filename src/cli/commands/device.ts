/** `ohmflow device`: mean and deviation of a device, or of a pair of them, over conductance and time; exact, never sampled. */
import { isLeft } from 'fp-ts/lib/Either.js'
import { command, flag, option, optional, positional, string } from 'cmd-ts'
import { pairMoments } from '../../domain/crossbar/differential-pair.js'
import { characterisationOf, characterisedDevice } from '../../domain/devices/characterised.js'
import type { Characterisation } from '../../domain/devices/constants.js'
import type { DeviceModel } from '../../domain/devices/model.js'
import { hardwareOf, type Config } from '../../domain/experiment/config.js'
import { presetGMaxMicroSiemens, type DevicePreset } from '../../domain/experiment/device.js'
import { seconds, secondsIn, durationText, type Seconds } from '../../domain/experiment/duration.js'
import { defaultHardware, type Hardware, type NoiseScales } from '../../domain/experiment/hardware.js'
import type { AnalogMethod } from '../../domain/experiment/method.js'
import { fail, Refused } from '../../domain/problem.js'
import { nearest } from '../../domain/spelling.js'
import { readConfig } from '../../io/config/config.js'
import { positiveArgument, presetArgument, scaleArgument, sharesArgument, timesArgument } from '../arguments.js'
import { columns } from '../columns.js'
import { done } from '../exit.js'
import { printLine, say } from '../terminal.js'

/** Denser near 0, where most weights of a network lie and devices are least linear. */
const defaultShares = [0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
const { h, d, y } = secondsIn
const defaultTimes = [0, h, d, 30 * d, y].map(seconds)

const commandLine = 'command line'

const isAnalog = (method: Config['methods'][number]): method is AnalogMethod => method.execution === 'analog'

/** The chip of a config, or of one of its methods. @throws Failure if no method of that name runs on a chip. */
const chipOf = (path: string, config: Config, name: string | undefined): Hardware => {
  const analog = config.methods.filter(isAnalog)
  if (name === undefined) {
    const others = analog.filter(m => m.hardware.device !== undefined || m.hardware.noiseScales !== undefined)
    if (others.length > 0) {
      const names = others.map(m => JSON.stringify(m.name)).join(', ')
      say(`${path}: this is the device of "hardware"; methods with their own, for --method: ${names}`)
    }
    return config.hardware
  }
  const method = analog.find(m => m.name === name)
  if (method !== undefined) return hardwareOf(config, method)
  const names = analog.map(m => m.name)
  const meant = nearest(name, names)
  const known = names.length === 0 ? 'no --method, as none is analog' : names.map(n => JSON.stringify(n)).join(' or ')
  const hint = meant === null ? '' : ` (did you mean ${JSON.stringify(meant)}?)`
  return fail(path, '--method', `${known}${hint}`, JSON.stringify(name))
}

interface Source {
  readonly preset: DevicePreset | undefined
  readonly config: string | undefined
  readonly method: string | undefined
}

/** What device is asked for. @throws Failure or Refused (in the promise) */
const hardwareFrom = async ({ preset, config: path, method }: Source): Promise<Hardware> => {
  if (path === undefined) {
    if (method !== undefined) fail(commandLine, '--method', '--config beside it', 'none')
    const name = preset ?? 'pcm'
    return {
      ...defaultHardware,
      device: { kind: 'preset', preset: name, gMaxMicroSiemens: presetGMaxMicroSiemens[name] },
    }
  }
  if (preset !== undefined) fail(commandLine, '--config', 'it or a preset', `both, with the preset "${preset}"`)
  const read = await readConfig(path)()
  if (isLeft(read)) throw new Refused(read.left)
  return chipOf(path, read.right, method)
}

/** @throws Failure rather than extrapolate */
const modelOf = (c: Characterisation, gMax: number, scales: NoiseScales): DeviceModel => {
  if (gMax > c.gMax.value) {
    fail(commandLine, '--g-max', `at most ${c.gMax.value} µS, up to which ${c.name} was characterised`, `${gMax}`)
  }
  return characterisedDevice(c, gMax, scales)
}

interface Point {
  readonly timeSeconds: Seconds
  /** Target over g_max, or the weight. */
  readonly share: number
  /** In g_max. */
  readonly mean: number
  readonly deviation: number
}

/** Every share at every time. */
const points = (
  model: DeviceModel,
  pair: boolean,
  times: readonly Seconds[],
  shares: readonly number[],
): readonly Point[] => {
  const gMax = model.gMaxMicroSiemens
  return times.flatMap(timeSeconds =>
    shares.map(share => {
      const at = (target: number) => model.moments(target, timeSeconds)
      const single = pair ? null : at(share * gMax)
      const { mean, variance } =
        single === null
          ? pairMoments(share, gMax, at)
          : { mean: single.mean / gMax, variance: single.variance / (gMax * gMax) }
      return { timeSeconds, share, mean, deviation: Math.sqrt(variance) }
    }),
  )
}

/** Shares down, times across, "mean ± deviation" in each cell. */
const table = (heading: string, all: readonly Point[], written: (share: number) => string): string => {
  const times = [...new Set(all.map(p => p.timeSeconds))]
  const shares = [...new Set(all.map(p => p.share))]
  const cell = (p: Point): string => `${written(p.mean)} ± ${written(p.deviation)}`
  return columns(
    [heading, ...times.map(t => durationText(t))],
    shares.map(share => [
      String(share),
      ...times.map(t => all.filter(p => p.share === share && p.timeSeconds === t).map(cell)[0] ?? ''),
    ]),
  )
}

const asJson = (
  c: Characterisation,
  model: DeviceModel,
  noiseScales: NoiseScales,
  pair: boolean,
  all: readonly Point[],
) => {
  const gMax = model.gMaxMicroSiemens
  const known = {
    device: c.name,
    source: c.source,
    gMaxMicroSiemens: gMax,
    characterisedGMaxMicroSiemens: c.gMax.value,
    referenceTimeSeconds: c.referenceTime.value,
    readTimeSeconds: c.readTime.value,
    noiseScales,
  }
  return pair
    ? {
        ...known,
        quantity: 'weight of a differential pair, (g+ - g-) / g_max',
        units: { timeSeconds: 's', weight: '1', mean: '1', deviation: '1' },
        rows: all.map(({ timeSeconds, share, mean, deviation }) => ({ timeSeconds, weight: share, mean, deviation })),
      }
    : {
        ...known,
        quantity: 'conductance of one device',
        units: {
          timeSeconds: 's',
          ratio: 'g_target / g_max',
          targetMicroSiemens: 'µS',
          meanMicroSiemens: 'µS',
          deviationMicroSiemens: 'µS',
          mean: 'g_max',
          deviation: 'g_max',
        },
        rows: all.map(({ timeSeconds, share, mean, deviation }) => ({
          timeSeconds,
          ratio: share,
          targetMicroSiemens: share * gMax,
          meanMicroSiemens: mean * gMax,
          deviationMicroSiemens: deviation * gMax,
          mean,
          deviation,
        })),
      }
}

/** Five digits of full scale, whatever its unit. */
const fullScaleDigits =
  (fullScale: number) =>
  (value: number): string =>
    value.toFixed(Math.min(20, Math.max(0, 5 - Math.ceil(Math.log10(fullScale)))))

const asText = (
  c: Characterisation,
  model: DeviceModel,
  scales: NoiseScales,
  pair: boolean,
  all: readonly Point[],
): string => {
  const gMax = model.gMaxMicroSiemens
  const microSiemens = fullScaleDigits(gMax)
  const about = [
    `${c.name}: g_max ${gMax} µS, drift from ${c.referenceTime.value} s on, reads of ${c.readTime.value} s`,
    `noise scales: programming ${scales.programming}, drift ${scales.drift}, read ${scales.read}`,
    `source: ${c.source}`,
    '',
  ]
  return pair
    ? [
        ...about,
        'weight of a differential pair, (g+ - g-) / g_max: mean ± standard deviation, by time after programming',
        '',
        table('weight', all, w => w.toFixed(5)),
      ].join('\n')
    : [
        ...about,
        'conductance [µS]: mean ± standard deviation, by target r = g / g_max and time after programming',
        '',
        table('r', all, share => microSiemens(share * gMax)),
        '',
        'the same in % of g_max',
        '',
        table('r', all, share => (100 * share).toFixed(3)),
      ].join('\n')
}

const scaleOption = (long: 'programming' | 'drift' | 'read', what: string) =>
  option({
    type: optional(scaleArgument('SCALE')),
    long,
    description: `factor on ${what}; 0 switches it off (default: the config's, or 1)`,
  })

export const device = command({
  name: 'device',
  description: 'Mean and standard deviation of a device over conductance and time, exact, from its model',
  examples: [
    { description: 'The default device', command: 'ohmflow device' },
    {
      description: 'A weight on two devices, drift alone',
      command: 'ohmflow device pcm --pair --programming 0 --read 0',
    },
    { description: 'Another chip, at times of your own', command: 'ohmflow device hermes-1 --times "1 min,1 h,10 y"' },
    { description: 'The device of an experiment, as JSON', command: 'ohmflow device --config sst2.json --json' },
  ],
  args: {
    preset: positional({
      type: optional(presetArgument('PRESET')),
      displayName: 'PRESET',
      description: 'pcm (the default), hermes-1 or hermes-2',
    }),
    config: option({
      type: optional(string),
      long: 'config',
      description: "the device of this config's hardware instead, a table of your own too",
    }),
    method: option({ type: optional(string), long: 'method', description: 'of the config, with its own hardware' }),
    pair: flag({ long: 'pair', description: 'the weight (g+ - g-) / g_max of a differential pair' }),
    at: option({
      type: optional(sharesArgument('LIST')),
      long: 'at',
      description:
        'targets as shares of g_max from 0 to 1, or with --pair weights from -1 to 1 (default: 0, 0.02, 0.05, 0.1, then by 0.1 to 1)',
    }),
    times: option({
      type: optional(timesArgument('LIST')),
      long: 'times',
      description: 'after programming (default: "0 s,1 h,1 d,30 d,1 y")',
    }),
    gMax: option({
      type: optional(positiveArgument('MICROSIEMENS')),
      long: 'g-max',
      description: 'conductance of full scale [µS], at most what was characterised',
    }),
    programming: scaleOption('programming', 'programming noise'),
    drift: scaleOption('drift', 'the drift exponent'),
    read: scaleOption('read', 'read noise'),
    json: flag({ long: 'json', description: 'print everything as JSON, with units' }),
  },
  handler: async ({
    preset,
    config,
    method,
    pair,
    at,
    times,
    gMax,
    programming,
    drift,
    read,
    json,
  }): Promise<number> => {
    const negative = pair ? undefined : at?.find(share => share < 0)
    if (negative !== undefined)
      fail(
        commandLine,
        '--at',
        'shares of g_max from 0 to 1, as a device has no sign (--pair takes weights)',
        `${negative}`,
      )
    const hardware = await hardwareFrom({ preset, config, method })
    const own = hardware.noiseScales
    const scales = {
      programming: programming ?? own.programming,
      drift: drift ?? own.drift,
      read: read ?? own.read,
    }
    const characterisation = characterisationOf(hardware.device)
    const model = modelOf(characterisation, gMax ?? hardware.device.gMaxMicroSiemens, scales)
    const all = points(model, pair, times ?? defaultTimes, at ?? defaultShares)
    if (json) await printLine(JSON.stringify(asJson(characterisation, model, scales, pair, all)))
    else await printLine(asText(characterisation, model, scales, pair, all))
    return done
  },
})
