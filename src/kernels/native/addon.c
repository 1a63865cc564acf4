/* Node-API addon: the kernels of every instruction set that was compiled, and which of them this processor can run.
 * open(isa, bytes) -> run(kernel, place): `bytes` is a view of the heap's start, `place` the offset of the arguments.
 * Not checked: places; a wrong one reads or writes whatever lies there, as in any native code. */
#include <node_api.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../c/list.h"

typedef void (*kernel)(char *base, const void *arguments);

#define DECLARE(isa, name) void ohmflow_##isa##_##name(char *base, const void *arguments);
#define ENTRY(isa, name) ohmflow_##isa##_##name,

#ifdef HAVE_avx512vnni
#define X(name) DECLARE(avx512vnni, name)
KERNELS(X)
#undef X
#define X(name) ENTRY(avx512vnni, name)
static const kernel avx512vnni_kernels[] = {KERNELS(X)};
#undef X
#endif
#ifdef HAVE_avx512
#define X(name) DECLARE(avx512, name)
KERNELS(X)
#undef X
#define X(name) ENTRY(avx512, name)
static const kernel avx512_kernels[] = {KERNELS(X)};
#undef X
#endif
#ifdef HAVE_avx2
#define X(name) DECLARE(avx2, name)
KERNELS(X)
#undef X
#define X(name) ENTRY(avx2, name)
static const kernel avx2_kernels[] = {KERNELS(X)};
#undef X
#endif
/* Whatever the compiler makes of the vectors without being told an instruction set: SSE2, NEON, or scalar code. */
#define X(name) DECLARE(base, name)
KERNELS(X)
#undef X
#define X(name) ENTRY(base, name)
static const kernel base_kernels[] = {KERNELS(X)};
#undef X

#define COUNT (sizeof base_kernels / sizeof base_kernels[0])

#if defined(__x86_64__)
#define BASE_NAME "sse2"
#elif defined(__aarch64__)
#define BASE_NAME "neon"
#else
#define BASE_NAME "scalar"
#endif

struct set {
  const char *name;
  const kernel *kernels;
};

/* The sets this processor can run, best first; the count is returned. */
static size_t runnable(struct set *sets) {
  size_t n = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  (void)wide;
#ifdef HAVE_avx512vnni
  if (wide && __builtin_cpu_supports("avx512vnni")) sets[n++] = (struct set){"avx512vnni", avx512vnni_kernels};
#endif
#ifdef HAVE_avx512
  if (wide) sets[n++] = (struct set){"avx512", avx512_kernels};
#endif
#ifdef HAVE_avx2
  if (__builtin_cpu_supports("avx2")) sets[n++] = (struct set){"avx2", avx2_kernels};
#endif
#endif
  sets[n++] = (struct set){BASE_NAME, base_kernels};
  return n;
}

struct opened {
  char *base;
  const kernel *kernels;
};

static napi_value run(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value given[2];
  void *data;
  uint32_t number, place;
  napi_get_cb_info(env, info, &count, given, NULL, &data);
  if (count < 2 || napi_get_value_uint32(env, given[0], &number) != napi_ok ||
      napi_get_value_uint32(env, given[1], &place) != napi_ok || number >= COUNT) {
    napi_throw_range_error(env, NULL, "ohmflow: expected the number of a kernel and a place");
    return NULL;
  }
  const struct opened *o = data;
  o->kernels[number](o->base, o->base + place);
  return NULL;
}

static void release(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  free(data);
}

static napi_value open(napi_env env, napi_callback_info info) {
  size_t count = 2, length = 0;
  napi_value given[2], result;
  char name[32];
  void *base = NULL;
  napi_get_cb_info(env, info, &count, given, NULL, NULL);
  if (count < 2 || napi_get_value_string_utf8(env, given[0], name, sizeof name, &length) != napi_ok ||
      napi_get_typedarray_info(env, given[1], NULL, NULL, &base, NULL, NULL) != napi_ok || base == NULL) {
    napi_throw_type_error(env, NULL, "ohmflow: expected the name of an instruction set and the heap's first bytes");
    return NULL;
  }
  struct set sets[4];
  const size_t n = runnable(sets);
  for (size_t i = 0; i < n; i++) {
    if (strcmp(sets[i].name, name) != 0) continue;
    struct opened *o = malloc(sizeof *o);
    if (o == NULL) break;
    *o = (struct opened){base, sets[i].kernels};
    if (napi_create_function(env, "run", NAPI_AUTO_LENGTH, run, o, &result) != napi_ok) {
      free(o);
      return NULL;
    }
    napi_add_finalizer(env, result, o, release, NULL, NULL);
    return result;
  }
  napi_throw_range_error(env, NULL, "ohmflow: expected an instruction set this processor can run");
  return NULL;
}

static napi_value init(napi_env env, napi_value exports) {
  struct set sets[4];
  const size_t n = runnable(sets);
  napi_value names, name, function;
  napi_create_array_with_length(env, n, &names);
  for (size_t i = 0; i < n; i++) {
    napi_create_string_utf8(env, sets[i].name, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, names, (uint32_t)i, name);
  }
  napi_set_named_property(env, exports, "sets", names);
  napi_create_function(env, "open", NAPI_AUTO_LENGTH, open, NULL, &function);
  napi_set_named_property(env, exports, "open", function);
  return exports;
}

NAPI_MODULE(NODE_GYP_MODULE_NAME, init)
