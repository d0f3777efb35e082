// SPDX-License-Identifier: MIT
/*
 * Critical sections, locks and futexes.
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <gosched.h>

#include "types.h"

/* Should this M not go on with library code? */
static bool is_barred(struct go_m *m)
{
	return m->blocking || atomic_load_explicit(&m->rt->stopping, memory_order_relaxed);
}

__attribute__((cold)) static void stop_here(struct go_m *m)
{
	if (m->blocking)
		go_fatal("library call between go_blocking_begin and go_blocking_end");
	go_leave_for_good(m);
}

/*
 * The counter is the M's own: an M that is stopped between the load and the store
 * finds it as it was, and the goroutine does not change its M here.
 */
void go_crit_enter(void)
{
	struct go_m *m = go_m();
	uint32_t depth;

	if (!m)
		return;
	depth = m->slot->crit;
	go_store(&m->slot->crit, depth + 1);
	go_barrier();
	if (!depth && __builtin_expect(is_barred(m), 0))
		stop_here(m);
}

void go_crit_exit(void)
{
	struct go_m *m = go_m();
	uint32_t depth;

	if (!m)
		return;
	go_barrier();
	depth = m->slot->crit - 1;
	go_store(&m->slot->crit, depth);
	go_barrier();
	if (!depth && __builtin_expect(go_load(&m->slot->flags) & GOSCHED_M_NEED_RESCHED, 0))
		go_yield();
}

static long futex(_Atomic uint32_t *word, int op, uint32_t value, const struct timespec *ts)
{
	int saved = errno;
	long ret;

	ret = syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, ts, NULL,
		      FUTEX_BITSET_MATCH_ANY);
	errno = saved;
	return ret;
}

/* Sleep while *word is @value, until woken, a signal or @deadline (0: none). */
void go_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t deadline)
{
	struct timespec ts = {
		.tv_sec = deadline / GO_SECOND,
		.tv_nsec = deadline % GO_SECOND,
	};

	futex(word, FUTEX_WAIT_BITSET, value, deadline ? &ts : NULL);
}

void go_futex_wake(_Atomic uint32_t *word, int nr)
{
	futex(word, FUTEX_WAKE, (uint32_t)nr, NULL);
}

/*
 * The word: 0 unlocked, 1 locked, 2 locked and perhaps somebody sleeps.
 */
#define LOCK_SPINS	100

static bool lock_try(go_lock_t *lock)
{
	uint32_t unlocked = 0;

	return atomic_compare_exchange_strong_explicit(&lock->word, &unlocked, 1,
						       memory_order_acquire,
						       memory_order_relaxed);
}

static void lock_wait(go_lock_t *lock)
{
	int i;

	for (i = 0; i < LOCK_SPINS; i++) {
		if (!atomic_load_explicit(&lock->word, memory_order_relaxed) && lock_try(lock))
			return;
		go_pause();
	}
	while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire))
		go_futex_wait(&lock->word, 2, 0);
}

void go_lock(go_lock_t *lock)
{
	go_crit_enter();
	if (!lock_try(lock))
		lock_wait(lock);
}

bool go_trylock(go_lock_t *lock)
{
	go_crit_enter();
	if (lock_try(lock))
		return true;
	go_crit_exit();
	return false;
}

/* A full barrier. */
void go_unlock(go_lock_t *lock)
{
	if (atomic_exchange_explicit(&lock->word, 0, memory_order_seq_cst) == 2)
		go_futex_wake(&lock->word, 1);
	go_crit_exit();
}
