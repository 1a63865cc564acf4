/** Ctrl-C as an AbortSignal: the first asks to stop, the second does not ask. */
import { interrupted } from './exit.js'

export const interruptSignal = (): AbortSignal => {
  const controller = new AbortController()
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(interrupted)
    controller.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return controller.signal
}
