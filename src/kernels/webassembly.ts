/**
 * The few WebAssembly names the kernels use, declared here because neither the ES2023 library nor Node's types do.
 * Not covered: tables, exceptions, streaming compilation.
 */

/** Shared linear memory; `buffer` is a fresh object after a growth, over the same bytes. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer
  /** Grows by 64 KiB pages. @returns the size before, in pages. @throws RangeError beyond the maximum. */
  grow: (pages: number) => number
}

export interface Instance {
  readonly exports: Readonly<Record<string, unknown>>
}

interface WebAssemblyNamespace {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => Instance
}

export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyNamespace }).WebAssembly // as: the global is standard in Node and browsers, only its type is missing
