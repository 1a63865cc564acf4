/* Histograms over magnitudes (reference/summaries.ts, domain/ranges/histogram.ts). Sums of a bin grow number by number. */
#include "simd.h"

/* Biased exponent of the least magnitude that is told apart. */
#define LOWEST_EXPONENT 95
#define TAIL_BINS 64
#define TAIL_MANTISSA_BITS 3
/* Columns whose histograms stay in the first-level cache while all rows pass. */
#define TAIL_STRIP 16

#define MAGNITUDE 0x7fffffffu

#define square_arguments elementwise_arguments

KERNEL(square) {
  float *y = F32(a->y);
  const float *x = F32(a->x);
  const size_t n = a->length;
  size_t i = 0;
  for (; i + W <= n; i += W) store(y + i, load(x + i) * load(x + i));
  for (; i < n; i++) y[i] = x[i] * x[i];
}

INLINE int32_t bin_of(uint32_t pattern, uint32_t bits, uint32_t count) {
  const int32_t bin = (int32_t)((pattern & MAGNITUDE) >> (23 - bits)) - (LOWEST_EXPONENT << bits);
  return bin < 0 ? 0 : bin >= (int32_t)count ? (int32_t)count - 1 : bin;
}

struct countMagnitudes_arguments {
  uint32_t counts, x, rows, columns, x_row_step, mantissa_bits, count;
};

KERNEL(countMagnitudes) {
  uint32_t *counts = U32(a->counts);
  const uint32_t *x = U32(a->x);
  for (size_t r = 0; r < a->rows; r++, x += a->x_row_step)
    for (size_t j = 0; j < a->columns; j++)
      /* -0 is no negative number. */
      counts[bin_of(x[j], a->mantissa_bits, a->count) + (x[j] > MAGNITUDE + 1 ? (int32_t)a->count : 0)]++;
}

struct weighMagnitudes_arguments {
  uint32_t slots, x, weights, rows, columns, x_row_step, mantissa_bits, count;
};

KERNEL(weighMagnitudes) {
  double *slots = F64(a->slots);
  const uint32_t *x = U32(a->x);
  const float *weights = F32(a->weights);
  for (size_t r = 0; r < a->rows; r++, x += a->x_row_step, weights += a->columns)
    for (size_t j = 0; j < a->columns; j++) {
      double *slot = slots + bin_of(x[j], a->mantissa_bits, a->count);
      *slot = *slot + (double)weights[j];
    }
}

/* The topmost bin becomes one `shift` bins higher; what leaves at the lower end is kept in the lowest. */
static __attribute__((noinline)) void raise_tail(double *slots, int32_t shift) {
  double lowest = 0;
  for (int32_t b = 0; b < TAIL_BINS; b++) {
    const double value = slots[b];
    if (b <= shift) lowest = lowest + value;
    else slots[b - shift] = value;
  }
  for (int32_t b = shift < TAIL_BINS - 1 ? TAIL_BINS - shift : 1; b < TAIL_BINS; b++) slots[b] = 0;
  slots[0] = lowest;
}

struct addToTails_arguments {
  uint32_t slots, tops, x, weights, rows, columns, x_row_step;
};

KERNEL(addToTails) {
  const size_t columns = a->columns;
  for (size_t first = 0; first < columns; first += TAIL_STRIP) {
    const size_t n = columns - first < TAIL_STRIP ? columns - first : TAIL_STRIP;
    double *slots = F64(a->slots) + first * TAIL_BINS;
    int32_t *tops = I32(a->tops) + first;
    const uint32_t *x = U32(a->x) + first;
    const float *weights = F32(a->weights) + first;
    for (size_t r = 0; r < a->rows; r++, x += a->x_row_step, weights += columns)
      for (size_t j = 0; j < n; j++) {
        const int32_t key = (int32_t)((x[j] & MAGNITUDE) >> (23 - TAIL_MANTISSA_BITS));
        if (key > tops[j]) {
          raise_tail(slots + j * TAIL_BINS, key - tops[j]);
          tops[j] = key;
        }
        const int32_t bin = TAIL_BINS - 1 - (tops[j] - key);
        double *slot = slots + j * TAIL_BINS + (bin < 0 ? 0 : bin);
        *slot = *slot + (double)weights[j];
      }
  }
}

struct pairSums_arguments {
  double per_weight;
  uint32_t y, weights, energies, shares, mean, variance, rows, steps;
};

/* Rows one after the other: domain/ranges/pair-sums.ts. */
KERNEL(pairSums) {
  const float *weights = F32(a->weights), *energies = F32(a->energies);
  const double *shares = F64(a->shares), *mean = F64(a->mean), *variance = F64(a->variance);
  const double per_weight = a->per_weight, steps = (double)a->steps;
  const double idle_mean = mean[0], idle_variance = variance[0];
  double mixed = 0, square = 0, noise = 0;
  for (size_t i = 0; i < a->rows; i++) {
    const double e = energies[i], w = __builtin_fabs((double)weights[i]);
    const double place = w * per_weight;
    const int inside = place < steps;
    const int32_t k = (int32_t)(inside ? place : steps - 1);
    const double rest = inside ? place - (double)k : 1.0;
    const double low = mean[k], low_variance = variance[k];
    const double m = low + rest * (mean[k + 1] - low) - idle_mean;
    const double em = e * m;
    mixed = mixed + em * w;
    square = square + em * m;
    noise = noise + e * shares[i] * (low_variance + rest * (variance[k + 1] - low_variance) + idle_variance);
  }
  double *y = F64(a->y);
  y[0] = mixed;
  y[1] = square;
  y[2] = noise;
}
