// SPDX-License-Identifier: MIT
/*
 * Parking, readying and yielding.
 *
 * Lost wake-up.  A goroutine puts itself on some list under a lock, unlocks and then
 * parks.  Wrong:
 *
 *   goroutine A                       another M
 *   on the list; unlock
 *                                     lock; A off the list; go_ready(A)
 *                                     runs A from its old context, while A
 *   saves its context                 still runs here
 *
 * So the unlock comes last, as the commit of the park: on the scheduler's stack, when
 * A's context has been saved and its state is WAITING.
 *
 *   goroutine A                       another M
 *   lock; on the list
 *   saves its context; WAITING
 *   commit: unlock (release)
 *                                     lock (acquire); A off the list
 *                                     go_ready(A): all of A's context is there
 *
 * From the commit on the M that parked A touches nothing of A: it may run elsewhere.
 */
#include <gosched.h>

#include "types.h"

const char *const go_wait_reason_names[GO_WAIT_NR] = {
	[GO_WAIT_NONE]			= "",
	[GO_WAIT_CHAN_RECEIVE]		= "chan receive",
	[GO_WAIT_CHAN_SEND]		= "chan send",
	[GO_WAIT_CHAN_RECEIVE_NIL]	= "chan receive (nil chan)",
	[GO_WAIT_CHAN_SEND_NIL]		= "chan send (nil chan)",
	[GO_WAIT_SELECT]		= "select",
	[GO_WAIT_SLEEP]			= "sleep",
	[GO_WAIT_IO]			= "IO wait",
	[GO_WAIT_WAITGROUP]		= "sync.WaitGroup.Wait",
};

struct go_g *go_self(void)
{
	struct go_m *m = go_m();

	return m ? m->curg : NULL;
}

void *go_g_param(struct go_g *g)
{
	return g->param;
}

void go_g_set_param(struct go_g *g, void *param)
{
	g->param = param;
}

static struct go_g *after_park(struct go_m *m, struct go_g *g)
{
	bool io = m->why == GO_WAIT_IO;

	g->why = m->why;
	go_g_set_state(g, GO_G_RUNNING, GO_G_WAITING);
	if (m->commit && !m->commit(g, m->commit_lock)) {
		go_g_set_state(g, GO_G_WAITING, GO_G_RUNNABLE);
		return g;
	}
	if (io)
		go_poll_need(m->rt, INT64_MAX);
	return NULL;
}

void go_park(bool (*commit)(struct go_g *g, void *lock), void *lock, enum go_wait_reason why)
{
	struct go_m *m;

	if (!go_self())
		go_fatal("a call that waits, outside a goroutine: make it from what go_run() runs");
	go_crit_enter();
	m = go_m();
	m->commit = commit;
	m->commit_lock = lock;
	m->why = why;
	go_leave_to(m, after_park);
	go_crit_exit();
}

bool go_park_unlock(struct go_g *g, void *lock)
{
	(void)g;
	go_unlock(lock);
	return true;
}

void go_ready(struct go_g *g, bool next)
{
	struct go_m *m;

	go_crit_enter();
	m = go_m();
	if (!m)
		go_fatal("a goroutine was woken from a thread of your own: only goroutines may do that");
	go_g_set_state(g, GO_G_WAITING, GO_G_RUNNABLE);
	go_runq_put(m->rt, go_m_proc(m), g, next);
	go_wake(m->rt);
	go_crit_exit();
}

static struct go_g *after_yield(struct go_m *m, struct go_g *g)
{
	bool slice_over = go_load(&m->slot->flags) & GOSCHED_M_NEED_RESCHED;

	go_g_set_state(g, GO_G_RUNNING, GO_G_RUNNABLE);
	go_runq_put(m->rt, go_m_proc(m), g, false);
	if (slice_over) {
		__atomic_fetch_and(&m->slot->flags, ~GOSCHED_M_NEED_RESCHED, __ATOMIC_RELAXED);
		/* An M whose block has ended takes precedence over the run queue. */
		if (go_load(&m->rt->header->waiting))
			m->rt->backend->yield(m);
	}
	return NULL;
}

void go_yield(void)
{
	if (!go_self())
		return;
	go_crit_enter();
	go_leave_to(go_m(), after_yield);
	go_crit_exit();
}
