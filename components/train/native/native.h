/* What the library gives: the parts of a training step that are no matrix products, in bf16. Sums
 * are in fp32. Widths are multiples of LANES where nothing else is said. */
#pragma once
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

/* Llama's norm: y = x / sqrt(mean(x^2) + eps) * weight, for each row. `factors` [rows] holds what
 * each row was multiplied by. */
void rms_norm(const uint16_t *x, const uint16_t *weight, int64_t rows, int64_t width, double eps,
              uint16_t *y, float *factors);

/* Its gradients from that of y. `sums` has room for `width` floats. */
void rms_norm_back(const uint16_t *x, const uint16_t *weight, const float *factors,
                   const uint16_t *of_y, int64_t rows, int64_t width, float *sums, uint16_t *of_x,
                   uint16_t *of_weight);

/* y = silu(gate) * up, `size` of each, and its gradients. */
void swiglu(const uint16_t *gate, const uint16_t *up, int64_t size, uint16_t *y);
void swiglu_back(const uint16_t *gate, const uint16_t *up, const uint16_t *of_y, int64_t size,
                 uint16_t *of_gate, uint16_t *of_up);

/* GPT-2's activation (the tanh form of GELU) of `size` values, and its gradient. */
void gelu(const uint16_t *x, int64_t size, uint16_t *y);
void gelu_back(const uint16_t *x, const uint16_t *of_y, int64_t size, uint16_t *of_x);

/* A tensor [heads, tokens, head_dim] in bf16, the last axis without gaps; the posts of a row stand
 * one behind the other in it. */
struct heads {
    uint16_t *data;
    int64_t head, token; /* strides, in elements */
};

struct attention {
    const int64_t *lengths; /* of the posts, in tokens, the start token among them */
    int64_t posts, longest, heads, kv_heads, head_dim;
    double scale;
    const uint16_t *cosines, *sines; /* of the angles that a row's queries and keys are rotated by,
                                        [rows, head_dim], the second half as the first; or none */
};

/* Floats of memory that the two below need. */
int64_t attention_room(const struct attention *shape);

/* Causal attention: each token looks at itself and at those before it in its post. The first row is
 * the token that all posts start with, after it come their others. `logsums` holds the logarithm of
 * each softmax's sum: as many floats as all posts have tokens, times heads. */
void attend(const struct attention *shape, const struct heads *q, const struct heads *k,
            const struct heads *v, const struct heads *out, float *logsums, float *room);

/* Its gradients from that of out; the scores are made again. */
void attend_back(const struct attention *shape, const struct heads *q, const struct heads *k,
                 const struct heads *v, const float *logsums, const struct heads *of_out,
                 const struct heads *of_q, const struct heads *of_k, const struct heads *of_v,
                 float *room);

/* Cross-entropy: the loss of each row of `logits` [rows, size] (any size), in whose place its
 * gradient is left, softmax minus one-hot. */
void cross_entropy(uint16_t *logits, const int64_t *targets, int64_t rows, int64_t size,
                   float *losses);

/* The sum of the squares of `size` values; any size, here and below. */
double sum_of_squares(const uint16_t *values, int64_t size);

struct adamw {
    double rate, beta1, beta2, eps, decay; /* decay: of the weights, times the rate */
    double correction1, correction2;       /* 1 - beta^step */
    double factor;                         /* of the gradient */
};

/* One step of AdamW: `master` and its moments in fp32, and the bf16 `weight` it is rounded to. */
void adamw(const struct adamw *step, int64_t size, const uint16_t *gradient, float *master,
           float *mean, float *square, uint16_t *weight);
