/* How many separately rounded multiply-adds of binary32 this core does from registers alone: the limit of the product.
 * Run by bench/kernels.mts beside each measurement. */
#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>

#define CHAINS (WIDTH == 64 ? 24 : 12)
typedef float vf __attribute__((vector_size(WIDTH)));

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int count, char **given) {
  (void)given;
  double best = 0;
  for (int run = 0; run < 60; run++) {
    vf a[CHAINS], x = (vf){} + 0.5f * (float)count, y = (vf){} + 0.25f;
    for (int i = 0; i < CHAINS; i++) a[i] = (vf){} + (float)i;
    const double start = now();
    for (int k = 0; k < 200000; k++)
#pragma GCC unroll 32
      for (int i = 0; i < CHAINS; i++) a[i] = a[i] * x + y;
    const double rate = 2e5 * CHAINS * (WIDTH / 4) / (now() - start);
    volatile float sink = 0;
    for (int i = 0; i < CHAINS; i++) sink = sink + a[i][0];
    if (rate > best) best = rate;
  }
  printf("%.4g\n", best / 1e9);
  return 0;
}
