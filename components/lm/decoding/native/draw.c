/* Temperature and nucleus sampling, without sorting.
 *
 * The nucleus is the smallest set of most probable tokens whose mass reaches top_p (Holtzman et al.
 * 2020, arXiv:1904.09751). A drawn token belongs to it if the mass of all more probable tokens is
 * below top_p; else it and all less probable ones do not, and the next draw is among the rest. */
#include "draw.h"

#include "kernels.h"
#include "vectors.h"

enum { BLOCK = 256 }; /* weights that are summed before a place among them is looked for */

static int64_t less(int64_t a, int64_t b) { return a < b ? a : b; }

/* How many logits at the front, in whole blocks, are not this value. */
static int64_t without(const float *logits, int64_t size, float value) {
    int64_t block = 0;
    for (; block + BLOCK <= size; block += BLOCK) {
        ints found = {0};
        for (int64_t i = block; i < block + BLOCK; i += LANES) found |= load(logits + i) == value;
        if (sum_ints(found)) break;
    }
    return less(block, size - 1);
}

static int64_t most_probable(const float *logits, int64_t size) {
    int64_t best, i = 0;
    floats most = every(logits[0]);
    for (; i + LANES <= size; i += LANES) most = larger(load(logits + i), most);
    float highest = largest(most);
    for (; i < size; i++) highest = larger_float(logits[i], highest);
    best = without(logits, size, highest);
    while (best + 1 < size && logits[best] != highest) best++;
    return best;
}

/* The weight of each token, 1 for the most probable one. */
static void weigh(const float *logits, int64_t size, double temperature, float *weights) {
    double inverse = 1 / temperature;
    float highest = logits[most_probable(logits, size)];
    float factor = (float)(inverse < 3e38 ? inverse : 3e38);
    int64_t i = 0;
    for (; i + LANES <= size; i += LANES)
        store(weights + i, exponential((load(logits + i) - highest) * factor));
    for (; i < size; i++) weights[i] = exponential(every((logits[i] - highest) * factor))[0];
}

/* The sum of the weights above a limit. */
static double mass(const float *weights, int64_t size, float above) {
    double all = 0;
    for (int64_t block = 0; block < size; block += BLOCK) {
        int64_t i = block, end = less(block + BLOCK, size);
        floats sums = {0};
        for (; i + LANES <= end; i += LANES) {
            floats v = load(weights + i);
            sums += (floats)((ints)v & (v > above));
        }
        float rest = 0;
        for (; i < end; i++) rest += weights[i] > above ? weights[i] : 0;
        all += sum(sums) + rest;
    }
    return all;
}

/* The token at which the running sum of the weights above a limit exceeds `target`. */
static int64_t place(const float *weights, int64_t size, float above, double target) {
    int64_t found = 0;
    for (int64_t block = 0; block < size; block += BLOCK) {
        int64_t count = less(BLOCK, size - block);
        double own = mass(weights + block, count, above);
        if (own <= target) {
            target -= own;
            continue;
        }
        for (int64_t i = block; i < block + count; i++) {
            if (!(weights[i] > above)) continue;
            found = i;
            if ((target -= weights[i]) < 0) return found;
        }
    }
    return found; /* rounding may leave a little: the last one */
}

void NAME(draw)(const float *logits, int64_t size, struct draw *draw, float *weights) {
    draw->outside = 0;
    if (!(draw->temperature > 0)) {
        draw->token = most_probable(logits, size);
        return;
    }
    weigh(logits, size, draw->temperature, weights);
    float above = (float)draw->above;
    draw->token = place(weights, size, above, draw->uniform * mass(weights, size, above));
    if (!(draw->top_p < 1)) return;
    draw->above = above = weights[draw->token];
    double more_probable = mass(weights, size, above);
    draw->outside = more_probable > 0 && more_probable >= draw->top_p * mass(weights, size, 0);
}
