/* The layer loop: phases in which a crew of threads shares rows, heads or panels of weights. */
#include "native.h"
#include "pool.h"

enum { ROWS_AT_ONCE = 48, GROUPS_AT_ONCE = 8 };

struct work {
    const struct model *model;
    const struct batch *batch;
    const struct cache *cache;
    const struct kernels *kernels;
    float *stream; /* [tokens, hidden]: the sums of layers */
    float *wide;   /* [tokens, the largest product] */
    float *seen;   /* [tokens, heads x head_dim] */
    float *own;    /* [threads, own_size]: what one thread alone needs */
    struct quantized x;
    int64_t hidden, attended, widest, own_size; /* padded */
};

static int64_t larger_of(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t padded(int64_t n) { return rounded_up(n, GROUP); }

/* Lay the work's arrays out from `at` on; gives their end. */
static char *lay_out(struct work *work, char *at, int64_t tokens, int64_t positions,
                     int64_t threads) {
    const struct model *m = work->model;
    work->hidden = padded(m->hidden);
    work->attended = padded(m->heads * m->head_dim);
    work->widest = padded(larger_of((m->heads + 2 * m->kv_heads) * m->head_dim,
                                    m->layers ? m->layer[0].up.outputs : 0));
    int64_t inputs = larger_of(larger_of(work->hidden, work->attended), padded(m->inner));
    work->own_size = larger_of(inputs, m->heads / m->kv_heads * padded(positions));
    work->x.stride = inputs;
    struct { void *array; int64_t bytes; } arrays[] = {
        {&work->stream, tokens * work->hidden * 4},
        {&work->wide, tokens * work->widest * 4},
        {&work->seen, tokens * work->attended * 4},
        {&work->own, threads * work->own_size * 4},
        {&work->x.values, tokens * inputs},
        {&work->x.scales, tokens * inputs / GROUP * 4},
        {&work->x.offsets, tokens * inputs / GROUP * 4},
    };
    for (unsigned i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *(char **)arrays[i].array = at;
        at += rounded_up(arrays[i].bytes, 64);
    }
    return at;
}

/* Go through all units of a phase, `count` at a time, and end it. */
#define SHARE(crew, count, units, unit, ...)                                          \
    do {                                                                              \
        int64_t total_ = (units), count_ = (count), from_;                            \
        while ((from_ = crew_take(crew, count_, total_)) < total_)                    \
            for (int64_t unit = from_; unit < total_ && unit < from_ + count_; unit++) \
                __VA_ARGS__                                                           \
        crew_meet(crew);                                                              \
    } while (0)

static void embed(const struct work *work, struct crew *crew, float *own) {
    const struct model *m = work->model;
    SHARE(crew, 1, work->batch->tokens, token, {
        float *row = work->stream + token * work->hidden;
        work->kernels->from_bf16(m->embedding + work->batch->ids[token] * m->hidden, m->hidden, row);
        if (m->family == GPT2) {
            int64_t position = work->batch->positions[token];
            work->kernels->from_bf16(m->position_embedding + position * m->hidden, m->hidden, own);
            for (int64_t i = 0; i < m->hidden; i++) row[i] += own[i];
        }
        for (int64_t i = m->hidden; i < work->hidden; i++) row[i] = 0;
    });
}

static void quantize_all(const struct work *work, const float *values, int64_t size, int64_t row) {
    work->kernels->quantize(values, size, &work->x, row, 0, padded(size) / GROUP);
}

/* Norm the rows of `stream`, or those that `which` names, into x. */
static void norm_rows(const struct work *work, struct crew *crew, float *own,
                      const struct norm *norm, int64_t rows, const int32_t *which) {
    const struct model *m = work->model;
    SHARE(crew, 1, rows, row, {
        const float *from = work->stream + (which ? which[row] : row) * work->hidden;
        work->kernels->norm(from, m->hidden, norm, m->eps, own);
        quantize_all(work, own, m->hidden, row);
    });
}

static void product(const struct work *work, struct crew *crew, const struct matrix *matrix,
                    int64_t rows, float *out, int64_t stride, int add) {
    int64_t panels = matrix->outputs / PANEL, blocks = (rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
    int64_t count = larger_of(1, panels * blocks / (crew_size(crew) * 6));
    int64_t units = panels * blocks, from = crew_take(crew, count, units);
    while (from < units) {
        int64_t next = crew_take(crew, count, units); /* early, so that its weights are fetched */
        int64_t end = from + count < units ? from + count : units;
        for (int64_t unit = from; unit < end; unit++) {
            int64_t after = unit + 1 < end ? unit + 1 : next < units ? next : unit;
            int64_t first = unit % blocks * ROWS_AT_ONCE;
            int64_t last = first + ROWS_AT_ONCE < rows ? first + ROWS_AT_ONCE : rows;
            work->kernels->product(matrix, &work->x, first, last, unit / blocks, after / blocks, out,
                                   stride, add);
        }
        from = next;
    }
    crew_meet(crew);
}

static uint16_t *slot(const struct work *work, int64_t layer, int64_t token, int64_t head) {
    const struct model *m = work->model;
    int64_t heads = work->batch->rows[token] * 2 * m->kv_heads + head;
    return work->cache->layers[layer] + heads * work->cache->positions * m->head_dim;
}

/* Turn queries and keys by their positions, and put keys and values into the cache. */
static void keep(const struct work *work, struct crew *crew, int64_t layer) {
    const struct model *m = work->model;
    int64_t half = m->head_dim / 2, turned = m->heads + m->kv_heads;
    SHARE(crew, 1, work->batch->tokens, token, {
        float *row = work->wide + token * work->widest;
        int64_t position = work->batch->positions[token];
        if (m->family == LLAMA)
            for (int64_t head = 0; head < turned; head++)
                work->kernels->rotate(row + head * m->head_dim, half, m->cosines + position * half,
                                      m->sines + position * half);
        for (int64_t head = 0; head < 2 * m->kv_heads; head++)
            work->kernels->to_bf16(row + (m->heads + head) * m->head_dim, m->head_dim,
                                   slot(work, layer, token, head) + position * m->head_dim);
    });
}

static void attend(const struct work *work, struct crew *crew, float *own, int64_t layer) {
    const struct model *m = work->model;
    int64_t shared = m->heads / m->kv_heads;
    SHARE(crew, 1, work->batch->tokens * m->kv_heads, unit, {
        int64_t token = unit / m->kv_heads;
        int64_t head = unit % m->kv_heads;
        int64_t first = head * shared * m->head_dim;
        work->kernels->attend(work->wide + token * work->widest + first,
                              slot(work, layer, token, head),
                              slot(work, layer, token, m->kv_heads + head),
                              work->batch->positions[token] + 1, shared, m->head_dim, own,
                              work->seen + token * work->attended + first);
    });
    SHARE(crew, 1, work->batch->tokens, token, {
        quantize_all(work, work->seen + token * work->attended, m->heads * m->head_dim, token);
    });
}

/* What the MLP's first product gave, activated and rounded, some groups of a row at a time. */
static void activate(const struct work *work, struct crew *crew, float *own) {
    const struct model *m = work->model;
    int64_t groups = padded(m->inner) / GROUP;
    int64_t blocks = (groups + GROUPS_AT_ONCE - 1) / GROUPS_AT_ONCE;
    SHARE(crew, 1, work->batch->tokens * blocks, unit, {
        int64_t token = unit / blocks;
        int64_t first = unit % blocks * GROUPS_AT_ONCE;
        int64_t last = first + GROUPS_AT_ONCE < groups ? first + GROUPS_AT_ONCE : groups;
        const float *row = work->wide + token * work->widest + first * GROUP;
        int64_t size = (last - first) * GROUP;
        float *to = own + first * GROUP;
        if (m->family == LLAMA) work->kernels->silu_gate(row, row + groups * GROUP, size, to);
        else work->kernels->gelu(row, size, to);
        work->kernels->quantize(own, m->inner, &work->x, token, first, last);
    });
}

static void run(void *context, struct crew *crew, int member) {
    const struct work *work = context;
    const struct model *m = work->model;
    int64_t tokens = work->batch->tokens;
    float *own = work->own + member * work->own_size;
    embed(work, crew, own);
    for (int64_t l = 0; l < m->layers; l++) {
        const struct layer *layer = m->layer + l;
        norm_rows(work, crew, own, &layer->before_attention, tokens, 0);
        product(work, crew, &layer->qkv, tokens, work->wide, work->widest, 0);
        keep(work, crew, l);
        attend(work, crew, own, l);
        product(work, crew, &layer->out, tokens, work->stream, work->hidden, 1);
        norm_rows(work, crew, own, &layer->before_mlp, tokens, 0);
        product(work, crew, &layer->up, tokens, work->wide, work->widest, 0);
        activate(work, crew, own);
        product(work, crew, &layer->down, tokens, work->stream, work->hidden, 1);
    }
    norm_rows(work, crew, own, &m->last_norm, work->batch->wanted, work->batch->which);
    product(work, crew, &m->head, work->batch->wanted, work->batch->logits, m->head.outputs, 0);
}

EXPORT int64_t native_workspace(const struct model *model, int64_t tokens, int64_t positions,
                                int64_t threads) {
    struct work work = {.model = model};
    return lay_out(&work, 0, tokens, positions, threads) - (char *)0;
}

EXPORT void native_step(const struct model *model, const struct batch *batch,
                        const struct cache *cache, void *workspace, int64_t threads,
                        int64_t level) {
    struct work work = {
        .model = model, .batch = batch, .cache = cache, .kernels = kernels_of[level]};
    lay_out(&work, workspace, batch->tokens, cache->positions, threads);
    pool_run((int)threads, run, &work);
}
