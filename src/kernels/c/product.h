/* Matrix product over packed panels of 16 columns (reference/product.ts). Lanes are columns, so no width changes a sum. */
#include "simd.h"

#define PANEL 16
#define PANEL_VECTORS (PANEL / W)
#define INNER_BLOCK 256

/* Rows and panels whose sums live in registers at once. */
#if WIDTH == 64
#define ROWS 6
#define PANELS 4
#elif WIDTH == 32
#define ROWS 6
#define PANELS 1
#elif defined(__aarch64__)
#define ROWS 4
#define PANELS 1
#else
#define ROWS 2
#define PANELS 1
#endif

static void pack_panels(float *panels, const float *w, size_t inner, size_t columns, size_t column_step,
                        size_t inner_step) {
  for (size_t first = 0; first < columns; first += PANEL, panels += PANEL * inner) {
    size_t n = columns - first < PANEL ? columns - first : PANEL;
    const float *from = w + first * column_step;
    for (size_t k = 0; k < inner; k++)
      for (size_t j = 0; j < PANEL; j++)
        panels[k * PANEL + j] = j < n ? from[j * column_step + k * inner_step] : 0.0f;
  }
}

struct part {
  float *y;
  const float *x, *panels, *bias;
  size_t y_step, x_row, x_inner, panel_step, terms, columns;
  /* Whether earlier block sums lie in y. */
  int onward;
};

/* Adds finished block sums [rows][step] to y, and the bias after the last block. */
static __attribute__((noinline)) void finish(const struct part *p, const float *sums, size_t rows, size_t step) {
  for (size_t r = 0; r < rows; r++, sums += step) {
    float *y = p->y + r * p->y_step;
    size_t j = 0;
    for (; j + W <= p->columns; j += W) {
      vf s = load(sums + j);
      if (p->onward) s = load(y + j) + s;
      if (p->bias) s = s + load(p->bias + j);
      store(y + j, s);
    }
    for (; j < p->columns; j++) {
      float s = sums[j];
      if (p->onward) s = y[j] + s;
      if (p->bias) s = s + p->bias[j];
      y[j] = s;
    }
  }
}

/* One block sum of `rows` x `panels` panels; both counts are constants where this is inlined. */
INLINE void block(const struct part *p, const int rows, const int panels) {
  vf sum[ROWS][PANELS * PANEL_VECTORS];
  const int vectors = panels * PANEL_VECTORS;
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = (vf){};
  const float *x = p->x, *w = p->panels;
  const size_t x_row = p->x_row, x_inner = p->x_inner, panel_step = p->panel_step;
  for (size_t k = p->terms; k > 0; k--) {
    vf column[PANELS * PANEL_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++)
      column[v] = load(w + (v / PANEL_VECTORS) * panel_step + (v % PANEL_VECTORS) * W);
    UNROLL for (int r = 0; r < rows; r++) {
      vf one = splat(x[r * x_row]);
      UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = sum[r][v] + one * column[v];
    }
    x += x_inner;
    w += PANEL;
  }
  float sums[ROWS * PANELS * PANEL];
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int v = 0; v < vectors; v++) store(sums + (r * vectors + v) * W, sum[r][v]);
  finish(p, sums, rows, panels * PANEL);
}

#define BLOCK_CASE(rows, panels)                                                                                       \
  case rows:                                                                                                           \
    block(p, rows, panels);                                                                                            \
    break;
#define BLOCKS(panels)                                                                                                 \
  static void blocks_##panels(const struct part *p, size_t rows) {                                                     \
    switch (rows) {                                                                                                    \
      BLOCK_CASE(1, panels)                                                                                            \
      BLOCK_CASE(2, panels)                                                                                            \
      BLOCK_CASES(panels)                                                                                              \
    }                                                                                                                  \
  }
#if ROWS == 6
#define BLOCK_CASES(panels) BLOCK_CASE(3, panels) BLOCK_CASE(4, panels) BLOCK_CASE(5, panels) BLOCK_CASE(6, panels)
#elif ROWS == 4
#define BLOCK_CASES(panels) BLOCK_CASE(3, panels) BLOCK_CASE(4, panels)
#elif ROWS == 3
#define BLOCK_CASES(panels) BLOCK_CASE(3, panels)
#else
#define BLOCK_CASES(panels)
#endif
BLOCKS(1)
#if PANELS == 4
BLOCKS(2)
BLOCKS(4)
#endif

struct matrix_product {
  float *y;
  const float *x, *panels, *bias;
  size_t rows, inner, columns, x_row, x_inner, y_step;
};

static void multiply(const struct matrix_product *m) {
  const size_t panel_step = m->inner * PANEL;
  const size_t count = (m->columns + PANEL - 1) / PANEL;
  size_t from = 0;
  do {
    const size_t terms = m->inner - from < INNER_BLOCK ? m->inner - from : INNER_BLOCK;
    const int last = from + terms == m->inner;
    for (size_t panel = 0, width; panel < count; panel += width) {
      const size_t left = count - panel;
      width = PANELS == 4 && left >= 4 ? 4 : PANELS == 4 && left >= 2 ? 2 : 1;
      const size_t column = panel * PANEL;
      struct part p = {
          .panels = m->panels + panel * panel_step + from * PANEL,
          .bias = last && m->bias ? m->bias + column : 0,
          .y_step = m->y_step,
          .x_row = m->x_row,
          .x_inner = m->x_inner,
          .panel_step = panel_step,
          .terms = terms,
          .columns = m->columns - column < width * PANEL ? m->columns - column : width * PANEL,
          .onward = from > 0,
      };
      for (size_t row = 0; row < m->rows; row += ROWS) {
        const size_t rows = m->rows - row < ROWS ? m->rows - row : ROWS;
        p.x = m->x + row * m->x_row + from * m->x_inner;
        p.y = m->y + row * m->y_step + column;
#if PANELS == 4
        if (width == 4) blocks_4(&p, rows);
        else if (width == 2) blocks_2(&p, rows);
        else
#endif
          blocks_1(&p, rows);
      }
    }
    from += INNER_BLOCK;
  } while (from < m->inner);
}

struct pack_arguments {
  uint32_t panels, w, inner, columns, column_step, inner_step;
};

KERNEL(pack) { pack_panels(F32(a->panels), F32(a->w), a->inner, a->columns, a->column_step, a->inner_step); }

struct product_arguments {
  uint32_t y, x, panels, bias, rows, inner, columns, x_row_step, x_inner_step, y_row_step;
};

KERNEL(product) {
  const struct matrix_product m = {
      .y = F32(a->y),
      .x = F32(a->x),
      .panels = F32(a->panels),
      .bias = a->bias ? F32(a->bias) : 0,
      .rows = a->rows,
      .inner = a->inner,
      .columns = a->columns,
      .x_row = a->x_row_step,
      .x_inner = a->x_inner_step,
      .y_step = a->y_row_step,
  };
  multiply(&m);
}
