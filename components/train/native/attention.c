/* Causal attention within posts, as short as they are, one post and one head at a time. The token
 * that all posts start with stands once in the row, before them. The scores of a row are made again
 * on the way back from the logarithm of their sum (as Dao et al. 2022, arXiv:2205.14135). */
#include <math.h>

#include "halves.h"
#include "native.h"

enum { ROWS = 4, VECTORS = 4 }; /* rows, and vectors of a row, that are made at once */

INLINE int64_t rounded(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

/* A post: the start token, and those in the row from `first` on. */
struct post {
    int64_t first, length, head_dim;
    float scale;
};

/* The buffers of one head: `length` rows of `head_dim`, `length` rows of scores, and their like
 * transposed, rows padded to whole vectors. */
struct room {
    float *q, *k, *v, *outer, *transposed, *scores, *slopes, *of_q, *of_k, *of_v;
    float *of_start; /* of all posts: the gradients of the start token's keys, then of its values */
};

static struct post post_of(const struct attention *a, int64_t first, int64_t length) {
    return (struct post){first, length, a->head_dim, (float)a->scale};
}

static int64_t floats_of_rows(const struct post *p) {
    return rounded(p->length, ROWS) * p->head_dim;
}

static int64_t floats_of_scores(const struct post *p) {
    return rounded(p->length, ROWS) * rounded(p->length, LANES);
}

EXPORT int64_t attention_room(const struct attention *a) {
    struct post longest = post_of(a, 0, a->longest);
    return 7 * floats_of_rows(&longest) + a->head_dim * rounded(a->longest, LANES) +
           2 * floats_of_scores(&longest) + 2 * a->kv_heads * a->head_dim;
}

static struct room laid_out(const struct attention *a, const struct post *p, float *memory) {
    int64_t rows = floats_of_rows(p), scores = floats_of_scores(p);
    struct room r = {.of_start = memory};
    memory += 2 * a->kv_heads * a->head_dim;
    r.q = memory;
    r.k = memory + rows;
    r.v = memory + 2 * rows;
    r.outer = memory + 3 * rows;
    r.of_q = memory + 4 * rows;
    r.of_k = memory + 5 * rows;
    r.of_v = memory + 6 * rows;
    r.scores = memory + 7 * rows;
    r.slopes = r.scores + scores;
    r.transposed = r.slopes + scores;
    return r;
}

/* The row of a post's token number `t`. */
static int64_t row_of(const struct post *p, int64_t t) { return t ? p->first + t - 1 : 0; }

static uint16_t *place_of(const struct post *p, const struct heads *h, int64_t head, int64_t t) {
    return h->data + head * h->head + row_of(p, t) * h->token;
}

/* A head's rows as floats; those that pad it to whole ROWS are zero. */
static void read(const struct post *p, const struct heads *h, int64_t head, float *to) {
    for (int64_t t = 0; t < p->length; t++, to += p->head_dim) {
        const uint16_t *from = place_of(p, h, head, t);
        for (int64_t d = 0; d < p->head_dim; d += LANES) store(to + d, load_bf16(from + d));
    }
    memset(to, 0, (size_t)((rounded(p->length, ROWS) - p->length) * p->head_dim) * sizeof *to);
}

static void write(const struct post *p, const struct heads *h, int64_t head, const float *from) {
    for (int64_t t = 0; t < p->length; t++, from += p->head_dim) {
        uint16_t *to = place_of(p, h, head, t);
        for (int64_t d = 0; d < p->head_dim; d += LANES) store_bf16(to + d, load(from + d));
    }
}

/* Rotates rows by their positions' angles (Su et al. 2021, arXiv:2104.09864), the first half of a
 * row against the second; by `direction` -1 rotates them, or gradients, back. */
static void rotate(const struct attention *a, const struct post *p, float direction, float *rows) {
    int64_t dim = p->head_dim, half = dim / 2;
    if (!a->cosines) return;
    for (int64_t t = 0; t < p->length; t++, rows += dim) {
        const uint16_t *cosines = a->cosines + row_of(p, t) * dim;
        const uint16_t *sines = a->sines + row_of(p, t) * dim;
        for (int64_t d = 0; d < half; d += LANES) {
            floats cosine = load_bf16(cosines + d), sine = load_bf16(sines + d) * direction;
            floats first = load(rows + d), second = load(rows + half + d);
            store(rows + d, first * cosine - second * sine);
            store(rows + half + d, second * cosine + first * sine);
        }
    }
}

/* Adds the start token's gradient, which is that of all posts so far then. */
static void add_up(const struct post *p, float *of_start, float *own) {
    for (int64_t d = 0; d < p->head_dim; d += LANES) {
        store(of_start + d, load(of_start + d) + load(own + d));
        store(own + d, load(of_start + d));
    }
}

/* [length, head_dim] to [head_dim, length padded with zeros]. */
static void transpose(const struct post *p, const float *from, float *to) {
    int64_t width = rounded(p->length, LANES);
    memset(to, 0, (size_t)(p->head_dim * width) * sizeof *to);
    for (int64_t t = 0; t < p->length; t++)
        for (int64_t d = 0; d < p->head_dim; d++) to[d * width + t] = from[t * p->head_dim + d];
}

/* rows x transposed, for the columns that a row may look at: [length, length], in blocks. */
static void multiply(const struct post *p, const float *rows, const float *transposed,
                     float *to) {
    int64_t width = rounded(p->length, LANES), dim = p->head_dim;
    for (int64_t t = 0; t < p->length; t += ROWS, rows += ROWS * dim, to += ROWS * width)
        for (int64_t column = 0; column < t + ROWS && column < width; column += LANES) {
            floats sums[ROWS] = {{0}};
            for (int64_t d = 0; d < dim; d++) {
                floats key = load(transposed + d * width + column);
                for (int r = 0; r < ROWS; r++) sums[r] += rows[r * dim + d] * key;
            }
            for (int r = 0; r < ROWS; r++) store(to + r * width + column, sums[r]);
        }
}

/* to [ROWS rows from `to` on] = sum over i in [first, last) of weights [i * along + row * across]
 * x values [i], `vectors` of a row at a time. */
INLINE void combine(const int vectors, const float *weights, int64_t along, int64_t across,
                    const float *values, int64_t first, int64_t last, int64_t dim, float *to) {
    floats sums[ROWS][VECTORS] = {{{0}}};
    for (int64_t i = first; i < last; i++)
        for (int v = 0; v < vectors; v++) {
            floats value = load(values + i * dim + v * LANES);
            for (int r = 0; r < ROWS; r++) sums[r][v] += weights[i * along + r * across] * value;
        }
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < vectors; v++) {
            float *place = to + r * dim + v * LANES;
            store(place, load(place) + sums[r][v]);
        }
}

INLINE void combine_rows(const struct post *p, const float *weights, int64_t along,
                         int64_t across, const float *values, int64_t first, int64_t last,
                         float *to) {
    int64_t dim = p->head_dim, d = 0;
    for (; d + VECTORS * LANES <= dim; d += VECTORS * LANES)
        combine(VECTORS, weights, along, across, values + d, first, last, dim, to + d);
    for (; d < dim; d += LANES)
        combine(1, weights, along, across, values + d, first, last, dim, to + d);
}

/* to [row] += sum over the columns up to the row of weights [row, column] x values [column]. */
static void gather(const struct post *p, const float *weights, const float *values,
                   float *to) {
    int64_t width = rounded(p->length, LANES);
    for (int64_t t = 0; t < p->length; t += ROWS) {
        int64_t last = t + ROWS < p->length ? t + ROWS : p->length;
        combine_rows(p, weights + t * width, 1, width, values, 0, last, to + t * p->head_dim);
    }
}

/* to [column] += sum over the rows from the column on of weights [row, column] x values [row]. */
static void scatter(const struct post *p, const float *weights, const float *values,
                    float *to) {
    int64_t width = rounded(p->length, LANES);
    for (int64_t c = 0; c < p->length; c += ROWS)
        combine_rows(p, weights + c, width, 1, values, c, p->length, to + c * p->head_dim);
}

/* Scores to weights of sum 1 in each row, and the logarithms of the sums. */
static void softmax(const struct post *p, float *scores, float *logsums) {
    int64_t width = rounded(p->length, LANES);
    float scale = p->scale;
    for (int64_t t = 0; t < p->length; t++, scores += width) {
        int64_t end = rounded(t + 1, LANES);
        for (int64_t c = 0; c <= t; c++) scores[c] *= scale;
        for (int64_t c = t + 1; c < end; c++) scores[c] = -INFINITY;
        floats most = load(scores), sums = {0};
        for (int64_t c = LANES; c < end; c += LANES) most = larger(load(scores + c), most);
        float highest = largest(most);
        for (int64_t c = 0; c < end; c += LANES) {
            floats weights = exponential(load(scores + c) - highest);
            store(scores + c, weights);
            sums += weights;
        }
        float total = sum(sums);
        for (int64_t c = 0; c < end; c += LANES) store(scores + c, load(scores + c) / total);
        logsums[t] = highest + logf(total);
    }
}

/* The same weights again. */
static void softmax_again(const struct post *p, float *scores, const float *logsums) {
    int64_t width = rounded(p->length, LANES);
    float scale = p->scale;
    for (int64_t t = 0; t < p->length; t++, scores += width) {
        int64_t end = rounded(t + 1, LANES);
        for (int64_t c = 0; c < end; c += LANES)
            store(scores + c, exponential(load(scores + c) * scale - logsums[t]));
        for (int64_t c = t + 1; c < end; c++) scores[c] = 0;
    }
}

/* The gradients of the weights to those of the scores, scaled. */
static void through_softmax(const struct post *p, const float *weights, float *slopes) {
    int64_t width = rounded(p->length, LANES);
    for (int64_t t = 0; t < p->length; t++, weights += width, slopes += width) {
        int64_t end = rounded(t + 1, LANES);
        floats products = {0};
        for (int64_t c = 0; c < end; c += LANES) products += load(weights + c) * load(slopes + c);
        float mean = sum(products);
        for (int64_t c = 0; c < end; c += LANES)
            store(slopes + c, load(weights + c) * (load(slopes + c) - mean) * p->scale);
    }
}

EXPORT void attend(const struct attention *a, const struct heads *q, const struct heads *k,
                   const struct heads *v, const struct heads *out, float *logsums, float *room) {
    int64_t shared = a->heads / a->kv_heads, first = 1;
    for (int64_t post = 0; post < a->posts; first += a->lengths[post++] - 1) {
        struct post own = post_of(a, first, a->lengths[post]), *p = &own;
        struct room r = laid_out(a, p, room);
        for (int64_t head = 0; head < a->heads; head++, logsums += p->length) {
            if (head % shared == 0) {
                read(p, k, head / shared, r.k);
                rotate(a, p, 1, r.k);
                transpose(p, r.k, r.transposed);
                read(p, v, head / shared, r.v);
            }
            read(p, q, head, r.q);
            rotate(a, p, 1, r.q);
            multiply(p, r.q, r.transposed, r.scores);
            softmax(p, r.scores, logsums);
            memset(r.of_q, 0, (size_t)floats_of_rows(p) * sizeof *r.of_q);
            gather(p, r.scores, r.v, r.of_q);
            write(p, out, head, r.of_q);
        }
    }
}

EXPORT void attend_back(const struct attention *a, const struct heads *q, const struct heads *k,
                        const struct heads *v, const float *logsums, const struct heads *of_out,
                        const struct heads *of_q, const struct heads *of_k,
                        const struct heads *of_v, float *room) {
    int64_t shared = a->heads / a->kv_heads, first = 1;
    memset(room, 0, (size_t)(2 * a->kv_heads * a->head_dim) * sizeof *room); /* of_start */
    for (int64_t post = 0; post < a->posts; first += a->lengths[post++] - 1) {
        struct post own = post_of(a, first, a->lengths[post]), *p = &own;
        struct room r = laid_out(a, p, room);
        size_t rows = (size_t)floats_of_rows(p) * sizeof(float);
        for (int64_t head = 0; head < a->heads; head++, logsums += p->length) {
            if (head % shared == 0) {
                read(p, k, head / shared, r.k);
                rotate(a, p, 1, r.k);
                read(p, v, head / shared, r.v);
                memset(r.of_k, 0, rows);
                memset(r.of_v, 0, rows);
            }
            read(p, q, head, r.q);
            rotate(a, p, 1, r.q);
            read(p, of_out, head, r.outer);
            if (post) memset(r.outer, 0, (size_t)p->head_dim * sizeof(float)); /* the first's */
            transpose(p, r.k, r.transposed);
            multiply(p, r.q, r.transposed, r.scores);
            softmax_again(p, r.scores, logsums);
            transpose(p, r.v, r.transposed);
            multiply(p, r.outer, r.transposed, r.slopes);
            through_softmax(p, r.scores, r.slopes);
            memset(r.of_q, 0, rows);
            gather(p, r.slopes, r.k, r.of_q);
            rotate(a, p, -1, r.of_q);
            write(p, of_q, head, r.of_q);
            scatter(p, r.slopes, r.q, r.of_k);
            scatter(p, r.scores, r.outer, r.of_v);
            if (head % shared == shared - 1) {
                rotate(a, p, -1, r.of_k);
                float *of_start = r.of_start + head / shared * a->head_dim;
                add_up(p, of_start, r.of_k);
                add_up(p, of_start + a->kv_heads * a->head_dim, r.of_v);
                write(p, of_k, head / shared, r.of_k);
                write(p, of_v, head / shared, r.of_v);
            }
        }
    }
}
