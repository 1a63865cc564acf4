/* Hardware-aware training: converters with their gradients (reference/quantiser.ts), weights clipped, disturbed and
 * dropped on the line (reference/disturbance.ts). Include after product.h and cells.h. */
#include "ladder.h"
#include "lanes.h"
#include "normal.h"

INLINE vf code_of(vf v, float max) {
  v = at_least(at_most(v, splat(max)), splat(-max));
  return (v + MAGIC) - MAGIC;
}

struct quantise_arguments {
  uint32_t y, x, rows, width, x_row_step;
  float scale, max, unit;
};

KERNEL(quantise) {
  for (size_t r = 0; r < a->rows; r++) {
    const float *x = F32(a->x) + r * a->x_row_step;
    float *y = F32(a->y) + r * (size_t)a->width;
    size_t i = 0;
    for (; i + W <= a->width; i += W) store(y + i, code_of(load(x + i) * a->scale, a->max) * a->unit);
    if (i < a->width)
      store_part(y + i, code_of(load_part(x + i, a->width - i, 0.0f) * a->scale, a->max) * a->unit, a->width - i);
  }
}

struct quantiseGradient_arguments {
  uint32_t dx, d, x, rows, width, x_row_step, onward;
  float scale, max, inverse;
};

KERNEL(quantiseGradient) {
  for (size_t r = 0; r < a->rows; r++) {
    const float *x = F32(a->x) + r * a->x_row_step;
    float *dx = F32(a->dx) + r * a->x_row_step, *d = F32(a->d) + r * (size_t)a->width;
    for (size_t i = 0; i < a->width; i += W) {
      const size_t left = a->width - i;
      const int whole = left >= W;
      const vf v = (whole ? load(x + i) : load_part(x + i, left, 0.0f)) * a->scale;
      const vf given = whole ? load(d + i) : load_part(d + i, left, 0.0f);
      const vi inside = absolute(v) <= a->max;
      vf passed = (vf)(inside & (vi)given);
      const vf product = given * ((code_of(v, a->max) - (vf)(inside & (vi)v)) * a->inverse);
      if (a->onward) passed = (whole ? load(dx + i) : load_part(dx + i, left, 0.0f)) + passed;
      if (whole) {
        store(dx + i, passed);
        store(d + i, product);
      } else {
        store_part(dx + i, passed, left);
        store_part(d + i, product, left);
      }
    }
  }
}

struct straightThrough_arguments {
  uint32_t y, dy, residues, rows, columns, dy_row_step, residue_row_step;
};

KERNEL(straightThrough) {
  for (size_t r = 0; r < a->rows; r++) {
    const float *dy = F32(a->dy) + r * a->dy_row_step;
    const int32_t *residues = I32(a->residues) + r * a->residue_row_step;
    float *y = F32(a->y) + r * (size_t)a->columns;
    size_t j = 0;
    for (; j + W <= a->columns; j += W)
      store(y + j, (vf)(((load_integers(residues + j) & 1) - 1) & (vi)load(dy + j)));
    for (; j < a->columns; j++) y[j] = residues[j] & 1 ? 0.0f : dy[j];
  }
}

struct columnDots_arguments {
  uint32_t y, x, z, offsets, sequences, columns, x_row_step, z_row_step, onward;
};

/* As columnSums, of products. */
KERNEL(columnDots) {
  const int32_t *offsets = I32(a->offsets);
  const size_t columns = a->columns, xs = a->x_row_step, zs = a->z_row_step;
  for (size_t first = 0; first < columns; first += LANES) {
    const size_t n = columns - first < LANES ? columns - first : LANES;
    float *y = F32(a->y) + first, total[LANES];
    const float *x = F32(a->x) + first, *z = F32(a->z) + first;
    for (size_t j = 0; j < n; j++) total[j] = a->onward ? y[j] : 0.0f;
    int added = a->onward != 0;
    for (size_t s = 0; s < a->sequences; s++)
      for (size_t from = (size_t)offsets[s], end = (size_t)offsets[s + 1], to; from < end; from = to) {
        to = end - from < INNER_BLOCK ? end : from + INNER_BLOCK;
        float sums[LANES];
        if (n == LANES) {
          vf block[LANE_VECTORS] = {0};
          for (size_t r = from; r < to; r++)
            UNROLL for (int v = 0; v < LANE_VECTORS; v++)
              block[v] = block[v] + load(x + r * xs + v * W) * load(z + r * zs + v * W);
          UNROLL for (int v = 0; v < LANE_VECTORS; v++) store(sums + v * W, block[v]);
        } else
          for (size_t j = 0; j < n; j++) {
            sums[j] = 0.0f;
            for (size_t r = from; r < to; r++) sums[j] = sums[j] + x[r * xs + j] * z[r * zs + j];
          }
        for (size_t j = 0; j < n; j++) total[j] = added ? total[j] + sums[j] : sums[j];
        added = 1;
      }
    for (size_t j = 0; j < n; j++) y[j] = total[j];
  }
}

/* A tile's weights: `columns` runs of `rows` numbers. */
#define TILE_WEIGHTS uint32_t w, rows, columns, row_step

struct columnMaxima_arguments {
  TILE_WEIGHTS;
  uint32_t y;
};

KERNEL(columnMaxima) {
  for (size_t j = 0; j < a->columns; j++) {
    vf most[LANE_VECTORS] = {0};
    FOR_LANES(F32(a->w) + j * a->row_step, a->rows, 0.0f,
              most[v] = choose(absolute(x) > most[v], absolute(x), most[v]));
    F32(a->y)[j] = fold_max(most);
  }
}

INLINE vf clip_to(vf w, float c) {
  return at_least(at_most(w, splat(c)), splat(-c));
}
INLINE float inverse_of(float c) { return c > 0.0f ? 1.0f / c : 0.0f; }

struct disturb_arguments {
  TILE_WEIGHTS;
  uint32_t y, full_scales, deviations, table, steps, clips, noisy, first_row, first_column, k0, k1, c2, c3;
};

struct column {
  float full_scale, inverse, deviation;
  const float *table;
};

/* Value of the table over [0, 1], and what it rises by over the step there; NaN counts as 0. */
INLINE vf tabulated(const float *table, int32_t steps, vf share, vf *rise) {
  vf x = share * (float)steps;
  x = at_most(x, splat((float)steps));
  x = (vf)((x >= 0.0f) & (vi)x);
  vi k = __builtin_convertvector(x, vi);
  const vi end = k > steps - 1;
  k = (end & (steps - 1)) | (~end & k);
  vf low, high;
  UNROLL for (int l = 0; l < W; l++) {
    low[l] = table[k[l]];
    high[l] = table[k[l] + 1];
  }
  *rise = high - low;
  return low + (x - __builtin_convertvector(k, vf)) * *rise;
}

INLINE vf disturbed(const struct disturb_arguments *a, const struct column *c, vf w, vf xi) {
  if (a->clips) w = clip_to(w, c->full_scale);
  if (!a->noisy) return w;
  vf s = splat(c->deviation), rise;
  if (a->table) s = c->deviation * tabulated(c->table, (int32_t)a->steps, absolute(w) * c->inverse, &rise);
  return w + s * xi;
}

KERNEL(disturb) {
  const size_t first = a->first_row, end = first + a->rows;
  const vu lane = lane_numbers();
  for (size_t j = 0; j < a->columns; j++) {
    const float *w = F32(a->w) + j * a->row_step;
    float *y = F32(a->y) + j * a->row_step;
    const float full_scale = F32(a->full_scales)[j];
    const struct column c = {full_scale, inverse_of(full_scale), F32(a->deviations)[j], F32(a->table)};
    for (size_t group = first / NORMAL_GROUP * NORMAL_GROUP; group < end; group += NORMAL_GROUP)
      for (size_t v = 0; v < LANES; v += W) {
        vf z[4] = {{0}, {0}, {0}, {0}};
        if (a->noisy)
          normals(lane + (uint32_t)(group / 4 + v), splat_word(a->first_column + (uint32_t)j), a->c2, a->c3, a->k0,
                  a->k1, z);
        UNROLL for (size_t i = 0; i < 4; i++) {
          const size_t at = group + i * LANES + v;
          if (at >= first && at + W <= end) store(y + (at - first), disturbed(a, &c, load(w + (at - first)), z[i]));
          else if (at + W > first && at < end) {
            float t[W];
            for (size_t l = 0; l < W; l++) t[l] = at + l >= first && at + l < end ? w[at + l - first] : 0.0f;
            store(t, disturbed(a, &c, load(t), z[i]));
            for (size_t l = 0; l < W; l++)
              if (at + l >= first && at + l < end) y[at + l - first] = t[l];
          }
        }
      }
  }
}

struct clipGradient_arguments {
  TILE_WEIGHTS;
  uint32_t y, gradient, used, full_scales, table, steps;
};

/* What noise e, in full scales, changes by with the share; 0 where there is no noise. */
INLINE vf following(const float *table, int32_t steps, vf share, vf e) {
  vf rise;
  const vf value = tabulated(table, steps, share, &rise), f = (e / value) * (rise * (float)steps);
  return (vf)(~(value == 0.0f) & (vi)f);
}

KERNEL(clipGradient) {
  for (size_t j = 0; j < a->columns; j++) {
    const float *w = F32(a->w) + j * a->row_step;
    const float *used = a->used ? F32(a->used) + j * a->row_step : 0;
    float *gradient = F32(a->gradient) + j * a->row_step;
    const float c = F32(a->full_scales)[j], inverse = inverse_of(c);
    vf sums[LANE_VECTORS] = {0};
    for (size_t i = 0; i < a->rows; i += LANES)
      UNROLL for (int v = 0; v < LANE_VECTORS; v++) {
        const size_t at = i + (size_t)v * W;
        if (at >= a->rows) break;
        const size_t left = a->rows - at;
        const int whole = left >= W;
        const vf given = whole ? load(w + at) : load_part(w + at, left, 0.0f);
        const vf g = whole ? load(gradient + at) : load_part(gradient + at, left, 0.0f);
        const vi beyond = absolute(given) > c;
        vf slope = (vf)(beyond & (vi)with_sign(splat(1.0f), given)), own = g;
        if (used) {
          const vf u = whole ? load(used + at) : load_part(used + at, left, 0.0f);
          const vf e = (u - clip_to(given, c)) * inverse;
          slope = slope + e;
          if (a->table) {
            const vf share = absolute(given) * inverse;
            const vf f = (vf)(~beyond & (vi)following(F32(a->table), (int32_t)a->steps, share, e));
            slope = slope - (vf)(~beyond & (vi)(share * f));
            own = g * (1.0f + (vf)(((given > 0.0f) & (vi)f) | ((given < 0.0f) & (vi)-f)));
          }
        }
        vf term = g * slope;
        if (!whole) {
          /* Lanes beyond the last weight keep their sums as they are. */
          float t[W], s[W];
          store(t, term);
          store(s, sums[v]);
          for (size_t l = 0; l < left; l++) s[l] = s[l] + t[l];
          sums[v] = load(s);
          store_part(gradient + at, (vf)(~beyond & (vi)own), left);
        } else {
          sums[v] = sums[v] + term;
          store(gradient + at, (vf)(~beyond & (vi)own));
        }
      }
    F32(a->y)[j] = fold_sum(sums);
  }
}

struct clipWeights_arguments {
  double deviations;
  TILE_WEIGHTS;
  float limit;
};

INLINE double fold_doubles(double *s) {
  for (int half = LANES / 2; half >= 1; half /= 2)
    for (int l = 0; l < half; l++) s[l] = s[l] + s[l + half];
  return s[0];
}

KERNEL(clipWeights) {
  const size_t rows = a->rows;
  for (size_t j = 0; j < a->columns; j++) {
    float *w = F32(a->w) + j * a->row_step, most = a->limit;
    if (a->deviations != 0.0) {
      double sums[LANES] = {0}, squares[LANES] = {0};
      size_t i = 0;
      for (; i + LANES <= rows; i += LANES)
        for (size_t l = 0; l < LANES; l++) {
          const double x = (double)w[i + l];
          sums[l] = sums[l] + x;
          squares[l] = squares[l] + x * x;
        }
      for (size_t l = 0; i < rows; i++, l++) {
        const double x = (double)w[i];
        sums[l] = sums[l] + x;
        squares[l] = squares[l] + x * x;
      }
      const double mean = fold_doubles(sums) / (double)rows;
      const double variance = fold_doubles(squares) / (double)rows - mean * mean;
      most = (float)(a->deviations * __builtin_sqrt(variance > 0.0 ? variance : 0.0));
    }
    size_t i = 0;
    for (; i + W <= rows; i += W) store(w + i, clip_to(load(w + i), most));
    if (i < rows) store_part(w + i, clip_to(load_part(w + i, rows - i, 0.0f), most), rows - i);
  }
}

struct lineFactors_arguments {
  double load;
  TILE_WEIGHTS;
  uint32_t y, full_scales, scratch, divides;
};

/* 16 columns at a time: the conductances of one polarity, its ladders, then the other's. */
KERNEL(lineFactors) {
  const size_t rows = a->rows;
  double *plus = F64(a->scratch), *minus = plus + rows * LANES;
  float *g = (float *)(minus + rows * LANES);
  for (size_t first = 0; first < a->columns; first += LANES) {
    const size_t n = a->columns - first < LANES ? a->columns - first : LANES;
    const float *w = F32(a->w) + first * a->row_step;
    float *y = F32(a->y) + first * a->row_step;
    for (int up = 1; up >= 0; up--) {
      for (size_t j = 0; j < LANES; j++) {
        const float c = j < n ? F32(a->full_scales)[first + j] : 0.0f, inverse = inverse_of(c);
        for (size_t i = 0; i < rows; i++) {
          const float given = j < n ? w[j * a->row_step + i] : 0.0f;
          const float high = given > c ? c : given, kept = high < -c ? -c : high;
          g[i * LANES + j] = (given > 0.0f) == up ? __builtin_fabsf(kept) * inverse : 0.0f;
        }
      }
      ladder_panel(up ? plus : minus, g, rows, a->load, 0);
    }
    for (size_t j = 0; j < n; j++)
      for (size_t i = 0; i < rows; i++) {
        const size_t at = j * a->row_step + i;
        const float u = (float)(w[at] > 0.0f ? plus : minus)[i * LANES + j];
        y[at] = a->divides ? y[at] / u : y[at] * u;
      }
  }
}
