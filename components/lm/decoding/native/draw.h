/* Drawing the next token of a row from the nucleus of its logits. Mirrored by layout.py. */
#pragma once
#include <stdint.h>

struct draw {
    int64_t row;        /* of the logits */
    double temperature; /* 0: the most probable token */
    double top_p;
    double uniform;     /* from [0, 1) */
    double above;       /* only tokens of a larger weight are drawn; 0 at first */
    int64_t token;      /* what was drawn */
    int64_t outside;    /* whether it lies outside of the nucleus: then draw again */
};
