/* The tokens of many rows, drawn by threads that share the rows. */
#include "native.h"
#include "pool.h"

struct rows {
    const float *logits;
    int64_t stride, size;
    struct draw *draws;
    int64_t count;
    float *weights; /* [threads, size], padded */
    const struct kernels *kernels;
};

static void run(void *context, struct crew *crew, int member) {
    const struct rows *rows = context;
    float *own = rows->weights + member * rounded_up(rows->size, 16);
    int64_t i;
    while ((i = crew_take(crew, 1, rows->count)) < rows->count)
        rows->kernels->draw(rows->logits + rows->draws[i].row * rows->stride, rows->size,
                            rows->draws + i, own);
}

EXPORT void native_draw(const float *logits, int64_t stride, int64_t size, struct draw *draws,
                        int64_t count, void *workspace, int64_t threads, int64_t level) {
    struct rows rows = {logits, stride, size, draws, count, workspace, kernels_of[level]};
    pool_run((int)(threads < count ? threads : count), run, &rows);
}
