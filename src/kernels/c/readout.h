/* From a tile's column sums to its share of the layer's output: noise, ADC, digital scale (reference/readout.ts). */
#include "normal.h"

struct readout_arguments {
  uint32_t y, sums, rows, columns, y_row_step, tokens, examples, z_scale, y_scale, offset, bias, variances,
      variance_scale, real, onward, max_code, k0, k1, c2, c3_output, c3_read, counts;
  float output_noise, adc_scale;
  uint32_t residues;
};

/* Whatever is not 0 of `usual`, the way of most tiles, is known where this is inlined. */
INLINE void readout_rows(char *base, const struct readout_arguments *a, const int usual) {
  const size_t rows = a->rows, columns = a->columns, panels = (columns + LANES - 1) / LANES, step = panels * LANES;
  const size_t y_row_step = a->y_row_step;
  const int quantised = usual || a->max_code, noisy = usual || a->output_noise != 0.0f, real = !usual && a->real;
  const int per_vmm = !usual && a->variances, onward = a->onward != 0;
  const vf max = splat((float)a->max_code), noise = splat(a->output_noise), adc_scale = splat(a->adc_scale);
  const float *z_scale = F32(a->z_scale), *y_scale = F32(a->y_scale), *variance_scale = F32(a->variance_scale);
  const float *offset = usual || !a->offset ? NULL : F32(a->offset), *bias = a->bias ? F32(a->bias) : NULL;
  float *residues = usual || !a->residues ? NULL : F32(a->residues);
  const uint32_t k0 = a->k0, k1 = a->k1, c2 = a->c2, c3_output = a->c3_output, c3_read = a->c3_read;
  const uint32_t *tokens = U32(a->tokens), *examples = U32(a->examples);
  const vu lane = lane_numbers();
  vi saturated = {};
  for (size_t r = 0; r < rows; r++) {
    float *y = F32(a->y) + r * y_row_step;
    const int32_t *sums = I32(a->sums) + r * step, *variances = per_vmm ? I32(a->variances) + r * step : NULL;
    const uint32_t token = tokens[r] << 16;
    const vu example = splat_word(examples[r]);
    for (size_t group = 0; group < panels; group += 4)
      for (size_t v = 0; v < LANES; v += NORMALS_AT_ONCE * W) {
        vu block[NORMALS_AT_ONCE];
        vf output[NORMALS_AT_ONCE][4], read[NORMALS_AT_ONCE][4];
        UNROLL for (size_t s = 0; s < NORMALS_AT_ONCE; s++)
          block[s] = lane + (uint32_t)(token + group * 4 + v + s * W);
        if (noisy) normals_of(NORMALS_AT_ONCE, block, example, c2, c3_output, k0, k1, output);
        if (per_vmm) normals_of(NORMALS_AT_ONCE, block, example, c2, c3_read, k0, k1, read);
        UNROLL for (size_t i = 0; i < 4 * NORMALS_AT_ONCE; i++) {
          const size_t s = i % NORMALS_AT_ONCE, at = (group + i / NORMALS_AT_ONCE) * LANES + v + s * W;
          if (at >= columns) break;
          const vi sum = load_integers(sums + at);
          vf z = (real ? (vf)sum : __builtin_convertvector(sum, vf)) * load(z_scale + at);
          const vf signal = z;
          vf residue = {};
          vi beyond = {};
          if (noisy) {
            residue = noise * output[s][i / NORMALS_AT_ONCE];
            z = z + residue;
          }
          if (per_vmm) {
            const vf variance =
                __builtin_convertvector(load_integers(variances + at), vf) * load(variance_scale + at);
            z = z + vsqrt(variance) * read[s][i / NORMALS_AT_ONCE];
          }
          if (quantised) {
            z = z * adc_scale;
            vi over = absolute(z) > max;
            beyond = over;
            if (at + W > columns) over &= (vi)lane < (int32_t)(columns - at);
            saturated -= over;
            z = at_least(at_most(z, max), -max);
            z = (z + MAGIC) - MAGIC;
            if (residues) residue = z - (vf)(~beyond & (vi)(signal * adc_scale));
          }
          if (residues) {
            residue = (vf)((BITS(residue) & ~1) | (beyond & 1));
            float *to = residues + r * step + at;
            if (at + W <= columns) store(to, residue);
            else store_part(to, residue, columns - at);
          }
          z = z * load(y_scale + at);
          if (offset) z = z + load(offset + at);
          if (at + W <= columns) {
            if (onward) z = load(y + at) + z;
            if (bias) z = z + load(bias + at);
            store(y + at, z);
          } else {
            const size_t left = columns - at;
            if (onward) z = load_part(y + at, left, 0.0f) + z;
            if (bias) z = z + load_part(bias + at, left, 0.0f);
            store_part(y + at, z, left);
          }
        }
      }
  }
  uint32_t count = 0;
  for (int l = 0; l < W; l++) count += (uint32_t)saturated[l];
  *U32(a->counts) = count;
}

KERNEL(readout) {
  if (a->output_noise != 0.0f && a->max_code && !a->variances && !a->real && !a->residues && !a->offset)
    readout_rows(base, a, 1);
  else readout_rows(base, a, 0);
}
