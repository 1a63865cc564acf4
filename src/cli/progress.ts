/** Progress on stderr: a bar with rate and time left on a terminal, a plain line now and then otherwise. */
import cliProgress from 'cli-progress'
import type { Progress } from '../pipelines/progress.js'
import { grouped, spoken } from './columns.js'
import { lively, say } from './terminal.js'

const seconds = (since: number): number => (performance.now() - since) / 1000

interface Stretch {
  readonly title: string
  readonly total: number | null
  readonly started: number
  examples: number
  tokens: number
  /** What else the work says of itself. */
  about: string
}

const rate = (s: Stretch): string => `${Math.round(s.tokens / Math.max(1e-3, seconds(s.started)))} tokens/s`

const left = (s: Stretch): string =>
  s.total === null || s.examples === 0
    ? ''
    : `${spoken((seconds(s.started) / s.examples) * Math.max(0, s.total - s.examples))} left`

const summary = (s: Stretch): string =>
  `${s.title}: ${grouped(s.examples)} examples in ${spoken(seconds(s.started))} (${rate(s)})${s.about === '' ? '' : `, ${s.about}`}`

/** Redraws one bar. */
const bar = (): Progress => {
  let current: { readonly stretch: Stretch; readonly drawn: cliProgress.SingleBar } | null = null
  return {
    begin: (title, total) => {
      const drawn = new cliProgress.SingleBar({
        format: '{title}  [{bar}] {value}/{total}  {rate}  {left}  {about}',
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
        barsize: 24,
      })
      const stretch = { title, total, started: performance.now(), examples: 0, tokens: 0, about: '' }
      drawn.start(total ?? 0, 0, { title, rate: '', left: '', about: '' })
      current = { stretch, drawn }
    },
    advance: (examples, tokens, about = '') => {
      if (current === null) return
      const { stretch, drawn } = current
      stretch.examples += examples
      stretch.tokens += tokens
      stretch.about = about
      if (stretch.total === null) drawn.setTotal(stretch.examples)
      drawn.update(stretch.examples, { rate: rate(stretch), left: left(stretch), about })
    },
    end: () => {
      current?.drawn.stop()
      if (current !== null) say(summary(current.stretch))
      current = null
    },
    close: () => {
      current?.drawn.stop()
      current = null
    },
    note: say,
  }
}

const linesEverySeconds = 10

/** One line at the end of a stretch, and one every ten seconds on the way. */
const lines = (): Progress => {
  let stretch: Stretch | null = null
  let spokenAt = 0
  return {
    begin: (title, total) => {
      stretch = { title, total, started: performance.now(), examples: 0, tokens: 0, about: '' }
      spokenAt = stretch.started
    },
    advance: (examples, tokens, about = '') => {
      if (stretch === null) return
      stretch.examples += examples
      stretch.tokens += tokens
      stretch.about = about
      if (seconds(spokenAt) < linesEverySeconds) return
      spokenAt = performance.now()
      const of = stretch.total === null ? '' : ` of ${grouped(stretch.total)}`
      const parts = [`${grouped(stretch.examples)}${of} examples`, rate(stretch), left(stretch), about]
      say(`${stretch.title}: ${parts.filter(p => p !== '').join(', ')}`)
    },
    end: () => {
      if (stretch !== null) say(summary(stretch))
      stretch = null
    },
    close: () => undefined,
    note: say,
  }
}

export const terminalProgress = (): Progress => (lively() ? bar() : lines())
