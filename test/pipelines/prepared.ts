/** Experiments laid out for tests. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { orThrow } from '../../src/io/fault.js'
import { readCheckedConfig } from '../../src/pipelines/experiment/config.js'
import { prepare, type Workspace } from '../../src/pipelines/experiment/workspace.js'

/** A config written to `config.json` of a folder, read from there and prepared. @param out its results, in the folder */
export const prepared = async (folder: string, config: object, out = 'out'): Promise<Workspace> => {
  const path = join(folder, 'config.json')
  writeFileSync(path, JSON.stringify(config))
  const checked = await readCheckedConfig(path)()
  if (checked._tag === 'Left') throw new Error(JSON.stringify(checked.left))
  return orThrow(prepare(checked.right.config, checked.right.hash, join(folder, out)))
}
