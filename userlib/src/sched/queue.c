// SPDX-License-Identifier: MIT
/*
 * Run queues: one per P, and a global one.
 *
 * A P's queue is a ring of 256 goroutines and a *next* slot in front of it.  The
 * holder of the P puts and takes; others may only steal: from the head of the ring,
 * by compare-and-exchange, and the goroutine in the next slot, by exchange.  What
 * does not fit goes to the global queue, half a ring at a time.
 *
 * A goroutine that is made ready by another goes to the next slot: it is likely to
 * work on what the other has just produced.  It runs in the rest of the other's
 * slice: the P's tick does not move.  So that two that wake each other all the time
 * do not starve the ring, it gets its turn after STREAK_MAX goroutines from the slot.
 *
 * pslot->runnable is the exact number of goroutines in ring and slot, as the kernel
 * and idle M's go to sleep by it.  It is changed by atomic additions, up after a
 * goroutine is in and down after it is out.  So it is never too low, except for the
 * moment in which a goroutine is stolen before it has been counted; then it is below
 * zero, which also reads as not empty.  The addition is the full barrier between
 * "store the count" and "look at header->idle" (see <linux/gosched.h>).
 */
#include <gosched.h>

#include "types.h"

#define STREAK_MAX	61
#define GLOBAL_BATCH	(GO_RUNQ_SIZE / 2)

void go_gqueue_push(struct go_gqueue *q, struct go_g *g)
{
	g->next = NULL;
	if (q->tail)
		q->tail->next = g;
	else
		q->head = g;
	q->tail = g;
	q->nr++;
}

struct go_g *go_gqueue_pop(struct go_gqueue *q)
{
	struct go_g *g = q->head;

	if (!g)
		return NULL;
	q->head = g->next;
	if (!q->head)
		q->tail = NULL;
	q->nr--;
	return g;
}

static void count_add(struct go_p *p, uint32_t n)
{
	__atomic_fetch_add(&p->slot->runnable, n, __ATOMIC_SEQ_CST);
}

static void count_sub(struct go_p *p, uint32_t n)
{
	__atomic_fetch_sub(&p->slot->runnable, n, __ATOMIC_SEQ_CST);
}

static struct go_g *ring_get(struct go_p *p, uint32_t i)
{
	return atomic_load_explicit(&p->ring_slots[i % GO_RUNQ_SIZE], memory_order_relaxed);
}

static void ring_set(struct go_p *p, uint32_t i, struct go_g *g)
{
	atomic_store_explicit(&p->ring_slots[i % GO_RUNQ_SIZE], g, memory_order_relaxed);
}

/* Claim the entries from @head on to @head + @n; fails when another was faster. */
static bool ring_claim(struct go_p *p, uint32_t head, uint32_t n)
{
	return atomic_compare_exchange_strong_explicit(&p->head, &head, head + n,
						       memory_order_acq_rel,
						       memory_order_acquire);
}

/* The ring is full: half of it and @g go to the global queue. */
static bool overflow(struct go_rt *rt, struct go_p *p, uint32_t head, struct go_g *g)
{
	struct go_g *moved[GO_RUNQ_SIZE / 2];
	struct go_gqueue batch = {};
	uint32_t i;

	for (i = 0; i < GO_RUNQ_SIZE / 2; i++)
		moved[i] = ring_get(p, head + i);
	if (!ring_claim(p, head, GO_RUNQ_SIZE / 2))
		return false;
	for (i = 0; i < GO_RUNQ_SIZE / 2; i++)
		go_gqueue_push(&batch, moved[i]);
	go_gqueue_push(&batch, g);
	go_global_put(rt, &batch);
	count_sub(p, GO_RUNQ_SIZE / 2);
	return true;
}

/* Put at the tail, without counting; false when it went to the global queue. */
static bool ring_put(struct go_rt *rt, struct go_p *p, struct go_g *g)
{
	uint32_t tail = atomic_load_explicit(&p->tail, memory_order_relaxed);
	uint32_t head;

	for (;;) {
		/* Pairs with the claim of a thief: its reads of the slots are over. */
		head = atomic_load_explicit(&p->head, memory_order_acquire);
		if (tail - head < GO_RUNQ_SIZE) {
			ring_set(p, tail, g);
			/* Pairs with the acquire in go_runq_steal(). */
			atomic_store_explicit(&p->tail, tail + 1, memory_order_release);
			return true;
		}
		if (overflow(rt, p, head, g))
			return false;
	}
}

/*
 * Put a runnable goroutine on the queue of @p, which the caller holds: into the next
 * slot, whose goroutine then goes to the tail, or to the tail.  A full barrier.
 */
void go_runq_put(struct go_rt *rt, struct go_p *p, struct go_g *g, bool next)
{
	if (next) {
		g = atomic_exchange(&p->next, g);
		if (!g) {
			count_add(p, 1);
			return;
		}
	}
	if (ring_put(rt, p, g))
		count_add(p, 1);
}

static struct go_g *take_next(struct go_p *p)
{
	struct go_g *g;

	if (!atomic_load_explicit(&p->next, memory_order_relaxed))
		return NULL;
	g = atomic_exchange(&p->next, NULL);
	if (g)
		count_sub(p, 1);
	return g;
}

static struct go_g *take_head(struct go_p *p)
{
	uint32_t head = atomic_load_explicit(&p->head, memory_order_acquire);
	struct go_g *g;

	while (head != atomic_load_explicit(&p->tail, memory_order_acquire)) {
		g = ring_get(p, head);
		if (atomic_compare_exchange_weak_explicit(&p->head, &head, head + 1,
							  memory_order_acq_rel,
							  memory_order_acquire)) {
			count_sub(p, 1);
			return g;
		}
	}
	return NULL;
}

/* A goroutine begins a slice of its own on @p. */
static void begin_slice(struct go_p *p)
{
	p->streak = 0;
	go_store(&p->slot->tick, p->slot->tick + 1);
}

/* The next goroutine to run from the queue of @p, which the caller holds. */
struct go_g *go_runq_take(struct go_p *p)
{
	struct go_g *g;

	if (p->streak < STREAK_MAX) {
		g = take_next(p);
		if (g) {
			p->streak++;
			return g;
		}
	}
	g = take_head(p);
	if (!g)
		g = take_next(p);
	if (g)
		begin_slice(p);
	return g;
}

/* One goroutine from the queue of a P that nobody holds, or somebody else. */
struct go_g *go_runq_rob(struct go_p *p)
{
	struct go_g *g = take_head(p);

	return g ? g : take_next(p);
}

/*
 * Move half of the ring of @victim to that of @p, which the caller holds and which
 * is empty, and return one of them.  With @next_too a lone goroutine in the next slot
 * may be taken as well.
 */
struct go_g *go_runq_steal(struct go_p *p, struct go_p *victim, bool next_too)
{
	uint32_t mine = atomic_load_explicit(&p->tail, memory_order_relaxed);
	uint32_t head, n, i;

	for (;;) {
		head = atomic_load_explicit(&victim->head, memory_order_acquire);
		n = atomic_load_explicit(&victim->tail, memory_order_acquire) - head;
		n -= n / 2;
		if (!n)
			return next_too ? take_next(victim) : NULL;
		if (n > GO_RUNQ_SIZE / 2)
			continue;	/* head and tail are not of the same moment */
		for (i = 0; i < n; i++)
			ring_set(p, mine + i, ring_get(victim, head + i));
		if (ring_claim(victim, head, n))
			break;
	}
	if (n > 1) {
		atomic_store_explicit(&p->tail, mine + n - 1, memory_order_release);
		count_add(p, n - 1);
	}
	count_sub(victim, n);
	begin_slice(p);
	return ring_get(p, mine + n - 1);
}

/* Is any goroutine on any queue? */
bool go_runq_has_work(struct go_rt *rt)
{
	unsigned int i, nr = atomic_load_explicit(&rt->nr_used, memory_order_relaxed);

	if (go_load(&rt->header->runnable))
		return true;
	for (i = 0; i < nr; i++)
		if (go_load(&rt->procs[i].slot->runnable))
			return true;
	return false;
}

/* Append @batch to the global queue. */
void go_global_put(struct go_rt *rt, struct go_gqueue *batch)
{
	if (!batch->head)
		return;
	go_lock(&rt->global_lock);
	if (rt->global.tail)
		rt->global.tail->next = batch->head;
	else
		rt->global.head = batch->head;
	rt->global.tail = batch->tail;
	rt->global.nr += batch->nr;
	go_store(&rt->header->runnable, rt->global.nr);
	go_unlock(&rt->global_lock);
}

/* Take a fair share of the global queue: one is returned, the rest go to @p's ring. */
struct go_g *go_global_take(struct go_rt *rt, struct go_p *p)
{
	uint32_t room, n, i, nr_procs = go_load(&rt->header->nr_procs);
	struct go_g *first;

	if (!go_load(&rt->header->runnable))
		return NULL;
	room = GO_RUNQ_SIZE - (atomic_load_explicit(&p->tail, memory_order_relaxed) -
			       atomic_load_explicit(&p->head, memory_order_acquire));
	go_lock(&rt->global_lock);
	n = rt->global.nr / (nr_procs ? nr_procs : 1) + 1;
	if (n > GLOBAL_BATCH)
		n = GLOBAL_BATCH;
	first = go_gqueue_pop(&rt->global);
	for (i = 1; i < n && i < room && rt->global.head; i++) {
		ring_put(rt, p, go_gqueue_pop(&rt->global));
		count_add(p, 1);
	}
	go_store(&rt->header->runnable, rt->global.nr);
	go_unlock(&rt->global_lock);
	if (first)
		begin_slice(p);
	return first;
}
