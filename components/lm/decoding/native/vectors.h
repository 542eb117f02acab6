/* As many floats at once as the level's registers hold, in the compiler's own vectors: one source for
 * every level. */
#pragma once
#include <stdint.h>
#include <string.h>

#if defined __AVX512F__
enum { LANES = 16 };
#elif defined __AVX2__
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif

typedef float floats __attribute__((vector_size(LANES * 4)));
typedef int32_t ints __attribute__((vector_size(LANES * 4)));
typedef uint32_t uints __attribute__((vector_size(LANES * 4)));
typedef uint16_t halves __attribute__((vector_size(LANES * 2)));
typedef int8_t bytes __attribute__((vector_size(LANES)));

#define INLINE static inline __attribute__((always_inline))

INLINE floats load(const float *from) {
    floats v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE void store(float *to, floats v) { memcpy(to, &v, sizeof v); }

INLINE floats load_bf16(const uint16_t *from) {
    halves half;
    memcpy(&half, from, sizeof half);
    return (floats)(__builtin_convertvector(half, uints) << 16);
}

INLINE floats every(float value) { return (floats){0} + value; }

INLINE floats larger(floats a, floats b) {
    ints first = a > b;
    return (floats)(((ints)a & first) | ((ints)b & ~first));
}

INLINE floats absolute(floats v) { return (floats)((ints)v & 0x7fffffff); }

/* Vectors of four, to which sums and the largest of a vector go down first. */
typedef float four_floats __attribute__((vector_size(16)));
typedef int32_t four_ints __attribute__((vector_size(16)));
union split_floats { floats all; four_floats four[LANES / 4]; };
union split_ints { ints all; four_ints four[LANES / 4]; };

INLINE four_floats sum_to_four(floats v) {
    union split_floats parts = {v};
    four_floats sums = parts.four[0];
    for (int i = 1; i < LANES / 4; i++) sums += parts.four[i];
    return sums;
}

INLINE float sum(floats v) {
    four_floats four = sum_to_four(v);
    return (four[0] + four[2]) + (four[1] + four[3]);
}

INLINE float larger_float(float a, float b) { return a > b ? a : b; }

INLINE four_floats larger_of_four(four_floats a, four_floats b) {
    four_ints first = a > b;
    return (four_floats)(((four_ints)a & first) | ((four_ints)b & ~first));
}

INLINE four_floats largest_to_four(floats v) {
    union split_floats parts = {v};
    four_floats most = parts.four[0];
    for (int i = 1; i < LANES / 4; i++) most = larger_of_four(parts.four[i], most);
    return most;
}

INLINE float largest(floats v) {
    four_floats four = largest_to_four(v);
    return larger_float(larger_float(four[0], four[1]), larger_float(four[2], four[3]));
}

INLINE int32_t sum_ints(ints v) {
    union split_ints parts = {v};
    four_ints four = parts.four[0];
    for (int i = 1; i < LANES / 4; i++) four += parts.four[i];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (four_ints){__VA_ARGS__})
#endif

/* The sums of four vectors. */
INLINE four_floats four_sums(const floats v[4]) {
    four_floats a = sum_to_four(v[0]), b = sum_to_four(v[1]);
    four_floats c = sum_to_four(v[2]), d = sum_to_four(v[3]);
    four_floats ac = SHUFFLE(a, c, 0, 4, 1, 5) + SHUFFLE(a, c, 2, 6, 3, 7);
    four_floats bd = SHUFFLE(b, d, 0, 4, 1, 5) + SHUFFLE(b, d, 2, 6, 3, 7);
    return SHUFFLE(ac, bd, 0, 4, 1, 5) + SHUFFLE(ac, bd, 2, 6, 3, 7);
}

/* e^v to a relative error of 2e-7 (Cephes' expf); 0 below e^-87. */
INLINE floats exponential(floats v) {
    const float round = 12582912.0f; /* 1.5 x 2^23: what is added to it is rounded to an integer */
    ints counts = v > -87.0f;
    v = larger(v, every(-87.0f));
    v = -larger(-v, every(-88.0f));
    floats shifted = v * 1.44269504f + round;
    floats n = shifted - round;
    floats r = v - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    floats p = every(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    ints power = ((ints)shifted - 0x4b400000 + 127) << 23;
    return (floats)((ints)(p * (floats)power) & counts);
}
