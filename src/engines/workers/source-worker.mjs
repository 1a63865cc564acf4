// Runs worker.ts where the sources run as they are (tests, tsx): Node 20 loads no TypeScript in a worker thread.
import { register } from 'tsx/esm/api'

register()
await import('./worker.ts')
