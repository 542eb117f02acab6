/* Threads that spin briefly, since the next phase is a few microseconds away, and then sleep, since
 * whoever they wait for may need their processor. */
#include "pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_THREADS = 256, SPINS = 2000 }; /* some 30 microseconds */

struct crew {
    int size;
    _Alignas(64) atomic_uint phase;
    atomic_int sleepers;
    _Alignas(64) atomic_int arrived;
    _Alignas(64) atomic_llong taken[2]; /* of this phase and the next, by the phase's parity */
};

struct helper {
    _Alignas(64) atomic_uint calls;
    atomic_int sleeps;
    int member;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t turn;
    unsigned long next_ticket, serving;
    int helpers, prepared;
    job work;
    void *context;
    struct crew crew;
    struct helper helper[MOST_THREADS];
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .turn = PTHREAD_COND_INITIALIZER};

static void wait_while(atomic_uint *word, unsigned value, atomic_int *sleepers) {
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(word, memory_order_acquire) != value) return;
        __builtin_ia32_pause();
    }
    atomic_fetch_add(sleepers, 1);
    while (atomic_load(word) == value)
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
    atomic_fetch_sub(sleepers, 1);
}

static void advance(atomic_uint *word, atomic_int *sleepers) {
    atomic_fetch_add(word, 1);
    if (atomic_load(sleepers))
        syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, MOST_THREADS, NULL, NULL, 0);
}

int crew_size(const struct crew *crew) { return crew->size; }

int64_t crew_take(struct crew *crew, int64_t count, int64_t units) {
    unsigned phase = atomic_load_explicit(&crew->phase, memory_order_relaxed);
    int64_t first = atomic_fetch_add_explicit(&crew->taken[phase & 1], count, memory_order_relaxed);
    return first < units ? first : units;
}

void crew_meet(struct crew *crew) {
    unsigned phase = atomic_load_explicit(&crew->phase, memory_order_relaxed);
    int others = crew->size - 1; /* read first: whoever has arrived may meet the next job's */
    if (atomic_fetch_add(&crew->arrived, 1) < others) {
        wait_while(&crew->phase, phase, &crew->sleepers);
        return;
    }
    atomic_store_explicit(&crew->arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&crew->taken[(phase + 1) & 1], 0, memory_order_relaxed);
    advance(&crew->phase, &crew->sleepers);
}

static void *help(void *own) {
    struct helper *helper = own;
    for (unsigned calls = 0;; calls++) {
        wait_while(&helper->calls, calls, &helper->sleeps);
        pool.work(pool.context, &pool.crew, helper->member);
        crew_meet(&pool.crew);
    }
    return NULL;
}

/* After a fork the child has no helpers. */
static void forget(void) {
    memset(&pool, 0, sizeof pool);
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.turn, NULL);
    pool.prepared = 1;
}

/* Signals are for the threads of the program. */
static int start_helper(struct helper *helper) {
    pthread_t thread;
    sigset_t every, before;
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    int failed = pthread_create(&thread, NULL, help, helper);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed) pthread_detach(thread);
    return !failed;
}

static void have_helpers(int count) {
    if (!pool.prepared) pool.prepared = !pthread_atfork(NULL, NULL, forget);
    while (pool.helpers < count) {
        pool.helper[pool.helpers].member = pool.helpers + 1;
        if (!start_helper(&pool.helper[pool.helpers])) return;
        pool.helpers++;
    }
}

static void wait_for_turn(void) {
    pthread_mutex_lock(&pool.lock);
    unsigned long ticket = pool.next_ticket++;
    while (ticket != pool.serving) pthread_cond_wait(&pool.turn, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
}

static void end_turn(void) {
    pthread_mutex_lock(&pool.lock);
    pool.serving++;
    pthread_cond_broadcast(&pool.turn);
    pthread_mutex_unlock(&pool.lock);
}

void pool_run(int threads, job work, void *context) {
    wait_for_turn();
    int wanted = (threads < MOST_THREADS ? threads : MOST_THREADS) - 1;
    have_helpers(wanted);
    int helpers = wanted < pool.helpers ? wanted : pool.helpers;
    pool.work = work;
    pool.context = context;
    pool.crew.size = helpers + 1;
    for (int i = 0; i < helpers; i++) advance(&pool.helper[i].calls, &pool.helper[i].sleeps);
    work(context, &pool.crew, 0);
    crew_meet(&pool.crew);
    end_turn();
}
