/* Threads that work through one job together, phase by phase. */
#pragma once
#include <stdint.h>

struct crew;
typedef void (*job)(void *context, struct crew *crew, int member);

/* Have `threads` members, the caller among them, run `work`; returns when all have. Callers that
 * come at the same time wait for each other in turn, so that never more than one crew computes. */
void pool_run(int threads, job work, void *context);

/* Up to `count` units of this phase's `units` that nobody took yet: the first, or `units`. */
int64_t crew_take(struct crew *crew, int64_t count, int64_t units);

/* End this phase: wait until every member has, then all units of the next can be taken. */
void crew_meet(struct crew *crew);

int crew_size(const struct crew *crew);
