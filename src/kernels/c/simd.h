/* Vectors of WIDTH bytes as the compiler's own extension: one source for every instruction set.
 * Not modelled: anything that changes a result with the width; lanes only ever hold independent numbers. */
#ifndef OHMFLOW_SIMD_H
#define OHMFLOW_SIMD_H

#include <stddef.h>
#include <stdint.h>

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#ifndef WIDTH
#define WIDTH 16
#endif

/* Numbers of 32 bits in a vector, and vectors in the 16 lanes of a fixed-order sum (reference/lanes.ts). */
#define W (WIDTH / 4)
#define LANES 16
#define LANE_VECTORS (LANES / W)

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

typedef float vf __attribute__((vector_size(WIDTH)));
typedef int32_t vi __attribute__((vector_size(WIDTH)));
typedef uint32_t vu __attribute__((vector_size(WIDTH)));
/* The same at any address a number may have. */
typedef float vf_loose __attribute__((vector_size(WIDTH), aligned(4), may_alias));

INLINE vf load(const float *p) { return *(const vf_loose *)p; }
INLINE void store(float *p, vf x) { *(vf_loose *)p = x; }
INLINE vf splat(float x) { return x - (vf){}; }
/* By lane; mask is all ones or all zeros in each. */
INLINE vf choose(vi mask, vf yes, vf no) {
#if WIDTH == 32 && defined(__AVX2__)
  return (vf)_mm256_blendv_ps((__m256)no, (__m256)yes, (__m256)mask);
#else
  return (vf)((mask & (vi)yes) | (~mask & (vi)no));
#endif
}
/* x > limit ? limit : x, and x < limit ? limit : x; NaN stays. */
INLINE vf at_most(vf x, vf limit) {
#if WIDTH == 64 && defined(__AVX512F__)
  return (vf)_mm512_min_ps((__m512)limit, (__m512)x);
#elif WIDTH == 32 && defined(__AVX2__)
  return (vf)_mm256_min_ps((__m256)limit, (__m256)x);
#elif WIDTH == 16 && defined(__SSE2__)
  return (vf)_mm_min_ps((__m128)limit, (__m128)x);
#elif WIDTH == 16 && defined(__wasm_simd128__)
  return (vf)wasm_f32x4_pmin((v128_t)x, (v128_t)limit);
#else
  return choose(x > limit, limit, x);
#endif
}
INLINE vf at_least(vf x, vf limit) {
#if WIDTH == 64 && defined(__AVX512F__)
  return (vf)_mm512_max_ps((__m512)limit, (__m512)x);
#elif WIDTH == 32 && defined(__AVX2__)
  return (vf)_mm256_max_ps((__m256)limit, (__m256)x);
#elif WIDTH == 16 && defined(__SSE2__)
  return (vf)_mm_max_ps((__m128)limit, (__m128)x);
#elif WIDTH == 16 && defined(__wasm_simd128__)
  return (vf)wasm_f32x4_pmax((v128_t)x, (v128_t)limit);
#else
  return choose(x < limit, limit, x);
#endif
}
INLINE vf absolute(vf x) { return (vf)((vi)x & 0x7fffffff); }
/* magnitude >= +0 or NaN, with the sign of x. */
INLINE vf with_sign(vf magnitude, vf x) { return (vf)((vi)magnitude | ((vi)x & INT32_MIN)); }

/* The first n < W numbers, the others `fill`. */
INLINE vf load_part(const float *p, size_t n, float fill) {
  float t[W];
  for (size_t i = 0; i < W; i++) t[i] = i < n ? p[i] : fill;
  return load(t);
}
INLINE void store_part(float *p, vf x, size_t n) {
  float t[W];
  store(t, x);
  for (size_t i = 0; i < n; i++) p[i] = t[i];
}

/* How a kernel is called: its arguments lie in the heap as 32-bit words in the order of its struct (arguments.ts);
 * every place is a byte offset from `base`. In WebAssembly base is 0. */
#define JOIN2(a, b, c) a##b##_##c
#define JOIN(a, b, c) JOIN2(a, b, c)
#ifdef __wasm__
#define KERNEL(name) __attribute__((export_name(#name))) void name##_kernel(char *base, const struct name##_arguments *a)
#else
#define KERNEL(name)                                                                                                   \
  __attribute__((visibility("hidden"))) void JOIN(ohmflow_, ISA, name)(char *base, const struct name##_arguments *a)
#endif
#define F32(place) ((float *)(base + (place)))
#define F64(place) ((double *)(base + (place)))
#define I8(place) ((int8_t *)(base + (place)))
#define I16(place) ((int16_t *)(base + (place)))
#define I32(place) ((int32_t *)(base + (place)))
#define U32(place) ((uint32_t *)(base + (place)))

#endif
