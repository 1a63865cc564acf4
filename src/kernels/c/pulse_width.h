/* Pulse-width codes of a tile's inputs (reference/pulse-width.ts). */
#include "elementary.h"
#include "integer.h"

struct encode_arguments {
  uint32_t codes, squares, x, rows, inner, x_row_step, max_code, square_shift, counts;
  float scale, range;
};

KERNEL(encode) {
  const size_t inner = a->inner, step = (inner + 1) / 2 * 2;
  const float max = (float)a->max_code;
  const int shift = (int)a->square_shift, half = shift ? 1 << (shift - 1) : 0;
  vi clipped = {}, unordered = {};
  for (size_t r = 0; r < a->rows; r++) {
    const float *x = F32(a->x) + r * a->x_row_step;
    int16_t *codes = I16(a->codes) + r * step, *squares = I16(a->squares) + r * step;
    for (size_t i = 0; i < inner; i += W) {
      const size_t left = inner - i;
      const vf given = left >= W ? load(x + i) : load_part(x + i, left, 0.0f);
      const vi ordered = given == given;
      vf v = given * a->scale;
      v = at_least(at_most(v, splat(max)), splat(-max));
      const vi code = (BITS(v + MAGIC) - BITS(splat(MAGIC))) & ordered;
      clipped -= absolute(given) > a->range;
      unordered += 1 + ordered;
      store_short(codes + i, code, left);
      if (a->squares) store_short(squares + i, (code * code + half) >> shift, left);
    }
    if (inner < step) {
      codes[inner] = 0;
      if (a->squares) squares[inner] = 0;
    }
  }
  uint32_t *counts = U32(a->counts);
  counts[0] = counts[1] = 0;
  for (int l = 0; l < W; l++) {
    counts[0] += (uint32_t)clipped[l];
    counts[1] += (uint32_t)unordered[l];
  }
}
