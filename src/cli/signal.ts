/** Ctrl-C as an AbortSignal: the first asks to stop, the second does not ask. */
import { interrupted } from './exit.js'
import { say } from './terminal.js'

/** Shows the cursor and wraps lines again, as a progress bar may have left them otherwise. */
const plainTerminal = '\u001b[?25h\u001b[?7h'

export const interruptSignal = (): AbortSignal => {
  const controller = new AbortController()
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      if (process.stderr.isTTY) process.stderr.write(plainTerminal)
      process.exit(interrupted)
    }
    controller.abort()
    say('stopping; once more to stop at once')
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return controller.signal
}
