/* The kernels of one level of instructions. Each level is compiled from the same sources but for
 * the product, which is written for each. */
#pragma once
#include "draw.h"
#include "model.h"

enum level { PLAIN = 0, AVX2 = 1, AVX512 = 2, LEVELS = 3 };

/* Rows of activations rounded to int8, a scale for each GROUP of a row. */
struct quantized {
    int8_t *values;   /* [rows, stride] */
    float *scales;    /* [rows, stride / GROUP] */
    int32_t *offsets; /* [rows, stride / GROUP]: -128 x the sum of the group's values, which takes
                         back the 128 that was added to every weight */
    int64_t stride;
};

/* What A of an adapter makes of a row, four ranks of it, rounded as the row is. */
struct quartet {
    int8_t values[4];
    int32_t offset;
    float scale;
};

struct kernels {
    /* out[row][PANEL outputs] (+)= x W^T + bias, for rows first to last - 1 of x and one panel.
     * Weights of panel `next` are fetched into the cache meanwhile. */
    void (*product)(const struct matrix *matrix, const struct quantized *x, int64_t first,
                    int64_t last, int64_t panel, int64_t next, float *out, int64_t stride,
                    int64_t add);
    /* Round the groups first to last - 1 of a row, of which `size` values count. */
    void (*quantize)(const float *values, int64_t size, const struct quantized *to, int64_t row,
                     int64_t first, int64_t last);
    /* The root mean square norm or, with a bias, the layer norm of a row. */
    void (*norm)(const float *values, int64_t size, const struct norm *norm, double eps, float *to);
    /* to = silu(gate) x up. */
    void (*silu_gate)(const float *gate, const float *up, int64_t size, float *to);
    /* GELU by its tanh approximation. */
    void (*gelu)(const float *values, int64_t size, float *to);
    /* Turn the halves of a head by its position. */
    void (*rotate)(float *head, int64_t half, const float *cosines, const float *sines);
    void (*to_bf16)(const float *values, int64_t size, uint16_t *to);
    void (*from_bf16)(const uint16_t *values, int64_t size, float *to);
    /* Attention of `shared` queries [shared, head_dim] over `length` keys and values; `scores` has
     * room for `shared` times `length` rounded up to 16. */
    void (*attend)(const float *queries, const uint16_t *keys, const uint16_t *values,
                   int64_t length, int64_t shared, int64_t head_dim, float *scores, float *out);
    /* Draw a token by `logits` [size]; `weights` has room for as many. */
    void (*draw)(const float *logits, int64_t size, struct draw *draw, float *weights);
    /* to[ranks / 4] = x A^T for a row of x, and A as `struct low_rank` has it, scaled for B. */
    void (*shrink)(const uint8_t *down, const float *scales, int64_t ranks, int64_t inputs,
                   const struct quantized *x, int64_t row, struct quartet *to);
    /* out[row][PANEL outputs] += low B^T for a panel of B [quartets][PANEL][4] and up to TILE_ROWS
     * rows of `low`. What lies `away` weights further is fetched into the cache meanwhile. */
    void (*expand)(const uint8_t *up, int64_t quartets, const struct quartet *low,
                   int64_t low_stride, int64_t rows, float *out, int64_t stride, int64_t away);
};

extern const struct kernels kernels_plain, kernels_avx2, kernels_avx512;
extern const struct kernels *const kernels_of[LEVELS];

/* LEVEL is given by the compiler's command line: plain, avx2 or avx512. */
#define JOINED(name, level) name##_##level
#define OF(name, level) JOINED(name, level)
#define NAME(name) OF(name, LEVEL)

void NAME(product)(const struct matrix *, const struct quantized *, int64_t, int64_t, int64_t,
                   int64_t, float *, int64_t, int64_t);
void NAME(quantize)(const float *, int64_t, const struct quantized *, int64_t, int64_t, int64_t);
void NAME(norm)(const float *, int64_t, const struct norm *, double, float *);
void NAME(silu_gate)(const float *, const float *, int64_t, float *);
void NAME(gelu)(const float *, int64_t, float *);
void NAME(rotate)(float *, int64_t, const float *, const float *);
void NAME(to_bf16)(const float *, int64_t, uint16_t *);
void NAME(from_bf16)(const uint16_t *, int64_t, float *);
void NAME(attend)(const float *, const uint16_t *, const uint16_t *, int64_t, int64_t, int64_t,
                  float *, float *);
void NAME(draw)(const float *, int64_t, struct draw *, float *);
void NAME(shrink)(const uint8_t *, const float *, int64_t, int64_t, const struct quantized *,
                  int64_t, struct quartet *);
void NAME(expand)(const uint8_t *, int64_t, const struct quartet *, int64_t, int64_t, float *,
                  int64_t, int64_t);
