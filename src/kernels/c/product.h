/* Matrix product over packed panels of 16 columns (reference/product.ts). Lanes are columns, so no width changes a sum. */
#include "simd.h"

#define PANEL 16
#define PANEL_VECTORS (PANEL / W)
#define INNER_BLOCK 256

/* Rows and panels whose sums live in registers at once. */
#ifdef ROWS
#elif WIDTH == 64
#define ROWS 12
#define PANELS 1
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

#define QUAD 4
typedef float quad __attribute__((vector_size(16)));
typedef float quad_loose __attribute__((vector_size(16), aligned(4), may_alias));
#if defined(__clang__)
#define PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
typedef int32_t quad_index __attribute__((vector_size(16)));
#define PICK(a, b, i, j, k, l) __builtin_shuffle(a, b, (quad_index){i, j, k, l})
#endif

/* to[k * PANEL + j] = from[j * step + k] for 4 x 4 numbers. */
INLINE void transpose(float *to, const float *from, size_t step) {
  const quad a = *(const quad_loose *)from, b = *(const quad_loose *)(from + step);
  const quad c = *(const quad_loose *)(from + 2 * step), d = *(const quad_loose *)(from + 3 * step);
  const quad ab = PICK(a, b, 0, 4, 1, 5), cd = PICK(c, d, 0, 4, 1, 5);
  const quad AB = PICK(a, b, 2, 6, 3, 7), CD = PICK(c, d, 2, 6, 3, 7);
  *(quad_loose *)to = PICK(ab, cd, 0, 1, 4, 5);
  *(quad_loose *)(to + PANEL) = PICK(ab, cd, 2, 3, 6, 7);
  *(quad_loose *)(to + 2 * PANEL) = PICK(AB, CD, 0, 1, 4, 5);
  *(quad_loose *)(to + 3 * PANEL) = PICK(AB, CD, 2, 3, 6, 7);
}

static void pack_panels(float *panels, const float *w, size_t inner, size_t columns, size_t column_step,
                        size_t inner_step) {
  for (size_t first = 0; first < columns; first += PANEL, panels += PANEL * inner) {
    const size_t n = columns - first < PANEL ? columns - first : PANEL;
    const float *from = w + first * column_step;
    size_t k = 0;
    if (n == PANEL && inner_step == 1)
      for (; k + QUAD <= inner; k += QUAD)
        UNROLL for (size_t j = 0; j < PANEL; j += QUAD)
          transpose(panels + k * PANEL + j, from + j * column_step + k, column_step);
    if (n == PANEL && column_step == 1)
      for (; k < inner; k++)
        UNROLL for (size_t v = 0; v < PANEL_VECTORS; v++)
          store(panels + k * PANEL + v * W, load(from + k * inner_step + v * W));
    for (; k < inner; k++)
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

/* A row count beyond ROWS never comes; its case is dead code that must still compile. */
#define BLOCK_CASE(rows, panels)                                                                                       \
  case rows:                                                                                                           \
    if (rows <= ROWS) block(p, rows <= ROWS ? rows : ROWS, panels);                                                    \
    break;
#define BLOCKS(panels)                                                                                                 \
  static void blocks_##panels(const struct part *p, size_t rows) {                                                     \
    switch (rows) {                                                                                                    \
      BLOCK_CASE(1, panels)                                                                                            \
      BLOCK_CASE(2, panels)                                                                                            \
      BLOCK_CASE(3, panels)                                                                                            \
      BLOCK_CASE(4, panels)                                                                                            \
      BLOCK_CASE(5, panels)                                                                                            \
      BLOCK_CASE(6, panels)                                                                                            \
      BLOCK_CASE(7, panels)                                                                                            \
      BLOCK_CASE(8, panels)                                                                                            \
      BLOCK_CASE(9, panels)                                                                                            \
      BLOCK_CASE(10, panels)                                                                                           \
      BLOCK_CASE(11, panels)                                                                                           \
      BLOCK_CASE(12, panels)                                                                                           \
    }                                                                                                                  \
  }
BLOCKS(1)
#if PANELS >= 2
BLOCKS(2)
#endif

struct matrix_product {
  float *y;
  const float *x, *panels, *bias;
  size_t rows, inner, columns, x_row, x_inner, y_step;
  /* Where the inner terms of each sequence end, ascending, the last of them `inner`; 0: they are all of one. */
  const int32_t *ends;
  /* Whether all block sums are added to what lies in y. */
  int onward;
};

/* Terms of the block from `from` on: a block ends where its sequence does. `end` is the caller's place in m->ends. */
INLINE size_t terms_from(const struct matrix_product *m, size_t from, const int32_t **end) {
  size_t to = m->inner;
  if (m->ends) {
    while ((size_t)**end <= from) ++*end;
    to = (size_t)**end;
  }
  return to - from < INNER_BLOCK ? to - from : INNER_BLOCK;
}

/* Block sums of one k block: `panels` panels from `panel` on, rows `row` to `end`. A panel's block (16 KiB) stays in the
 * first-level cache while all rows pass over it. `packed`: the x of this block in groups of ROWS rows, [terms][ROWS]. */
static void multiply_block(const struct matrix_product *m, const float *packed, size_t row, size_t end, size_t panel,
                           size_t panels, size_t from, size_t terms) {
  const int last = from + terms == m->inner;
  const size_t panel_step = m->inner * PANEL;
  for (size_t width; panels > 0; panel += width, panels -= width) {
    width = panels < PANELS ? panels : PANELS;
    const size_t column = panel * PANEL, columns = m->columns - column;
    struct part p = {
        .panels = m->panels + panel * panel_step + from * PANEL,
        .bias = last && m->bias ? m->bias + column : 0,
        .y_step = m->y_step,
        .x_row = packed ? 1 : m->x_row,
        .x_inner = packed ? ROWS : m->x_inner,
        .panel_step = panel_step,
        .terms = terms,
        .columns = columns < width * PANEL ? columns : width * PANEL,
        .onward = m->onward || from > 0,
    };
    for (size_t r = row; r < end; r += ROWS) {
      const size_t rows = end - r < ROWS ? end - r : ROWS;
      p.x = packed ? packed + (r - row) * terms : m->x + r * m->x_row + from * m->x_inner;
      p.y = m->y + r * m->y_step + column;
      /* The next panel's block comes nearer while this one is used: a share of its lines for each group of rows. */
      const size_t lines = terms * ROWS / (end - row) + 1, first = (r - row) / ROWS * lines;
      for (size_t k = first; k < first + lines && k < terms; k++)
        __builtin_prefetch(p.panels + panel_step * width + k * PANEL, 0, 2);
#if PANELS >= 2
      if (width == 2) blocks_2(&p, rows);
      else
#endif
        blocks_1(&p, rows);
    }
  }
}

/* Rows in groups of ROWS, [terms][ROWS] each, so that rows a power of two apart do not fight for the same cache sets. */
static void pack_rows(float *packed, const struct matrix_product *m, size_t row, size_t end, size_t from,
                      size_t terms) {
  for (size_t first = row; first < end; first += ROWS, packed += ROWS * terms) {
    const size_t rows = end - first < ROWS ? end - first : ROWS;
    const float *x = m->x + first * m->x_row + from * m->x_inner;
    if (m->x_row == 1)
      for (size_t k = 0; k < terms; k++)
        for (size_t r = 0; r < rows; r++) packed[k * ROWS + r] = x[r + k * m->x_inner];
    else
      for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < terms; k++) packed[k * ROWS + r] = x[r * m->x_row + k * m->x_inner];
  }
}

/* Rows and panels whose x and y stay in the second-level cache. */
#define ROW_CHUNK (96 / ROWS * ROWS)
#define PANEL_GROUP 48
/* With fewer panels packing x costs more than it gives. */
#define PACK_FROM 16

static __attribute__((noinline)) void multiply_packed(const struct matrix_product *m, size_t row, size_t end,
                                                      size_t panel, size_t panels) {
  float packed[ROW_CHUNK * INNER_BLOCK];
  const int32_t *ends = m->ends;
  for (size_t from = 0, terms; from < m->inner; from += terms) {
    terms = terms_from(m, from, &ends);
    pack_rows(packed, m, row, end, from, terms);
    multiply_block(m, packed, row, end, panel, panels, from, terms);
  }
}

static void multiply(const struct matrix_product *m) {
  const size_t count = (m->columns + PANEL - 1) / PANEL;
  for (size_t row = 0; row < m->rows; row += ROW_CHUNK) {
    const size_t end = m->rows - row < ROW_CHUNK ? m->rows : row + ROW_CHUNK;
    for (size_t panel = 0; panel < count; panel += PANEL_GROUP) {
      const size_t panels = count - panel < PANEL_GROUP ? count - panel : PANEL_GROUP;
      if (panels >= PACK_FROM && m->inner > 0) multiply_packed(m, row, end, panel, panels);
      else {
        const int32_t *ends = m->ends;
        size_t from = 0, terms;
        do {
          terms = m->inner > 0 ? terms_from(m, from, &ends) : 0;
          multiply_block(m, 0, row, end, panel, panels, from, terms);
        } while ((from += terms) < m->inner);
      }
    }
  }
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

struct weightGradient_arguments {
  uint32_t y, dy, panels, offsets, sequences, rows, columns, dy_row_step, y_row_step, onward;
};

/* dW = dY^T X, sequence by sequence (reference/weight-gradient.ts). */
KERNEL(weightGradient) {
  const int32_t *offsets = I32(a->offsets);
  const struct matrix_product m = {
      .y = F32(a->y),
      .x = F32(a->dy),
      .panels = F32(a->panels),
      .rows = a->rows,
      .inner = (size_t)offsets[a->sequences],
      .columns = a->columns,
      .x_row = 1,
      .x_inner = a->dy_row_step,
      .y_step = a->y_row_step,
      .ends = offsets + 1,
      .onward = a->onward != 0,
  };
  multiply(&m);
}
