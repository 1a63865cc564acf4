/**
 * A chip with only one of its sources of error: the hardware that `errors` are measured on, source by source.
 * Not modelled: sources in pairs; how they act together is told by `all`.
 */
import type { ErrorSource } from '../tables/errors.js'
import type { Hardware } from './hardware.js'

/** Ideal converters, no noise, no wires; ranges, tiles and drift compensation as they are. */
const quiet = (h: Hardware): Hardware => ({
  ...h,
  dac: { bits: 'off' },
  adc: { ...h.adc, bits: 'off' },
  outputNoise: 0,
  noiseScales: { programming: 0, drift: 0, read: 0 },
  wireResistanceOhm: 0,
})

/** What of a quiet chip each source switches on again. */
const restored: Readonly<Record<Exclude<ErrorSource, 'all'>, (h: Hardware) => Partial<Hardware>>> = {
  ranges: () => ({}),
  programming: h => ({ noiseScales: { programming: h.noiseScales.programming, drift: 0, read: 0 } }),
  drift: h => ({ noiseScales: { programming: 0, drift: h.noiseScales.drift, read: 0 } }),
  read: h => ({ noiseScales: { programming: 0, drift: 0, read: h.noiseScales.read } }),
  dac: h => ({ dac: h.dac }),
  adc: h => ({ adc: h.adc }),
  'output noise': h => ({ outputNoise: h.outputNoise }),
  'ir drop': h => ({ wireResistanceOhm: h.wireResistanceOhm }),
}

/** The hardware with one source alone; as it is for `all`. */
export const withOnly = (h: Hardware, source: ErrorSource): Hardware =>
  source === 'all' ? h : { ...quiet(h), ...restored[source](h) }

/**
 * Whether a source adds its error after the devices have shrunk the signal, so that what makes up for the drift of the whole
 * chip amplifies it, though nothing has drifted where the source acts alone.
 */
export const isAmplified = ({ driftCompensation }: Hardware, source: ErrorSource): boolean =>
  (source === 'adc' || source === 'output noise') && driftCompensation !== 'none'

/** Whether a source's error can change after programming; the others' is the same at every time. */
export const changesWithTime = (h: Hardware, source: ErrorSource): boolean =>
  source === 'drift' || source === 'read' || source === 'all' || isAmplified(h, source)

/** Whether the chip has the source at all. */
export const isPresent = (h: Hardware, source: ErrorSource): boolean => {
  switch (source) {
    case 'programming':
    case 'drift':
    case 'read':
      return h.noiseScales[source] > 0
    case 'dac':
    case 'adc':
      return h[source].bits !== 'off'
    case 'output noise':
      return h.outputNoise > 0
    case 'ir drop':
      return h.wireResistanceOhm > 0
    case 'ranges':
    case 'all':
      return true
  }
}
