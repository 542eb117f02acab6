/* The layer loop: phases in which a crew of threads shares rows, heads or panels of weights. */
#include "native.h"
#include "pool.h"

enum { ROWS_AT_ONCE = 48, GROUPS_AT_ONCE = 8 };
enum { FEW = 4, OWN_ROWS = 16 /* whose scales fill whole lines of the cache */ };
enum { NOTHING = -1 }; /* in the place of an adapter's change */

struct work {
    const struct model *model;
    const struct batch *batch;
    const struct cache *cache;
    const struct kernels *kernels;
    float *stream; /* [tokens, hidden]: the sums of layers */
    float *wide;   /* [tokens, the largest product] */
    float *seen;   /* [tokens, heads x head_dim] */
    float *own;    /* [threads, own_size]: what one thread alone needs */
    struct quartet *low; /* [tokens, the batch's ranks / 4]: what adapters made of x */
    struct quantized x;
    int64_t hidden, attended, widest, own_size; /* padded */
    int few;   /* every thread makes its own `x` and `low` of all rows */
    int apart; /* no two tokens are of the same row of the cache */
};

static int64_t larger_of(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t padded(int64_t n) { return rounded_up(n, GROUP); }

/* Lay the work's arrays out from `at` on; gives their end. */
static char *lay_out(struct work *work, char *at, int64_t tokens, int64_t ranks, int64_t positions,
                     int64_t threads) {
    const struct model *m = work->model;
    work->few = tokens <= FEW;
    int64_t rows = work->few ? threads * OWN_ROWS : tokens;
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
        {&work->low, rows * ranks / 4 * (int64_t)sizeof *work->low},
        {&work->x.values, rows * inputs},
        {&work->x.scales, rows * inputs / GROUP * 4},
        {&work->x.offsets, rows * inputs / GROUP * 4},
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

/* The same where each unit wants to know which is next for this thread, or itself, to fetch what that
 * reads. */
#define SHARE_AHEAD(crew, count, units, unit, after, ...)                                        \
    do {                                                                                         \
        int64_t total_ = (units), count_ = (count), from_ = crew_take(crew, count_, total_);     \
        while (from_ < total_) {                                                                 \
            int64_t next_ = crew_take(crew, count_, total_); /* early, so that it is known */    \
            int64_t end_ = from_ + count_ < total_ ? from_ + count_ : total_;                    \
            for (int64_t unit = from_; unit < end_; unit++) {                                    \
                int64_t after = unit + 1 < end_ ? unit + 1 : next_ < total_ ? next_ : unit;      \
                __VA_ARGS__                                                                      \
            }                                                                                    \
            from_ = next_;                                                                       \
        }                                                                                        \
        crew_meet(crew);                                                                         \
    } while (0)

/* Go through the rows that a product is to read. A few are sooner made by every thread for itself than
 * the threads have met. */
#define ROWS(work, crew, count, units, unit, ...)                     \
    do {                                                              \
        if (!(work)->few) SHARE(crew, count, units, unit, __VA_ARGS__); \
        else for (int64_t unit = 0; unit < (units); unit++) __VA_ARGS__ \
    } while (0)

static int64_t some_of(struct crew *crew, int64_t units) {
    return larger_of(1, units / (crew_size(crew) * 6));
}

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

/* The first tile that does not end before a row. */
static int64_t first_tile(const struct batch *batch, int64_t row) {
    int64_t low = 0, high = batch->tiles;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        const struct tile *tile = batch->tile + middle;
        if (tile->first + tile->count <= row) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* What a token's adapter makes of its row of x, of so many inputs, for a product: `low`. */
static void shrink(const struct work *work, int64_t inputs, int64_t token, int64_t change) {
    const struct batch *batch = work->batch;
    if (change == NOTHING || !batch->tiles || !batch->changes[token]) return;
    const struct low_rank *own = batch->changes[token] + change;
    if (!own->ranks) return;
    work->kernels->shrink(own->down, own->scales, own->ranks, padded(inputs), &work->x, token,
                          work->low + token * (batch->ranks / 4));
}

static void quantize_all(const struct work *work, const float *values, int64_t size, int64_t row) {
    work->kernels->quantize(values, size, &work->x, row, 0, padded(size) / GROUP);
}

/* Norm the rows of `stream`, or those that `which` names, into x. */
static void norm_rows(const struct work *work, struct crew *crew, float *own,
                      const struct norm *norm, int64_t rows, const int32_t *which,
                      int64_t change) {
    const struct model *m = work->model;
    ROWS(work, crew, 1, rows, row, {
        const float *from = work->stream + (which ? which[row] : row) * work->hidden;
        work->kernels->norm(from, m->hidden, norm, m->eps, own);
        quantize_all(work, own, m->hidden, row);
        shrink(work, m->hidden, row, change);
    });
}

/* Add what comes of `low` to one panel of a product, for the tiles among some rows. */
static void expand(const struct work *work, int64_t change, int64_t first, int64_t last,
                   int64_t panel, int64_t next, float *out, int64_t stride) {
    const struct batch *batch = work->batch;
    int64_t low = batch->ranks / 4;
    for (int64_t t = first_tile(batch, first); t < batch->tiles; t++) {
        const struct tile *tile = batch->tile + t;
        const struct low_rank *own = tile->changes + change;
        int64_t row = larger_of(first, tile->first), end = tile->first + tile->count;
        if (row >= last) break;
        if (!own->ranks) continue;
        const struct span *span = own->spans + panel;
        work->kernels->expand(own->up + span->at * 4 * PANEL, span->count,
                              work->low + row * low + span->first, low,
                              (end < last ? end : last) - row, out + row * stride + panel * PANEL,
                              stride, (own->spans[next].at - span->at) * 4 * PANEL);
    }
}

/* A product of rows; of all tokens, with what their adapters add unless `change` is NOTHING. */
static void product(const struct work *work, struct crew *crew, const struct matrix *matrix,
                    int64_t rows, float *out, int64_t stride, int add, int64_t change) {
    int64_t blocks = (rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
    int64_t units = matrix->outputs / PANEL * blocks;
    SHARE_AHEAD(crew, some_of(crew, units), units, unit, after, {
        int64_t first = unit % blocks * ROWS_AT_ONCE;
        int64_t last = first + ROWS_AT_ONCE < rows ? first + ROWS_AT_ONCE : rows;
        int64_t panel = unit / blocks;
        int64_t next = after / blocks;
        work->kernels->product(matrix, &work->x, first, last, panel, next, out, stride, add);
        if (change != NOTHING) expand(work, change, first, last, panel, next, out, stride);
    });
}

static uint16_t *slot(const struct work *work, int64_t layer, int64_t token, int64_t head) {
    const struct model *m = work->model;
    int64_t heads = work->batch->rows[token] * 2 * m->kv_heads + head;
    return work->cache->layers[layer] + heads * work->cache->positions * m->head_dim;
}

/* Turn some heads of a token, queries or keys, by its position. */
static void turn(const struct work *work, int64_t token, int64_t first, int64_t count) {
    const struct model *m = work->model;
    if (m->family != LLAMA) return;
    int64_t half = m->head_dim / 2, at = work->batch->positions[token] * half;
    float *row = work->wide + token * work->widest;
    for (int64_t head = first; head < first + count; head++)
        work->kernels->rotate(row + head * m->head_dim, half, m->cosines + at, m->sines + at);
}

/* Put one head of a token's keys or values into the cache. */
static void put(const struct work *work, int64_t layer, int64_t token, int64_t head) {
    const struct model *m = work->model;
    const float *row = work->wide + token * work->widest;
    work->kernels->to_bf16(row + (m->heads + head) * m->head_dim, m->head_dim,
                           slot(work, layer, token, head)
                               + work->batch->positions[token] * m->head_dim);
}

/* Turn the queries that share keys and values, and these keys, and put both into the cache. */
static void keep(const struct work *work, int64_t layer, int64_t token, int64_t head) {
    const struct model *m = work->model;
    int64_t shared = m->heads / m->kv_heads;
    turn(work, token, head * shared, shared);
    turn(work, token, m->heads + head, 1);
    put(work, layer, token, head);
    put(work, layer, token, m->kv_heads + head);
}

static void attend(const struct work *work, struct crew *crew, float *own, int64_t layer,
                   int64_t change) {
    const struct model *m = work->model;
    int64_t shared = m->heads / m->kv_heads, units = work->batch->tokens * m->kv_heads;
    if (!work->apart) /* tokens look at what others of their row put there */
        SHARE(crew, 1, units, unit, keep(work, layer, unit / m->kv_heads, unit % m->kv_heads););
    SHARE(crew, 1, units, unit, {
        int64_t token = unit / m->kv_heads;
        int64_t head = unit % m->kv_heads;
        int64_t first = head * shared * m->head_dim;
        if (work->apart) keep(work, layer, token, head);
        work->kernels->attend(work->wide + token * work->widest + first,
                              slot(work, layer, token, head),
                              slot(work, layer, token, m->kv_heads + head),
                              work->batch->positions[token] + 1, shared, m->head_dim, own,
                              work->seen + token * work->attended + first);
    });
    ROWS(work, crew, 1, work->batch->tokens, token, {
        float *seen = work->seen + token * work->attended;
        quantize_all(work, seen, m->heads * m->head_dim, token);
        shrink(work, m->heads * m->head_dim, token, change);
    });
}

/* What the MLP's first product gave, activated and rounded, some groups of a row at a time; a row at
 * once where adapters read it. */
static void activate(const struct work *work, struct crew *crew, float *own, int64_t change) {
    const struct model *m = work->model;
    int64_t groups = padded(m->inner) / GROUP;
    int64_t together = work->batch->tiles ? groups : GROUPS_AT_ONCE;
    int64_t blocks = (groups + together - 1) / together;
    ROWS(work, crew, 1, work->batch->tokens * blocks, unit, {
        int64_t token = unit / blocks;
        int64_t first = unit % blocks * together;
        int64_t last = first + together < groups ? first + together : groups;
        const float *row = work->wide + token * work->widest + first * GROUP;
        int64_t size = (last - first) * GROUP;
        float *to = own + first * GROUP;
        if (m->family == LLAMA) work->kernels->silu_gate(row, row + groups * GROUP, size, to);
        else work->kernels->gelu(row, size, to);
        work->kernels->quantize(own, m->inner, &work->x, token, first, last);
        shrink(work, m->inner, token, change);
    });
}

/* The work as a member sees it, with its own rows where there are few. */
static struct work seen_by(int member, const struct work *all) {
    struct work work = *all;
    int64_t before = work.few ? member * OWN_ROWS : 0, groups = work.x.stride / GROUP;
    work.x.values += before * work.x.stride;
    work.x.scales += before * groups;
    work.x.offsets += before * groups;
    work.low += before * (work.batch->ranks / 4);
    work.own += member * work.own_size;
    return work;
}

static void run(void *context, struct crew *crew, int member) {
    const struct work seen = seen_by(member, context), *work = &seen;
    const struct model *m = work->model;
    int64_t tokens = work->batch->tokens;
    float *own = work->own;
    embed(work, crew, own);
    for (int64_t l = 0; l < m->layers; l++) {
        const struct layer *layer = m->layer + l;
        int64_t change = l * PRODUCTS;
        norm_rows(work, crew, own, &layer->before_attention, tokens, 0, change + QKV);
        product(work, crew, &layer->qkv, tokens, work->wide, work->widest, 0, change + QKV);
        attend(work, crew, own, l, change + OUT);
        product(work, crew, &layer->out, tokens, work->stream, work->hidden, 1, change + OUT);
        norm_rows(work, crew, own, &layer->before_mlp, tokens, 0, change + UP);
        product(work, crew, &layer->up, tokens, work->wide, work->widest, 0, change + UP);
        activate(work, crew, own, change + DOWN);
        product(work, crew, &layer->down, tokens, work->stream, work->hidden, 1, change + DOWN);
    }
    int64_t wanted = work->batch->wanted;
    norm_rows(work, crew, own, &m->last_norm, wanted, work->batch->which, NOTHING);
    product(work, crew, &m->head, wanted, work->batch->logits, m->head.outputs, 0, NOTHING);
}

/* Tokens of the same row are neighbours. */
static int each_apart(const struct batch *batch) {
    for (int64_t token = 1; token < batch->tokens; token++)
        if (batch->rows[token] == batch->rows[token - 1]) return 0;
    return 1;
}

EXPORT int64_t native_workspace(const struct model *model, int64_t tokens, int64_t ranks,
                                int64_t positions, int64_t threads) {
    struct work work = {.model = model};
    return lay_out(&work, 0, tokens, ranks, positions, threads) - (char *)0;
}

EXPORT void native_step(const struct model *model, const struct batch *batch,
                        const struct cache *cache, void *workspace, int64_t threads,
                        int64_t level) {
    struct work work = {
        .model = model, .batch = batch, .cache = cache, .kernels = kernels_of[level]};
    lay_out(&work, workspace, batch->tokens, batch->ranks, cache->positions, threads);
    work.apart = each_apart(batch);
    pool_run((int)threads, run, &work);
}
