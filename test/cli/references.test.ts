import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import { shared } from '../shared.js'
import { ohmflow, temporaryFolder } from './ohmflow.js'

/** Examples of each dev set compared here; `npm run verify` compares all of them. */
const examples = 60

describe('real checkpoints on real GLUE', () => {
  test('logits are those of PyTorch to 1e-4, for every model that has a reference', async () => {
    const folder = temporaryFolder()
    const tasks = ['sst2', 'mrpc', 'stsb']
    const config = join(folder, 'config.json')
    writeFileSync(
      config,
      JSON.stringify({
        schema: 1,
        name: 'references',
        seed: 1,
        tasks: tasks.map(task => ({
          task,
          checkpoint: shared('data/models', task),
          data: shared('data/glue-hf', task),
          examples,
        })),
        methods: [{ name: 'digital', execution: 'digital' }],
      }),
    )
    const ended = await ohmflow(['run', config, '--out', join(folder, 'out')])
    expect(ended.code).toBe(0)
    const bytes = readFileSync(join(folder, 'out/predictions.parquet'))
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    })
    for (const task of tasks) {
      const reference = readFileSync(shared('data/models', task, 'reference.jsonl'), 'utf8').split('\n')
      const own = rows.filter(r => r.task === task)
      expect(own).toHaveLength(examples)
      own.forEach((row, i) => {
        const expected = JSON.parse(reference[i] ?? '') as { label: number; logits: number[] }
        expect(row.example).toBe(i)
        expect(Math.fround(row.label as number)).toBe(Math.fround(expected.label))
        const logits = row.logits as number[]
        expected.logits.forEach((value, k) => {
          expect(Math.abs(value - (logits[k] ?? NaN))).toBeLessThanOrEqual(1e-4)
        })
      })
    }
  })
})
