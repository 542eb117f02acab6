/* Steps of random small models, at every level that this processor has and with several threads:
 * what they give is compared with the plain level's. Made for sanitizers: every buffer is as large
 * as the library asks for, and no larger. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

static uint64_t state;

static uint32_t draw(void) { /* xorshift64* (Vigna 2014) */
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return (uint32_t)(state * 2685821657736338717u >> 32);
}

static int64_t between(int64_t low, int64_t high) { return low + draw() % (high - low + 1); }

static float small(void) { return (float)draw() / 4294967296.0f - 0.5f; }

static void *own[16384];
static int owned;

static void *memory(int64_t bytes) { /* exactly so many, at an address as malloc gives it */
    return own[owned++] = malloc((size_t)bytes);
}

static float *numbers(int64_t count) {
    float *made = memory(count * 4);
    for (int64_t i = 0; i < count; i++) made[i] = small();
    return made;
}

static uint16_t *halves_of(int64_t count) {
    uint16_t *made = memory(count * 2);
    for (int64_t i = 0; i < count; i++) {
        float value = small();
        uint32_t bits;
        memcpy(&bits, &value, 4);
        made[i] = (uint16_t)(bits >> 16);
    }
    return made;
}

static uint8_t *bytes_of(int64_t count) { /* weights in int8, as w + 128 */
    uint8_t *made = memory(count);
    for (int64_t i = 0; i < count; i++) made[i] = (uint8_t)between(1, 255);
    return made;
}

static struct matrix matrix(int64_t outputs, int64_t inputs, int biased) {
    int64_t rows = rounded_up(outputs, PANEL), columns = rounded_up(inputs, GROUP);
    float *scales = memory(rows * 4), *bias = biased ? memory(rows * 4) : NULL;
    const uint8_t *weights = bytes_of(rows * columns);
    for (int64_t i = 0; i < rows; i++) {
        scales[i] = i < outputs ? 0.002f : 0;
        if (bias) bias[i] = i < outputs ? small() : 0;
    }
    return (struct matrix){weights, scales, bias, rows, columns};
}

static struct norm norm(const struct model *m) {
    return (struct norm){numbers(m->hidden), m->family == GPT2 ? numbers(m->hidden) : NULL};
}

static struct model model(int64_t vocabulary, int64_t positions) {
    int64_t shared = between(1, 6), head_dim = between(0, 2) ? between(1, 6) * 16 : between(1, 20) * 2;
    struct model m = {.family = between(GPT2, LLAMA), .layers = between(0, 3), .eps = 1e-5};
    m.kv_heads = between(1, 3);
    m.heads = m.kv_heads * shared;
    m.head_dim = head_dim;
    m.hidden = between(1, 150);
    m.inner = between(1, 300);
    m.embedding = halves_of(vocabulary * m.hidden);
    m.position_embedding = m.family == GPT2 ? halves_of(positions * m.hidden) : NULL;
    m.cosines = m.family == LLAMA ? numbers(positions * (head_dim / 2)) : NULL;
    m.sines = m.family == LLAMA ? numbers(positions * (head_dim / 2)) : NULL;
    struct layer *layers = memory(m.layers * (int64_t)sizeof *layers);
    int biased = m.family == GPT2 || between(0, 1);
    int64_t up = rounded_up(m.inner, GROUP) * (m.family == LLAMA ? 2 : 1);
    for (int64_t l = 0; l < m.layers; l++)
        layers[l] = (struct layer){
            norm(&m), norm(&m),
            matrix((m.heads + 2 * m.kv_heads) * head_dim, m.hidden, biased),
            matrix(m.hidden, m.heads * head_dim, biased), matrix(up, m.hidden, biased),
            matrix(m.hidden, m.inner, biased),
        };
    m.layer = layers;
    m.last_norm = norm(&m);
    m.head = matrix(vocabulary, m.hidden, 0);
    return m;
}

/* What an adapter adds to a matrix: up to two blocks of panels with ranks of their own. */
static struct low_rank change(const struct matrix *matrix, int64_t most) {
    int64_t panels = matrix->outputs / PANEL, first = between(0, panels);
    int64_t quartets[] = {between(0, most / 8), between(0, most / 8)}, at = 0;
    if (first == 0) quartets[0] = 0;
    if (first == panels) quartets[1] = 0;
    struct span *spans = memory(panels * (int64_t)sizeof *spans);
    for (int64_t panel = 0; panel < panels; panel++) {
        int block = panel >= first;
        spans[panel] = (struct span){block ? (int32_t)quartets[0] : 0, (int32_t)quartets[block], at};
        at += quartets[block];
    }
    int64_t all = rounded_up(4 * (quartets[0] + quartets[1]), RANKS);
    float *scales = memory(all * 4);
    for (int64_t i = 0; i < all; i++) scales[i] = 0.00002f;
    return (struct low_rank){
        bytes_of(all * matrix->inputs), bytes_of(at * 4 * PANEL), scales, spans, all};
}

static const struct low_rank *adapter(const struct model *m, int64_t most) {
    struct low_rank *changes = memory(m->layers * PRODUCTS * (int64_t)sizeof *changes);
    for (int64_t l = 0; l < m->layers; l++) {
        const struct layer *layer = m->layer + l;
        const struct matrix *matrices[] = {&layer->qkv, &layer->out, &layer->up, &layer->down};
        for (int p = 0; p < PRODUCTS; p++) changes[l * PRODUCTS + p] = change(matrices[p], most);
    }
    return changes;
}

/* Tiles of up to two adapters over some of the tokens. */
static void adapt(struct batch *batch, const struct model *m) {
    const struct low_rank *adapters[2];
    batch->ranks = rounded_up(between(1, 40), RANKS);
    for (int i = 0; i < 2; i++) adapters[i] = adapter(m, batch->ranks);
    const struct low_rank **changes = memory(batch->tokens * (int64_t)sizeof *changes);
    for (int64_t token = 0; token < batch->tokens; token++) changes[token] = NULL;
    struct tile *tiles = memory(batch->tokens * (int64_t)sizeof *tiles);
    batch->tiles = 0;
    for (int64_t token = 0; token < batch->tokens;) {
        int64_t count = between(1, TILE_ROWS), left = batch->tokens - token;
        if (count > left) count = left;
        if (between(0, 3)) {
            const struct low_rank *own = adapters[between(0, 1)];
            for (int64_t i = 0; i < count; i++) changes[token + i] = own;
            tiles[batch->tiles++] = (struct tile){token, count, own};
        }
        token += count;
    }
    batch->tile = tiles;
    batch->changes = changes;
}

static int32_t *drawn(int64_t count, int64_t limit) {
    int32_t *made = memory(count * 4);
    for (int64_t i = 0; i < count; i++) made[i] = (int32_t)between(0, limit - 1);
    return made;
}

/* Rows that write, one token each, then one prompt. */
static struct batch batch(int64_t rows, int64_t positions, int64_t vocabulary) {
    int64_t prompt = between(0, positions), tokens = rows - 1 + prompt;
    if (!tokens) prompt = 1, tokens = 1;
    int32_t *place = drawn(tokens, positions), *row = memory(tokens * 4);
    for (int64_t i = 0; i < tokens; i++) {
        row[i] = (int32_t)(i < rows ? i : rows - 1);
        if (i >= tokens - prompt) place[i] = (int32_t)(i - (tokens - prompt)), row[i] = rows - 1;
    }
    int64_t wanted = between(1, tokens);
    return (struct batch){
        tokens, drawn(tokens, vocabulary), row, place, wanted, drawn(wanted, tokens), NULL, 0, 0, NULL, NULL,
    };
}

static float *logits(const struct model *m, struct batch batch, const struct cache *like,
                     int64_t size, int64_t threads, int64_t level) {
    uint16_t **layers = memory(m->layers * 8);
    for (int64_t l = 0; l < m->layers; l++)
        layers[l] = memcpy(memory(size * 2), like->layers[l], (size_t)size * 2);
    struct cache cache = {layers, like->positions};
    batch.logits = memory(batch.wanted * m->head.outputs * 4);
    void *workspace =
        memory(native_workspace(m, batch.tokens, batch.ranks, cache.positions, threads));
    native_step(m, &batch, &cache, workspace, threads, level);
    return batch.logits;
}

static double one_shape(void) {
    int64_t vocabulary = between(1, 200), rows = between(1, 9), positions = between(1, 40);
    struct model m = model(vocabulary, positions);
    struct batch b = batch(rows, positions, vocabulary);
    if (between(0, 2)) adapt(&b, &m);
    int64_t size = rows * 2 * m.kv_heads * positions * m.head_dim;
    uint16_t **layers = memory(m.layers * 8);
    for (int64_t l = 0; l < m.layers; l++) layers[l] = halves_of(size);
    struct cache cache = {layers, positions};
    float *plain = logits(&m, b, &cache, size, 1, PLAIN);
    double most = 0;
    for (int64_t level = PLAIN; level <= native_level(); level++)
        for (int64_t threads = 1; threads <= 3; threads += 2) {
            float *other = logits(&m, b, &cache, size, threads, level);
            for (int64_t w = 0; w < b.wanted; w++)
                for (int64_t o = 0; o < vocabulary; o++) {
                    double gap = fabs(plain[w * m.head.outputs + o] - other[w * m.head.outputs + o]);
                    most = gap <= most ? most : gap;
                }
        }
    return most;
}

int main(int count, char **words) {
    int shapes = count > 1 ? atoi(words[1]) : 20;
    state = count > 2 ? strtoull(words[2], NULL, 10) : 1;
    for (int i = 0; i < shapes; i++) {
        double most = one_shape();
        while (owned) free(own[--owned]);
        if (!(most < 0.05)) {
            printf("shape %d: logits differ by %g\n", i, most);
            return 1;
        }
    }
    printf("%d shapes, levels up to %d\n", shapes, (int)native_level());
    return 0;
}
