/* A loop of the VMM's multiply-add over registers alone: prints the GMAC/s that the tile kernels could reach at best.
 * cc -O3 -mavx512vnni ... -DWIDTH=64 ceiling.c && ./a.out */
#include <stdio.h>
#include <time.h>
#include "../src/kernels/c/integer.h"

#define CHAINS 12

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(void) {
  const long turns = 1000000;
  double best = 0;
  vi s[CHAINS], a = splat_integer(65537), b = splat_integer(3);
  UNROLL for (int i = 0; i < CHAINS; i++) s[i] = (vi){};
  for (int run = 0; run < 40; run++) {
    const double start = seconds();
    for (long k = 0; k < turns; k++) {
      UNROLL for (int i = 0; i < CHAINS; i++) {
        /* Not known to the compiler, so that nothing is shared or moved out of the loop; no instruction is made of it. */
        __asm__ volatile("" : "+v"(a));
        s[i] = dot_pairs(s[i], a, b);
      }
    }
    const double rate = 2e-9 * W * CHAINS * (double)turns / (seconds() - start);
    if (rate > best) best = rate;
  }
  int sum = 0;
  for (int i = 0; i < CHAINS; i++) sum += s[i][0];
  printf("%f\n", best + 1e-300 * sum);
  return 0;
}
