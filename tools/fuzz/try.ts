import { writeFileSync } from 'node:fs'
import { writeCase, filesOf, outcomeOf } from './cases.js'
import { kindOf } from './kinds.js'
const k = kindOf('parquet')
for (let i = Number(process.argv[2]); i < 60000; i++) { const f = filesOf(k,5,i); writeCase('/dev/shm/tryfz', f); writeFileSync('/dev/shm/tryidx', String(i)); const o = await outcomeOf(k, '/dev/shm/tryfz', f); if (o.is === 'wrong') console.log(i, o.what.slice(0,200)) }
