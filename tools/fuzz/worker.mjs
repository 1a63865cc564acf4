// A worker thread takes no loader of TypeScript from its parent: register one, then run.
import { register } from 'tsx/esm/api'
register()
await import('./worker.ts')
