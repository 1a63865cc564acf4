/** Which process this is, and whether another one of this machine still lives. Not known: processes of other machines. */
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'

/** Of this machine, in file names: whether a file's writer still lives can be told here only. */
export const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)

/** Whether a process of this machine has this number. */
export const lives = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
