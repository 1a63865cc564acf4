// Writes schema/ohmflow.schema.json from the shapes of the config codecs. Run: npx tsx tools/write-schema.mts
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configSchema } from '../src/io/config/config.js'

const path = join(dirname(dirname(fileURLToPath(import.meta.url))), 'schema', 'ohmflow.schema.json')
mkdirSync(dirname(path), { recursive: true })
writeFileSync(path, `${JSON.stringify(configSchema(), null, 2)}\n`)
