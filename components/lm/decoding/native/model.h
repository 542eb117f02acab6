/* What the library is told of a model, a batch and its memory. Mirrored by layout.py, field by field.
 *
 * Everything is owned by the caller; the library keeps no pointer beyond a call. */
#pragma once
#include <stdint.h>

enum { PANEL = 32 };  /* outputs that lie beside each other in packed weights */
enum { GROUP = 64 };  /* inputs that share a scale when activations are rounded */
enum { TILE_ROWS = 4 };        /* rows of one adapter that are computed at once */
enum { RANKS = 16 };           /* ranks of an adapter that lie beside each other */

enum family { GPT2 = 0, LLAMA = 1 };

/* A matrix [outputs, inputs] in int8, a scale for each output.
 *
 * `weights` hold w + 128 as [outputs / PANEL][inputs / 4][PANEL][4]; both sizes are padded, to
 * multiples of PANEL and GROUP. What is padded has the scale 0. */
struct matrix {
    const uint8_t *weights;
    const float *scales;
    const float *bias; /* or NULL */
    int64_t outputs, inputs;
};

struct norm {
    const float *weight;
    const float *bias; /* Llama's has none: NULL */
};

struct layer {
    struct norm before_attention, before_mlp;
    struct matrix qkv, out, up, down; /* Llama's `up` is the gate's outputs, then up's */
};

struct model {
    int64_t family, layers, hidden, heads, kv_heads, head_dim, inner;
    double eps;
    const uint16_t *embedding;          /* bf16 [vocabulary, hidden] */
    const uint16_t *position_embedding; /* GPT-2: bf16 [positions, hidden] */
    const float *cosines, *sines;       /* Llama: [positions, head_dim / 2] */
    const struct layer *layer;
    struct norm last_norm;
    struct matrix head;
};

/* Which ranks the outputs of one panel take part of, by quartets, and where their weights begin. */
struct span {
    int32_t first, count;
    int64_t at; /* in `up`, in quartets of PANEL outputs */
};

/* What an adapter adds to a matrix, x A^T B^T. Several matrices of the same input that are one here
 * have their ranks one after the other. Weights are int8, stored as w + 128. */
struct low_rank {
    const uint8_t *down; /* A: [ranks / RANKS][inputs / 4][RANKS][4], padded */
    const uint8_t *up;   /* B: panel after panel [span.count][PANEL][4] */
    const float *scales; /* of each rank in A and B together */
    const struct span *spans; /* [outputs / PANEL] */
    int64_t ranks; /* a multiple of RANKS; what is padded has the scale 0 */
};

enum product { QKV = 0, OUT = 1, UP = 2, DOWN = 3, PRODUCTS = 4 };

/* Up to TILE_ROWS neighbours among the tokens of a batch that are read with the same adapter. */
struct tile {
    int64_t first, count;
    const struct low_rank *changes; /* [layers, PRODUCTS] */
};

/* Tokens as one flat list, each with its place in a row of the cache; those of a row are neighbours. */
struct batch {
    int64_t tokens;
    const int32_t *ids, *rows, *positions;
    int64_t wanted;
    const int32_t *which; /* the tokens whose logits are wanted */
    float *logits;        /* [wanted, head.outputs] */
    int64_t tiles, ranks; /* the most ranks of any change in them */
    const struct tile *tile; /* in order */
    const struct low_rank *const *changes; /* of each token as of its tile, or NULL */
};

/* Keys and values, each layer bf16 [rows, 2 x kv_heads, positions, head_dim], keys first. */
struct cache {
    uint16_t *const *layers;
    int64_t positions;
};

static inline int64_t rounded_up(int64_t n, int64_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}
