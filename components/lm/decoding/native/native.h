/* What the library gives to its caller. */
#pragma once
#include "kernels.h"

#define EXPORT __attribute__((visibility("default")))

/* Bytes of memory that a step of so many tokens over rows of so many positions needs, its adapters
 * of so many ranks at most. */
int64_t native_workspace(const struct model *model, int64_t tokens, int64_t ranks,
                         int64_t positions, int64_t threads);

/* Read a batch: its keys and values go into `cache`, the logits that it wants into `logits`. */
void native_step(const struct model *model, const struct batch *batch, const struct cache *cache,
                 void *workspace, int64_t threads, int64_t level);

/* Draw a token each for rows of `logits` [rows, stride], of which `size` count. `workspace` has
 * room for `size` floats, rounded up to 16, for each thread. */
void native_draw(const float *logits, int64_t stride, int64_t size, struct draw *draws,
                 int64_t count, void *workspace, int64_t threads, int64_t level);

/* The highest level that can run here, and the kernels of a level. */
int64_t native_level(void);
const struct kernels *native_kernels(int64_t level);
