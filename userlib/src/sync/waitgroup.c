// SPDX-License-Identifier: MIT
/*
 * Wait groups.
 *
 * Invariant, whenever the lock is free: waiters are queued only while the counter
 * is above 0.  So the one who brings it to 0 takes the whole queue, and a woken
 * waiter need not look again: the group may be in use for the next round by then,
 * or be gone, which is why nobody touches it after the unlock.
 */
#include <stddef.h>

#include <gosched.h>

#include "../sched/sched.h"
#include "waitq.h"

_Static_assert(sizeof(go_lock_t) == sizeof(uint32_t), "the lock of a go_waitgroup is a uint32_t");

static go_lock_t *lock_of(go_waitgroup *wg)
{
	return (go_lock_t *)&wg->lock;
}

/* Let a slow page fault happen here, not under the lock. */
static void touch(go_waitgroup *wg)
{
	(void)atomic_load_explicit(&lock_of(wg)->word, memory_order_relaxed);
}

void go_waitgroup_add(go_waitgroup *wg, int delta)
{
	struct go_waiter *w = NULL, *next;
	int32_t count;

	touch(wg);
	go_lock(lock_of(wg));
	if (__builtin_add_overflow(wg->count, delta, &count) || count < 0) {
		go_unlock(lock_of(wg));
		go_panic("sync: negative WaitGroup counter");
	}
	wg->count = count;
	if (count == 0)
		w = go_waitq_take(&wg->waiters);
	go_unlock(lock_of(wg));

	for (; w; w = next) {
		next = w->next;
		go_ready(w->g, true);
	}
}

void go_waitgroup_done(go_waitgroup *wg)
{
	go_waitgroup_add(wg, -1);
}

void go_waitgroup_wait(go_waitgroup *wg)
{
	struct go_waiter self = { .g = go_self() };

	touch(wg);
	go_lock(lock_of(wg));
	if (wg->count == 0) {
		go_unlock(lock_of(wg));
		return;
	}
	go_waitq_push(&wg->waiters, &self);
	go_park(go_park_unlock, lock_of(wg), GO_WAIT_WAITGROUP);
}
