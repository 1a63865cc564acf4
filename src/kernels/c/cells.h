/* Program, drift and read of a tile's devices, and the integer grid of what is read (reference/cells.ts). */
#include "ladder.h"
#include "normal.h"

/* Laws of the conductance, in the order of reference/law.ts. */
#define LAW_LOGARITHM 1
#define LAW_POWER 2
#define LAW_CUBIC 4
#define LAW_TABLE 8

struct law {
  uint32_t kind, knots, count;
  float threshold, a, b, low, high, c[4];
};

struct device_model {
  struct law programming, drift_mean, drift_deviation, read;
};

INLINE vf clip(vf x, float low, float high) {
  return at_most(at_least(x, splat(low)), splat(high));
}

INLINE vf vlaw(const char *base, const struct law *l, vf x, vf logarithm) {
  if (l->kind & LAW_TABLE) {
    const float *knot = (const float *)(base + l->knots);
    const vf z = clip(x, l->low, l->high);
    vf y = {};
    for (size_t k = 0; k < l->count; k++, knot += 3) {
      const vf segment = knot[1] + knot[2] * (z - knot[0]);
      y = choose(z >= knot[0], segment, y);
    }
    return y;
  }
  vf y = {};
  if (l->kind & (LAW_LOGARITHM | LAW_POWER)) y = clip(l->a * logarithm + l->b, l->low, l->high);
  if (l->kind & LAW_POWER) y = vexp(y);
  if (l->kind & LAW_CUBIC) {
    const vf cubic = ((l->c[3] * x + l->c[2]) * x + l->c[1]) * x + l->c[0];
    y = l->kind == LAW_CUBIC ? cubic : choose(x < l->threshold, y, cubic);
  }
  return y;
}

/* E[max(0, xi)], as domain/crossbar/pre-distortion.ts has it. */
#define RESIDUAL 0x1.988454p-2f
#define FLOOR 1e-7f
INLINE vf vlog_floored(vf x) { return vlog(choose(x > FLOOR, x, splat(FLOOR))); }
INLINE vf positive(vf x) { return choose(x > 0.0f, x, (vf){}); }

struct readCells_arguments {
  double load;
  uint32_t cells, scales, variances, variance_scales, effective, w, full_scales, model, scratch, rows, columns,
      first_row, first_column, column_step, row_step, layer, life, occasion, k0, k1, max_cell, counts, row_order, rounds;
  float log_time, read_scale;
  uint32_t copies, copy_count, copies_first_row;
};

/* The tile's row whose weights a row of devices holds. */
INLINE size_t weights_row(char *base, const struct readCells_arguments *a, size_t row) {
  const size_t own = a->rows - a->copy_count;
  return row < own ? row : U32(a->copies)[row - own];
}

struct device {
  vf target, programming, drift_mean, drift_deviation;
};

/* Conductance read, or the drifted one and the variance of its reading if `variance` is not null. */
INLINE vf read_device(const char *base, const struct readCells_arguments *a, const struct device *d, vf programming,
                      vf drift, vf read, vf *variance) {
  const struct device_model *m = (const struct device_model *)(base + a->model);
  const vf programmed = positive(d->target + d->programming * programming);
  const vf exponent = absolute(d->drift_mean + d->drift_deviation * drift);
  const vf drifted = programmed * vexp(-(exponent * a->log_time));
  const vf noise = vlaw(base, &m->read, programmed, vlog_floored(programmed)) * a->read_scale;
  if (variance != 0) {
    const vf deviation = drifted * noise;
    *variance = *variance + deviation * deviation;
    return drifted;
  }
  return positive(drifted + drifted * (noise * read));
}

/* min(x, 1), 0 for a NaN. */
INLINE vf share_of(vf x) { return choose(x >= 1.0f, splat(1.0f), positive(x)); }

/* One row of a panel: conductances of both polarities, and if wanted the variances of their readings. */
struct cell_row {
  const float *w;
  /* Targets that are not the weights' own shares; 0: none. */
  const float *targets;
  size_t left;
  uint32_t row;
  const struct device *zero;
  vf inverse, full_scale;
  vu column;
};

/* One row's weights. */
INLINE vf gather(const float *w, size_t step, size_t left) {
  float gathered[W] = {0};
  if (left == W) UNROLL for (size_t l = 0; l < W; l++) gathered[l] = w[l * step];
  else
    for (size_t l = 0; l < left; l++) gathered[l] = w[l * step];
  return load(gathered);
}

INLINE vi read_row(const char *base, const struct readCells_arguments *a, const struct cell_row *c, vf read_plus,
                   vf read_minus, vf *plus, vf *minus, vf *variance_plus, vf *variance_minus) {
  const struct device_model *m = (const struct device_model *)(base + a->model);
  const vf w = gather(c->w, a->column_step, c->left);
  const vf magnitude = absolute(w);
  const vf r = c->targets ? load(c->targets) : share_of(magnitude * c->inverse);
  const vf logarithm = vlog_floored(r);
  const struct device held = {
      r,
      vlaw(base, &m->programming, r, logarithm),
      vlaw(base, &m->drift_mean, r, logarithm),
      vlaw(base, &m->drift_deviation, r, logarithm),
  };
  const struct device *zero = c->zero;
  const vi up = w > 0.0f, down = w < 0.0f;
  const struct device positive_device = {
      choose(up, held.target, (vf){}),
      choose(up, held.programming, zero->programming),
      choose(up, held.drift_mean, zero->drift_mean),
      choose(up, held.drift_deviation, zero->drift_deviation),
  };
  const struct device negative_device = {
      choose(down, held.target, (vf){}),
      choose(down, held.programming, zero->programming),
      choose(down, held.drift_mean, zero->drift_mean),
      choose(down, held.drift_deviation, zero->drift_deviation),
  };
  vf life[4];
  normals(c->column, splat_word(c->row), a->layer, a->life, a->k0, a->k1, life);
  *plus = read_device(base, a, &positive_device, life[0], life[2], read_plus, variance_plus);
  *minus = read_device(base, a, &negative_device, life[1], life[3], read_minus, variance_minus);
  return magnitude > c->full_scale;
}

/* Largest number of each column of x [rows][16], at least +0. */
INLINE void column_maxima(const float *x, size_t rows, vf *maxima) {
  UNROLL for (int v = 0; v < LANE_VECTORS; v++) maxima[v] = (vf){};
  for (size_t i = 0; i < rows; i++)
    UNROLL for (int v = 0; v < LANE_VECTORS; v++) {
      const vf z = absolute(load(x + i * LANES + v * W));
      maxima[v] = choose(z > maxima[v], z, maxima[v]);
    }
}

/* x [rows][16] on an integer grid per column of `max` steps, in pairs of rows; the grid's step to `scales`. */
static void pack_grid(char *cells, float *scales, const float *x, size_t rows, float max, int narrow) {
  vf maxima[LANE_VECTORS], inverse[LANE_VECTORS];
  column_maxima(x, rows, maxima);
  UNROLL for (int v = 0; v < LANE_VECTORS; v++) {
    store(scales + v * W, maxima[v] / max);
    inverse[v] = choose(maxima[v] >= 0x1p-100f, max / maxima[v], (vf){});
  }
  for (size_t i = 0; i < rows; i += 2)
    for (int v = 0; v < LANE_VECTORS; v++) {
      const vi low = BITS(load(x + i * LANES + v * W) * inverse[v] + MAGIC) - BITS(splat(MAGIC));
      const vi high = i + 1 < rows ? BITS(load(x + (i + 1) * LANES + v * W) * inverse[v] + MAGIC) - BITS(splat(MAGIC))
                                   : (vi){};
      const size_t at = i / 2 * LANES + v * W;
      if (narrow) store_short((int16_t *)cells + at, low | (high << 8), W);
      else store_integers((int32_t *)cells + at, (low & 0xffff) | (high << 16));
    }
}

/*
 * Targets [rows][16] of a panel's weights, pre-distorted: `rounds` times each is what it should yield over the share of
 * its current that would reach the ADC. Room for the shares and the bit lines, and for the ladder's solution.
 */
static void pre_distorted(char *base, const struct readCells_arguments *a, float idle, size_t first, float *targets,
                          float *shares, float *line, double *u) {
  const size_t rows = a->rows, size = rows * LANES, columns = a->columns - first;
  const uint32_t *order = a->row_order ? U32(a->row_order) : 0;
  for (size_t v = 0; v < LANES; v += W) {
    const size_t left = columns <= v ? 0 : columns - v < W ? columns - v : W;
    const vf full_scale = load(F32(a->full_scales) + first + v);
    const vf inverse = choose(full_scale > 0.0f, 1.0f / full_scale, (vf){});
    for (size_t i = 0; i < rows; i++) {
      const vf w = gather(F32(a->w) + (first + v) * a->column_step + weights_row(base, a, i) * a->row_step,
                          a->column_step, left);
      const vf share = share_of(absolute(w) * inverse);
      // The sign tells the polarity.
      store(shares + i * LANES + v, choose(w < 0.0f, -share, share));
      store(targets + i * LANES + v, share);
    }
  }
  for (uint32_t round = 0; round < a->rounds; round++)
    for (int negative = 0; negative < 2; negative++) {
      for (size_t i = 0; i < size; i += W) {
        const vf share = load(shares + i);
        store(line + i, choose(negative ? share < 0.0f : share > 0.0f, load(targets + i), splat(idle)));
      }
      ladder_panel(u, line, rows, a->load, order);
      for (size_t i = 0; i < size; i += W) {
        const vf share = load(shares + i);
        float wanted[W];
        store(wanted, absolute(share));
        for (size_t l = 0; l < W; l++) wanted[l] = (float)((double)wanted[l] / u[i + l]);
        store(targets + i, choose(negative ? share < 0.0f : share > 0.0f, share_of(load(wanted)), load(targets + i)));
      }
    }
}

/*
 * One panel of 16 columns; scratch: conductances of both polarities, variances of both, the ladder's solution, targets.
 */
static vi read_panel(char *base, const struct readCells_arguments *a, const struct device *zero, size_t first) {
  const size_t rows = a->rows, size = rows * LANES, pairs = (rows + 1) / 2;
  float *plus = a->effective ? F32(a->effective) + first * rows : F32(a->scratch) + 3 * size;
  float *minus = F32(a->scratch), *spread = minus + size, *spread_minus = spread + size;
  double *u = F64(a->scratch) + 2 * size;
  float *targets = a->load > 0.0 && a->rounds > 0 ? F32(a->scratch) + 6 * size : 0;
  const uint32_t *order = a->row_order ? U32(a->row_order) : 0;
  const int keep = a->variances != 0;
  const size_t columns = a->columns - first;
  vi clipped = {};
  // An idle device conducts the mean of what programming leaves in it: max(0, sigma xi).
  if (targets) pre_distorted(base, a, zero->programming[0] * RESIDUAL, first, targets, minus, plus, u);
  for (size_t v = 0; v < LANES; v += W) {
    const size_t left = columns <= v ? 0 : columns - v < W ? columns - v : W;
    const vf full_scale = load(F32(a->full_scales) + first + v);
    struct cell_row c = {
        .left = left,
        .zero = zero,
        .full_scale = full_scale,
        .inverse = choose(full_scale > 0.0f, 1.0f / full_scale, (vf){}),
        .column = lane_numbers() + (uint32_t)(a->first_column + first + v),
    };
    /* The tile's own rows, then copies of them, whose addresses lie elsewhere. */
    const uint32_t own = a->rows - a->copy_count, last_row = a->first_row + own;
    const uint32_t copies_last_row = a->copies_first_row + a->copy_count;
    const uint32_t own_pairs = (last_row + 1) / 2 - a->first_row / 2;
    const uint32_t copy_pairs = a->copy_count ? (copies_last_row + 1) / 2 - a->copies_first_row / 2 : 0;
    for (uint32_t k = 0; k < own_pairs + copy_pairs; k++) {
      const int copied = k >= own_pairs;
      const uint32_t from = copied ? a->copies_first_row : a->first_row, to = copied ? copies_last_row : last_row;
      const uint32_t pair = from / 2 + (copied ? k - own_pairs : k);
      vf z[4];
      if (!keep) normals(c.column, splat_word(pair), a->layer, a->occasion, a->k0, a->k1, z);
      else z[0] = z[1] = z[2] = z[3] = (vf){};
      for (uint32_t half = 0; half < 2; half++) {
        c.row = 2 * pair + half;
        if (c.row < from || c.row >= to) continue;
        const size_t i = c.row - from + (copied ? own : 0), at = i * LANES + v;
        c.w = F32(a->w) + (first + v) * a->column_step + weights_row(base, a, i) * a->row_step;
        c.targets = targets ? targets + at : 0;
        vf g_plus, g_minus, variance[2] = {{0}, {0}};
        const vi over = read_row(base, a, &c, z[2 * half], z[2 * half + 1], &g_plus, &g_minus, keep ? variance : 0,
                                 keep ? variance + 1 : 0);
        clipped -= over & ((vi)lane_numbers() < (int32_t)left);
        store(plus + at, g_plus);
        store(minus + at, g_minus);
        if (keep) {
          store(spread + at, variance[0]);
          store(spread_minus + at, variance[1]);
        }
      }
    }
  }
  if (a->load > 0.0)
    for (int polarity = 0; polarity < 2; polarity++) {
      float *g = polarity ? minus : plus, *variance = polarity ? spread_minus : spread;
      ladder_panel(u, g, rows, a->load, order);
      for (size_t i = 0; i < size; i++) {
        g[i] = (float)((double)g[i] * u[i]);
        if (keep) variance[i] = (float)(((double)variance[i] * u[i]) * u[i]);
      }
    }
  for (size_t i = 0; i < size; i += W) {
    store(plus + i, load(plus + i) - load(minus + i));
    if (keep) store(spread + i, load(spread + i) + load(spread_minus + i));
  }
  const size_t padded = columns < LANES ? columns : LANES;
  if (padded < LANES)
    for (size_t i = 0; i < rows; i++)
      for (size_t j = padded; j < LANES; j++) {
        plus[i * LANES + j] = 0.0f;
        if (keep) spread[i * LANES + j] = 0.0f;
      }
  if (a->cells)
    pack_grid(base + a->cells + first * pairs * 4, F32(a->scales) + first, plus, rows, (float)a->max_cell, 0);
  if (keep) pack_grid(base + a->variances + first * pairs * 2, F32(a->variance_scales) + first, spread, rows, 255.0f, 1);
  return clipped;
}

KERNEL(readCells) {
  const struct device_model *m = (const struct device_model *)(base + a->model);
  const vf none = {}, logarithm = vlog_floored(none);
  const struct device zero = {
      none,
      vlaw(base, &m->programming, none, logarithm),
      vlaw(base, &m->drift_mean, none, logarithm),
      vlaw(base, &m->drift_deviation, none, logarithm),
  };
  vi clipped = {};
  for (size_t first = 0; first < a->columns; first += LANES) clipped += read_panel(base, a, &zero, first);
  uint32_t count = 0;
  for (int l = 0; l < W; l++) count += (uint32_t)clipped[l];
  *U32(a->counts) = count;
}
