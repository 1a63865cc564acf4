import { describe, expect, test } from 'vitest'
import { tileArgument } from '../../src/cli/arguments.js'

describe('a tile on the command line', () => {
  test.each(['1x1', '512x512', '256x64'])('%s is within the bounds of a config', async text => {
    const [rows, columns] = text.split('x').map(Number)
    expect(await tileArgument('SIZE').from(text)).toEqual({ rows, columns })
  })

  test.each(['1024x512', '512x513', '0x4', '64', '64x', 'x64', '64x64x64', '1e2x4'])('%s is refused', async text => {
    await expect(tileArgument('SIZE').from(text)).rejects.toThrow(
      `expected ROWSxCOLUMNS, each an integer in [1, 512], such as 512x512, found "${text}"`,
    )
  })
})
