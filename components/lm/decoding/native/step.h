/* One step of a batch through a whole model. */
#pragma once
#include "kernels.h"

/* Bytes of memory that a step of so many tokens over rows of so many positions needs. */
int64_t native_workspace(const struct model *model, int64_t tokens, int64_t positions,
                         int64_t threads);

/* Read a batch: its keys and values go into `cache`, the logits that it wants into `logits`. */
void native_step(const struct model *model, const struct batch *batch, const struct cache *cache,
                 void *workspace, int64_t threads, int64_t level);

/* The highest level that can run here, and the kernels of a level. */
int64_t native_level(void);
const struct kernels *native_kernels(int64_t level);
