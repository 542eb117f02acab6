/* Low-rank adapters (Hu et al. 2021, arXiv:2106.09685): a matrix W becomes W + B A.
 *
 * A row meets A first, `shrink`, then B, `expand`: sums are fp32, A and B bf16. Both are read from
 * front to end, and what is read next is fetched meanwhile: of many adapters no row finds its own in
 * the cache. */
#include "kernels.h"
#include "vectors.h"

enum { HALF = PANEL / 2 / LANES, AHEAD = 2048 /* weights of A */ };

/* Fetch the line that lies so many weights away, unless it is 0. */
INLINE void fetch(const uint16_t *weights, int64_t away) {
    if (away) __builtin_prefetch(weights + away, 0, 2);
}

void NAME(shrink)(const uint16_t *down, int64_t ranks, int64_t inputs, const float *x, float *to) {
    for (int64_t k = 0; k < ranks; k += RANKS) {
        floats sums[RANKS] = {{0}};
        for (int64_t i = 0; i < inputs; i += STRIP, down += RANKS * STRIP)
            for (int r = 0; r < RANKS; r++) {
                fetch(down + r * STRIP, AHEAD);
                for (int part = 0; part < STRIP / 2; part += LANES) {
                    struct pairs weights = load_pairs(down + r * STRIP + 2 * part);
                    sums[r] += load(x + i + part) * weights.first;
                    sums[r] += load(x + i + part + STRIP / 2) * weights.second;
                }
            }
        four_floats four = four_sums(sums);
        memcpy(to + k, &four, sizeof four);
    }
}

INLINE void expand(const int rows, const uint16_t *up, int64_t ranks, const float *x,
                   int64_t x_stride, float *out, int64_t stride, int64_t away) {
    floats sums[TILE_ROWS][PANEL / LANES];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < PANEL / LANES; v++) sums[r][v] = load(out + r * stride + v * LANES);
    for (int64_t k = 0; k < ranks; k++, up += PANEL) {
        fetch(up, away);
        for (int v = 0; v < HALF; v++) {
            struct pairs weights = load_pairs(up + 2 * v * LANES);
            for (int r = 0; r < rows; r++) {
                sums[r][v] += x[r * x_stride + k] * weights.first;
                sums[r][HALF + v] += x[r * x_stride + k] * weights.second;
            }
        }
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < PANEL / LANES; v++) store(out + r * stride + v * LANES, sums[r][v]);
}

void NAME(expand)(const uint16_t *up, int64_t ranks, const float *x, int64_t x_stride, int64_t rows,
                  float *out, int64_t stride, int64_t away) {
    switch (rows) {
    case 1: expand(1, up, ranks, x, x_stride, out, stride, away); break;
    case 2: expand(2, up, ranks, x, x_stride, out, stride, away); break;
    case 3: expand(3, up, ranks, x, x_stride, out, stride, away); break;
    case 4: expand(4, up, ranks, x, x_stride, out, stride, away); break;
    }
}
