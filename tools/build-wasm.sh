#!/usr/bin/env bash
# Compiles src/kernels/c to WebAssembly and writes src/kernels/webassembly-module.ts, with Debian's clang-16 and lld-16,
# so that anyone can check the committed bytes. With --check: writes nothing, fails if the committed file differs.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for tool in clang-16 wasm-ld-16; do
  command -v "$tool" >/dev/null || { echo "build-wasm: needs $tool (apt-get install clang-16 lld-16)" >&2; exit 2; }
done
flags=(--target=wasm32 -std=c11 -O3 -ffp-contract=off -fno-math-errno -fwrapv -fno-strict-aliasing -Wall -Wextra -Werror
  -ffreestanding -nostdlib -msimd128 -matomics -mbulk-memory -DWIDTH=16)
(cd src/kernels/c && clang-16 "${flags[@]}" -c kernels.c -o "$work/kernels.o")
wasm-ld-16 --no-entry --import-memory --shared-memory --max-memory=4294967296 --export=__stack_pointer --strip-all \
  "$work/kernels.o" -o "$work/kernels.wasm"
node tools/embed-wasm.mjs "$work/kernels.wasm" "$work/webassembly-module.ts"
target=src/kernels/webassembly-module.ts
if [ "${1:-}" = --check ]; then
  cmp "$work/webassembly-module.ts" "$target" || { echo "build-wasm: $target is not what src/kernels/c gives: run tools/build-wasm.sh" >&2; exit 1; }
else
  cp "$work/webassembly-module.ts" "$target"
fi
