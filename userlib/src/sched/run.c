// SPDX-License-Identifier: MIT
/*
 * The scheduler: the loop that each M runs on its own stack.
 *
 * An M that holds a P looks for a runnable goroutine: on the P's queue, on the global
 * one, among the completions of the P's I/O, at other P's.  With none it gives the P
 * up and waits in the backend until it is given one.
 *
 * Waking.  Whoever makes a goroutine runnable rings an idle P, if there is one and
 * no M is *spinning*, that is looking for work at other P's or about to.  Ringing
 * for each goroutine would wake more M's than there is work; not ringing at all would
 * leave P's idle.  A spinning M that finds work and was the last one rings in turn,
 * so there are more as long as there is work.
 *
 * The delicate race is between an M that stops spinning and a new goroutine:
 *
 *   new goroutine: put it on a queue; (A) full barrier; is anybody spinning, any P idle?
 *   M:             stop spinning; (B) full barrier; look at all queues once more; wait
 *
 * Either the M sees the goroutine, or the other sees that nobody spins.  It may not see
 * the P idle yet; but the backend's wait looks at all counts once more, after it has
 * published that the P is idle.
 *
 * Rejected: leaving the spinning to the backend (it does not know the queues); a count
 * of work that may be too high after a theft (an M would be sent back from wait() over
 * and over, with nothing to steal).
 */
#include <gosched.h>

#include "types.h"

/*
 * Every so many passes the scheduler looks first at what would otherwise starve behind
 * a queue that never runs dry.  A prime, as in Go, so that it does not beat with
 * patterns in the program.
 */
#define FAIR_PASSES	61

static void start_spinning(struct go_m *m)
{
	if (m->spinning)
		return;
	m->spinning = true;
	atomic_fetch_add(&m->rt->spinning, 1);
}

/* A full barrier.  Whether it was the last one. */
static bool stop_spinning(struct go_m *m)
{
	m->spinning = false;
	return atomic_fetch_sub(&m->rt->spinning, 1) == 1;
}

/* Get an idle P going, after a full barrier: there is work. */
void go_wake(struct go_rt *rt)
{
	int saved;

	if (!go_load(&rt->header->idle) ||
	    atomic_load_explicit(&rt->spinning, memory_order_relaxed))
		return;
	saved = errno;
	if (rt->backend->ring() == -ENOENT) {
		if (atomic_load(&rt->poll_until))
			go_io_kick();
		else
			go_m_want_spare(rt);
	}
	errno = saved;
}

static bool holds_proc(struct go_m *m)
{
	return go_load(&m->slot->proc) != GOSCHED_NO_PROC;
}

static bool holds_retired_proc(struct go_m *m)
{
	return holds_proc(m) && go_load(&m->slot->proc) >= go_load(&m->rt->header->nr_procs);
}

static bool is_stopping(struct go_rt *rt)
{
	return atomic_load_explicit(&rt->stopping, memory_order_relaxed);
}

/* The P has been put out of use: leave nothing behind and give it up. */
static void retire_proc(struct go_m *m)
{
	struct go_p *p = go_m_proc(m);
	struct go_gqueue batch = {};
	struct go_g *g;

	while ((g = go_runq_rob(p)))
		go_gqueue_push(&batch, g);
	go_global_put(m->rt, &batch);
	go_wake(m->rt);
	m->rt->backend->yield(m);
}

static struct go_g *look_fairly(struct go_m *m)
{
	struct go_rt *rt = m->rt;

	if (go_load(&rt->header->waiting) && rt->backend->yield(m))
		return NULL;
	go_adopt_orphans(rt, go_m_proc(m));
	go_io_harvest(go_m_proc(m));
	return go_global_take(rt, go_m_proc(m));
}

/* A goroutine from the P's own queue, timers and I/O, or from the global queue. */
static struct go_g *look_here(struct go_m *m)
{
	struct go_p *p = go_m_proc(m);
	struct go_g *g;

	if (++p->pass % FAIR_PASSES == 0) {
		g = look_fairly(m);
		if (g || !holds_proc(m))
			return g;
		p = go_m_proc(m);
	}
	if (go_timer_due(p))
		go_timer_run(p, go_now());
	g = go_runq_take(p);
	if (!g)
		g = go_global_take(m->rt, p);
	if (!g && go_io_harvest(p))
		g = go_runq_take(p);
	return g;
}

/* Steal, unless half of the busy P's have an M that does so already. */
static struct go_g *look_around(struct go_m *m)
{
	struct gosched_header *h = m->rt->header;
	uint32_t spinning = atomic_load_explicit(&m->rt->spinning, memory_order_relaxed);

	if (!m->spinning && 2 * spinning >= go_load(&h->nr_procs) - go_load(&h->idle))
		return NULL;
	start_spinning(m);
	return go_steal(m, go_m_proc(m));
}

static void run_all_timers(struct go_rt *rt)
{
	unsigned int i, nr = atomic_load_explicit(&rt->nr_used, memory_order_relaxed);

	for (i = 0; i < nr; i++)
		if (go_timer_due(&rt->procs[i]))
			go_timer_run(&rt->procs[i], go_now());
}

/* Nothing to run: wait in the backend. */
static void wait_for_work(struct go_m *m)
{
	struct go_rt *rt = m->rt;
	struct go_backend_wait w;
	bool poller;
	int ret;

	if (m->spinning) {
		stop_spinning(m);	/* (B) */
		if (holds_proc(m) && go_runq_has_work(rt)) {
			start_spinning(m);
			return;
		}
	}
	/* An M that has never held a P is not held back yet: it is no poller. */
	w = (struct go_backend_wait){ .fd = -1 };
	poller = holds_proc(m) && go_poll_begin(rt, &w);
	go_m_started(m);
	ret = rt->backend->wait(m, &w);
	if (poller)
		go_poll_end(rt);
	if (ret)
		return;
	start_spinning(m);
	if (poller) {
		go_io_harvest_all();
		run_all_timers(rt);
	}
}

static struct go_g *find_runnable(struct go_m *m)
{
	struct go_g *g;

	for (;;) {
		g = NULL;
		if (is_stopping(m->rt))
			break;
		if (holds_retired_proc(m)) {
			retire_proc(m);
			continue;
		}
		if (holds_proc(m))
			g = look_here(m);
		if (!g && holds_proc(m))
			g = look_around(m);
		if (g)
			break;
		wait_for_work(m);
	}
	if (m->spinning && stop_spinning(m))
		go_wake(m->rt);
	if (g && !go_load(&m->rt->header->spares))
		go_m_want_spare(m->rt);
	return g;
}

void go_g_set_state(struct go_g *g, enum go_g_state from, enum go_g_state to)
{
	if (__builtin_expect(g->state != from, 0))
		go_fatal("goroutine %llu is in state %d instead of %d",
			 (unsigned long long)g->id, (int)g->state, (int)from);
	g->state = to;
}

/* Run @g until it comes back to this stack; the goroutine to run next, or NULL. */
static struct go_g *execute(struct go_m *m, struct go_g *g)
{
	go_g_set_state(g, GO_G_RUNNABLE, GO_G_RUNNING);
	m->curg = g;
	__atomic_store_n(&m->slot->goroutine, g->id, __ATOMIC_RELAXED);
	go_san_leave_sched(&m->san, &g->san);
	go_switch(&m->sched_sp, g->sp);
	go_san_arrive_sched(&m->san);
	__atomic_store_n(&m->slot->goroutine, 0, __ATOMIC_RELAXED);
	m->curg = NULL;
	return m->after(m, g);
}

/* On the M's own stack, inside a critical section; returns when the M is to end. */
void go_sched_loop(struct go_m *m)
{
	struct go_g *g = NULL;

	while (!m->leaving) {
		if (!g)
			g = find_runnable(m);
		if (!g)
			return;
		g = execute(m, g);
	}
}

/*
 * From the goroutine that runs, inside a critical section, to the scheduler, which calls
 * @after.  Returns when the goroutine is run again, perhaps on another M.
 */
void go_leave_to(struct go_m *m, struct go_g *(*after)(struct go_m *m, struct go_g *g))
{
	struct go_g *g = m->curg;

	g->saved_errno = errno;
	m->after = after;
	go_san_leave_g(&g->san, &m->san);
	go_switch(&g->sp, m->sched_sp);
	go_san_arrive_g(&g->san, &go_m()->san);
	errno = g->saved_errno;
}

static struct go_g *after_leave(struct go_m *m, struct go_g *g)
{
	(void)g;
	m->leaving = true;
	return NULL;
}

/*
 * The run is over: the M ends, and with it whatever its goroutine was at.  Inside a
 * critical section.  Does nothing on the scheduler's stack, which finds out by itself.
 */
void go_leave_for_good(struct go_m *m)
{
	if (m->curg)
		go_leave_to(m, after_leave);
}
