/* Pulse-width codes of a tile's inputs (reference/pulse-width.ts). */
#include "elementary.h"
#include "integer.h"

struct encode_arguments {
  uint32_t codes, squares, x, rows, inner, x_row_step, max_code, square_shift, counts;
  float scale, range;
  uint32_t copies, copy_count;
};

/*
 * The codes of one vector's inputs that stand on several rows, in place of what their own rows hold: n rows take n times
 * the range, and share the code. Returns how many inputs beyond the range are within theirs.
 */
INLINE uint32_t share_codes(const struct encode_arguments *a, const uint32_t *owners, const float *x, int16_t *codes,
                            int16_t *squares) {
  const int shift = (int)a->square_shift, half = shift ? 1 << (shift - 1) : 0;
  uint32_t within = 0;
  for (size_t first = 0, next; first < a->copy_count; first = next) {
    const uint32_t owner = owners[first];
    for (next = first + 1; next < a->copy_count && owners[next] == owner;) next++;
    const uint32_t n = (uint32_t)(next - first) + 1;
    const float given = x[owner], range = (float)n * a->range, max = (float)(n * a->max_code);
    float v = given * a->scale;
    v = v > max ? max : v;
    v = v < -max ? -max : v;
    union {
      float f;
      int32_t i;
    } rounded = {v + 0x1.8p23f};
    const int32_t code = given == given ? rounded.i - 0x4b400000 : 0;
    const uint32_t magnitude = code < 0 ? (uint32_t)-code : (uint32_t)code;
    within += (given > a->range || given < -a->range) && !(given > range || given < -range);
    for (uint32_t part = 0; part < n; part++) {
      const int32_t share = (int32_t)((magnitude + part) / n), signed_share = code < 0 ? -share : share;
      const size_t at = part == 0 ? owner : a->inner + first + part - 1;
      codes[at] = (int16_t)signed_share;
      if (squares) squares[at] = (int16_t)((share * share + half) >> shift);
    }
  }
  return within;
}

KERNEL(encode) {
  const size_t inner = a->inner, physical = inner + a->copy_count, step = (physical + 1) / 2 * 2;
  const float max = (float)a->max_code;
  const int shift = (int)a->square_shift, half = shift ? 1 << (shift - 1) : 0;
  const uint32_t *owners = U32(a->copies);
  uint32_t within = 0;
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
    if (a->copy_count) within += share_codes(a, owners, x, codes, a->squares ? squares : 0);
    if (physical < step) {
      codes[physical] = 0;
      if (a->squares) squares[physical] = 0;
    }
  }
  uint32_t *counts = U32(a->counts);
  counts[0] = 0 - within;
  counts[1] = 0;
  for (int l = 0; l < W; l++) {
    counts[0] += (uint32_t)clipped[l];
    counts[1] += (uint32_t)unordered[l];
  }
}
