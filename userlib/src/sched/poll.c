// SPDX-License-Identifier: MIT
/*
 * The poller: the one idle M that waits for I/O and timers of all P's.
 *
 * rt->poll_until says up to when it waits: 0 nobody polls, INT64_MAX no deadline.
 * header->attention is 1 when I/O or timers are pending and nobody polls; it counts
 * as runnable work, so the kernel gives an idle P to a spare M, which finds nothing
 * to run and becomes the poller.
 *
 * Both change under poll_lock, but something that begins to be pending is not under
 * it.  Lost wake-up: the poller finds nothing pending and leaves attention at 0, or
 * sleeps with too late a deadline, while another M adds a timer and sees that
 * somebody polls or that attention is 1.  Hence
 *
 *   add:   store the deadline (or publish the operation)
 *          (A) full barrier
 *          look at poll_until and attention
 *   poll:  store poll_until or attention
 *          (B) full barrier
 *          look at deadlines and operations
 *
 * so that at least one of the two sees the other.
 */
#include <gosched.h>

#include "types.h"

/* The earliest timer of all P's, 0 for none. */
static int64_t earliest(struct go_rt *rt)
{
	unsigned int i, nr = atomic_load_explicit(&rt->nr_used, memory_order_relaxed);
	int64_t when, first = 0;

	for (i = 0; i < nr; i++) {
		when = go_timer_deadline(&rt->procs[i]);
		if (when && (!first || when < first))
			first = when;
	}
	return first;
}

static bool is_pending(struct go_rt *rt)
{
	return earliest(rt) || go_io_pending();
}

static void set_until(struct go_rt *rt, int64_t until)
{
	atomic_store_explicit(&rt->poll_until, until, memory_order_relaxed);
}

static bool become_poller(struct go_rt *rt)
{
	bool mine = false;
	int64_t first;

	go_lock(&rt->poll_lock);
	if (atomic_load(&rt->poll_until))
		goto out;
	go_store(&rt->header->attention, 0);
	atomic_thread_fence(memory_order_seq_cst);	/* (B) */
	if (!is_pending(rt))
		goto out;
	/* A timer added from here on kicks; then the deadline may still be too late. */
	set_until(rt, INT64_MAX);
	atomic_thread_fence(memory_order_seq_cst);	/* (B) */
	first = earliest(rt);
	if (first)
		set_until(rt, first);
	mine = true;
out:
	go_unlock(&rt->poll_lock);
	return mine;
}

/* What the idle M is to wait for; true when it is the poller. */
bool go_poll_begin(struct go_rt *rt, struct go_backend_wait *w)
{
	int64_t until;

	*w = (struct go_backend_wait){ .fd = -1 };
	if (!become_poller(rt))
		return false;
	until = atomic_load(&rt->poll_until);
	w->deadline = until == INT64_MAX ? 0 : until;
	w->fd = go_io_poll_begin();
	return true;
}

/* The poller is back. */
void go_poll_end(struct go_rt *rt)
{
	go_io_poll_end();
	go_lock(&rt->poll_lock);
	set_until(rt, 0);
	atomic_thread_fence(memory_order_seq_cst);	/* (B) */
	if (is_pending(rt))
		go_store(&rt->header->attention, 1);
	go_unlock(&rt->poll_lock);
}

/*
 * Something is pending that somebody has to look after at @when at the latest (a timer)
 * or at any time (I/O: INT64_MAX).
 */
void go_poll_need(struct go_rt *rt, int64_t when)
{
	int64_t until;
	bool set = false;

	atomic_thread_fence(memory_order_seq_cst);	/* (A) */
	until = atomic_load(&rt->poll_until);
	if (until) {
		if (when < until)
			go_io_kick();
		return;
	}
	if (go_load(&rt->header->attention))
		return;
	go_lock(&rt->poll_lock);
	if (!atomic_load(&rt->poll_until)) {
		go_store(&rt->header->attention, 1);
		set = true;
	}
	go_unlock(&rt->poll_lock);
	if (set)
		go_wake(rt);
}
