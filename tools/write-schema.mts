// Writes schema/ohmflow.schema.json from the shapes of the config codecs. Run: npx tsx tools/write-schema.mts
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeTextAtomically } from '../src/io/atomicFile.js'
import { configSchema } from '../src/io/config/config.js'

const path = join(dirname(dirname(fileURLToPath(import.meta.url))), 'schema', 'ohmflow.schema.json')
await writeTextAtomically(path, `${JSON.stringify(configSchema(), null, 2)}\n`)
