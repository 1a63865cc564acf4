// Writes a WebAssembly module as a TypeScript string, with the digest of the sources it came from. Called by build-wasm.sh.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

const [from, to] = process.argv.slice(2)
const bytes = readFileSync(from)
// Data segments would be shared by all threads and initialised by the first: the kernels have none.
if (new Set(sections(bytes)).has(11)) throw new Error('embed-wasm: expected no data section, found one')
const folder = new URL('../src/kernels/c/', import.meta.url)
const hash = createHash('sha256')
for (const name of readdirSync(folder).sort())
  hash
    .update(name)
    .update('\0')
    .update(readFileSync(new URL(name, folder)))
writeFileSync(
  to,
  `/** The kernels compiled to WebAssembly: written by tools/build-wasm.sh, not by hand. */

/** SHA-256 of src/kernels/c when it was compiled. */
export const sourceDigest = '${hash.digest('hex')}'

export const moduleBase64 =
  '${bytes.toString('base64')}'
`,
)

/** Section ids of a module: id byte, LEB128 length, contents. */
function* sections(module) {
  for (let at = 8; at < module.length;) {
    const id = module[at++]
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++]
      length += (byte & 127) * 2 ** shift
      if (byte < 128) break
    }
    yield id
    at += length
  }
}
