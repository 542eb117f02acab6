/* What the processor and the system allow, by cpuid and xgetbv (Intel's manual, volume 1, 13.5 and
 * 15.2 to 15.4). A compiler's __builtin_cpu_supports is not used: zig's answers 0 to everything. */
#include "cpu.h"

#include <cpuid.h>
#include <stdint.h>

#include "kernels.h"

enum { OSXSAVE = 1 << 27, FMA = 1 << 12 };                           /* leaf 1, ecx */
enum { HAS_AVX2 = 1 << 5, F = 1 << 16, DQ = 1 << 17, BW = 1 << 30 }; /* leaf 7, ebx */
static const uint32_t VL = 1u << 31;                                 /* leaf 7, ebx */
enum { VNNI = 1 << 11 };                                             /* leaf 7, ecx */
enum { YMM = 0x06, ZMM = 0xe6 };                                     /* xcr0: what the system keeps */

static uint32_t kept_state(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static int all_of(uint32_t value, uint32_t bits) { return (value & bits) == bits; }

int cpu_level(void) {
    uint32_t a, b, c, d, state;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !all_of(c, OSXSAVE | FMA)) return PLAIN;
    state = kept_state();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return PLAIN;
    if (!all_of(b, HAS_AVX2) || !all_of(state, YMM)) return PLAIN;
    int wide = all_of(b, F | DQ | BW | VL) && all_of(c, VNNI) && all_of(state, ZMM);
    return wide ? AVX512 : AVX2;
}
