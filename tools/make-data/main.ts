/** `npm run make-data [-- FOLDER]`: makes the default data anew, in data/ unless another folder is named. */
import { resolve } from 'node:path'
import { writeDefaultData } from './write.js'

const folder = resolve(process.argv[2] ?? resolve(import.meta.dirname, '../../data'))
try {
  await writeDefaultData(folder)
  process.stderr.write(`wrote ${folder}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
