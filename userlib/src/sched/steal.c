// SPDX-License-Identifier: MIT
/*
 * Work from elsewhere: other P's queues and timers.
 */
#include <time.h>

#include <gosched.h>

#include "types.h"

#define STEAL_ROUNDS	4

static uint32_t random_next(struct go_m *m)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 17;
	m->random ^= m->random << 5;
	return m->random;
}

/*
 * A goroutine in a next slot is about to be run by that P, whose goroutine is likely
 * to park in a moment.  Only take it when it is still there a little later.
 */
static void back_off(struct go_p *victim)
{
	const struct timespec ts = { .tv_nsec = 3000 };

	if (atomic_load_explicit(&victim->next, memory_order_relaxed))
		nanosleep(&ts, NULL);
}

static struct go_g *steal_from(struct go_p *p, struct go_p *victim, bool last_round)
{
	struct go_g *g;

	g = go_runq_steal(p, victim, false);
	if (g || !last_round)
		return g;
	if (go_timer_due(victim)) {
		go_timer_run(victim, go_now());
		g = go_runq_take(p);
		if (g)
			return g;
	}
	back_off(victim);
	return go_runq_steal(p, victim, true);
}

/* Look for a goroutine for @p, whose queue is empty, at all other P's. */
struct go_g *go_steal(struct go_m *m, struct go_p *p)
{
	unsigned int nr = atomic_load_explicit(&m->rt->nr_used, memory_order_relaxed);
	unsigned int round, i, start;
	struct go_g *g;

	for (round = 1; round <= STEAL_ROUNDS; round++) {
		start = random_next(m) % nr;
		for (i = 0; i < nr; i++) {
			struct go_p *victim = &m->rt->procs[(start + i) % nr];

			if (victim == p)
				continue;
			g = steal_from(p, victim, round == STEAL_ROUNDS);
			if (g)
				return g;
		}
	}
	return NULL;
}

/*
 * P's that go_maxprocs() has put out of use may have been taken from M's in user code,
 * with goroutines in their queues, timers and I/O.  Nobody but thieves would look at
 * them again, and thieves come only when there is nothing else to do.
 */
void go_adopt_orphans(struct go_rt *rt, struct go_p *p)
{
	unsigned int nr = atomic_load_explicit(&rt->nr_used, memory_order_relaxed);
	unsigned int i;

	for (i = go_load(&rt->header->nr_procs); i < nr; i++) {
		struct go_p *orphan = &rt->procs[i];
		struct go_gqueue batch = {};
		struct go_g *g;

		if (orphan == p)
			continue;
		if (go_timer_due(orphan))
			go_timer_run(orphan, go_now());
		go_io_harvest(orphan);
		while ((g = go_runq_rob(orphan)))
			go_gqueue_push(&batch, g);
		go_global_put(rt, &batch);
	}
}
