/* The tile's integer product (reference/vmm.ts): exact modulo 2^32, so the order is free. Lanes are columns; a pair of
 * inner indices is one 32-bit lane. */
#include "integer.h"

#define VMM_PANEL 16

/* Rows and vectors of columns whose sums live in registers at once. */
#if WIDTH == 64
#define VMM_ROWS 4
#define VMM_PANELS 4
#elif WIDTH == 32
#define VMM_ROWS 6
#define VMM_PANELS 1
#elif defined(__aarch64__)
#define VMM_ROWS 4
#define VMM_PANELS 1
#else
#define VMM_ROWS 2
#define VMM_PANELS 1
#endif
#define VMM_VECTORS (VMM_PANEL / W)

struct vmm_part {
  int32_t *y;
  const int32_t *x;
  const char *panels;
  size_t y_step, x_step, panel_step, pairs;
};

/* Sums of `rows` rows and `panels` panels; the counts and `narrow` are constants where this is inlined. */
INLINE void vmm_block(const struct vmm_part *p, const int rows, const int panels, const int narrow) {
  vi sum[VMM_ROWS][VMM_PANELS * VMM_VECTORS];
  const int vectors = panels * VMM_VECTORS;
  const size_t cell = narrow ? 2 : 4;
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = (vi){};
  const int32_t *x = p->x;
  const char *w = p->panels;
  const size_t x_step = p->x_step, panel_step = p->panel_step;
  for (size_t k = p->pairs; k > 0; k--) {
    vi column[VMM_PANELS * VMM_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) {
      const char *at = w + (v / VMM_VECTORS) * panel_step + (v % VMM_VECTORS) * W * cell;
      column[v] = narrow ? load_bytes((const uint8_t *)at) : load_integers((const int32_t *)at);
    }
    UNROLL for (int r = 0; r < rows; r++) {
      const vi one = splat_integer(x[r * x_step]);
      UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = dot_pairs(sum[r][v], column[v], one);
    }
    x++;
    w += VMM_PANEL * cell;
  }
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) store_integers(p->y + r * p->y_step + v * W, sum[r][v]);
}

#define VMM_CASE(rows, panels)                                                                                         \
  case rows:                                                                                                           \
    if (narrow) vmm_block(p, rows, panels, 1);                                                                         \
    else vmm_block(p, rows, panels, 0);                                                                                \
    break;
#define VMM_CASES_2(panels) VMM_CASE(1, panels) VMM_CASE(2, panels)
#define VMM_CASES_4(panels) VMM_CASES_2(panels) VMM_CASE(3, panels) VMM_CASE(4, panels)
#define VMM_CASES_6(panels) VMM_CASES_4(panels) VMM_CASE(5, panels) VMM_CASE(6, panels)
#if VMM_ROWS == 6
#define VMM_CASES VMM_CASES_6
#elif VMM_ROWS == 4
#define VMM_CASES VMM_CASES_4
#else
#define VMM_CASES VMM_CASES_2
#endif
#define VMM_BLOCKS(panels)                                                                                             \
  static void vmm_blocks_##panels(const struct vmm_part *p, size_t rows, int narrow) {                                 \
    switch (rows) { VMM_CASES(panels) }                                                                                \
  }
VMM_BLOCKS(1)
#if VMM_PANELS == 4
VMM_BLOCKS(2)
VMM_BLOCKS(4)
#endif

struct vmm_arguments {
  uint32_t y, codes, panels, rows, inner, columns, narrow;
};

KERNEL(vmm) {
  const size_t pairs = ((size_t)a->inner + 1) / 2;
  const size_t count = ((size_t)a->columns + VMM_PANEL - 1) / VMM_PANEL;
  const size_t panel_step = pairs * VMM_PANEL * (a->narrow ? 2 : 4);
  struct vmm_part p = {.y_step = count * VMM_PANEL, .x_step = pairs, .panel_step = panel_step, .pairs = pairs};
  const size_t blocks = ((size_t)a->rows + VMM_ROWS - 1) / VMM_ROWS;
  if (blocks == 0) return;
  for (size_t panel = 0, width; panel < count; panel += width) {
    const size_t left = count - panel;
    width = VMM_PANELS == 4 && left >= 4 ? 4 : VMM_PANELS == 4 && left >= 2 ? 2 : 1;
    p.panels = base + a->panels + panel * panel_step;
    /* While these panels are at work the next come from memory, a share with each block of rows. */
    const char *next = p.panels + width * panel_step;
    const char *const end = panel + width < count ? next + width * panel_step : next;
    const size_t share = (width * panel_step / blocks + 63) / 64 * 64;
    for (size_t row = 0; row < a->rows; row += VMM_ROWS) {
      for (const char *const to = next + share; next < to && next < end; next += 64) __builtin_prefetch(next, 0, 2);
      const size_t rows = a->rows - row < VMM_ROWS ? a->rows - row : VMM_ROWS;
      p.x = I32(a->codes) + row * pairs;
      p.y = I32(a->y) + row * p.y_step + panel * VMM_PANEL;
#if VMM_PANELS == 4
      if (width == 4) vmm_blocks_4(&p, rows, (int)a->narrow);
      else if (width == 2) vmm_blocks_2(&p, rows, (int)a->narrow);
      else
#endif
        vmm_blocks_1(&p, rows, (int)a->narrow);
    }
  }
}

struct packCells_arguments {
  uint32_t panels, w, inner, columns, column_step, inner_step, narrow;
};

KERNEL(packCells) {
  const size_t inner = a->inner, columns = a->columns, pairs = (inner + 1) / 2;
  const int16_t *w = I16(a->w);
  for (size_t first = 0; first < columns; first += VMM_PANEL)
    for (size_t k = 0; k < pairs; k++)
      for (size_t j = 0; j < VMM_PANEL; j++)
        for (size_t half = 0; half < 2; half++) {
          const size_t column = first + j, row = 2 * k + half, at = ((first * pairs + k * VMM_PANEL) + j) * 2 + half;
          const int16_t cell =
              column < columns && row < inner ? w[column * a->column_step + row * a->inner_step] : (int16_t)0;
          if (a->narrow) ((uint8_t *)base + a->panels)[at] = (uint8_t)cell;
          else I16(a->panels)[at] = cell;
        }
}
