/* From a tile's column sums to its share of the layer's output: noise, ADC, digital scale (reference/readout.ts). */
#include "normal.h"

struct readout_arguments {
  uint32_t y, sums, rows, columns, y_row_step, tokens, examples, z_scale, y_scale, offset, bias, variances,
      variance_scale, real, onward, max_code, k0, k1, c2, c3_output, c3_read, counts;
  float output_noise, adc_scale;
  uint32_t residues;
};

KERNEL(readout) {
  const size_t columns = a->columns, panels = (columns + LANES - 1) / LANES, step = panels * LANES;
  const float max = (float)a->max_code;
  const vu lane = lane_numbers();
  vi saturated = {};
  for (size_t r = 0; r < a->rows; r++) {
    float *y = F32(a->y) + r * a->y_row_step;
    const int32_t *sums = I32(a->sums) + r * step, *variances = I32(a->variances) + r * step;
    const uint32_t token = U32(a->tokens)[r] << 16;
    const vu example = splat_word(U32(a->examples)[r]);
    for (size_t group = 0; group < panels; group += 4)
      for (size_t v = 0; v < LANES; v += W) {
        const vu block = lane + (uint32_t)(token + group * 4 + v);
        vf output[4], read[4];
        if (a->output_noise != 0.0f) normals(block, example, a->c2, a->c3_output, a->k0, a->k1, output);
        if (a->variances) normals(block, example, a->c2, a->c3_read, a->k0, a->k1, read);
        for (size_t i = 0; i < 4; i++) {
          const size_t at = (group + i) * LANES + v;
          if (at >= columns) break;
          const vi sum = load_integers(sums + at);
          vf z = (a->real ? (vf)sum : __builtin_convertvector(sum, vf)) * load(F32(a->z_scale) + at);
          const vf signal = z;
          vf residue = {};
          vi beyond = {};
          if (a->output_noise != 0.0f) {
            residue = a->output_noise * output[i];
            z = z + residue;
          }
          if (a->variances) {
            const vf variance =
                __builtin_convertvector(load_integers(variances + at), vf) * load(F32(a->variance_scale) + at);
            z = z + vsqrt(variance) * read[i];
          }
          if (a->max_code) {
            z = z * a->adc_scale;
            vi over = absolute(z) > max;
            beyond = over;
            if (at + W > columns) over &= (vi)lane < (int32_t)(columns - at);
            saturated -= over;
            z = choose(z > max, splat(max), z);
            z = choose(z < -max, splat(-max), z);
            z = (z + MAGIC) - MAGIC;
            residue = z - (vf)(~beyond & (vi)(signal * a->adc_scale));
          }
          if (a->residues) {
            residue = (vf)((BITS(residue) & ~1) | (beyond & 1));
            float *to = F32(a->residues) + r * step + at;
            if (at + W <= columns) store(to, residue);
            else store_part(to, residue, columns - at);
          }
          z = z * load(F32(a->y_scale) + at);
          if (a->offset) z = z + load(F32(a->offset) + at);
          if (at + W <= columns) {
            if (a->onward) z = load(y + at) + z;
            if (a->bias) z = z + load(F32(a->bias) + at);
            store(y + at, z);
          } else {
            const size_t left = columns - at;
            if (a->onward) z = load_part(y + at, left, 0.0f) + z;
            if (a->bias) z = z + load_part(F32(a->bias) + at, left, 0.0f);
            store_part(y + at, z, left);
          }
        }
      }
  }
  uint32_t count = 0;
  for (int l = 0; l < W; l++) count += (uint32_t)saturated[l];
  *U32(a->counts) = count;
}
