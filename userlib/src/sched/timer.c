// SPDX-License-Identifier: MIT
/*
 * Timers: a 4-ary heap per P.
 *
 * A timer goes into the heap of the P that adds it; that P's scheduler fires it, or
 * a thief when that P is busy or idle.  pslot->deadline tells the kernel and the
 * poller when the first one is due.
 *
 * The heap is not in malloc()ed memory: see stack.c.
 */
#include <sys/mman.h>
#include <time.h>

#include <gosched.h>

#include "types.h"

#define ARITY		4
#define FIRST_SIZE	(GO_PAGE_SIZE / sizeof(struct go_timer_entry))

struct go_timer_entry {
	int64_t when;
	struct go_timer_node *node;
};

int64_t go_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * GO_SECOND + ts.tv_nsec;
}

/* When the first timer of @p is due, 0: none. */
int64_t go_timer_deadline(const struct go_p *p)
{
	return (int64_t)__atomic_load_n(&p->slot->deadline, __ATOMIC_RELAXED);
}

bool go_timer_due(const struct go_p *p)
{
	int64_t deadline = go_timer_deadline(p);

	return deadline && deadline <= go_now();
}

static void publish(struct go_p *p)
{
	int64_t when = p->timers.nr ? p->timers.heap[0].when : 0;

	__atomic_store_n(&p->slot->deadline, (uint64_t)when, __ATOMIC_RELAXED);
}

static void sift_up(struct go_timers *ts, size_t i, struct go_timer_entry e)
{
	size_t parent;

	for (; i > 0; i = parent) {
		parent = (i - 1) / ARITY;
		if (ts->heap[parent].when <= e.when)
			break;
		ts->heap[i] = ts->heap[parent];
	}
	ts->heap[i] = e;
}

static void sift_down(struct go_timers *ts, size_t i, struct go_timer_entry e)
{
	size_t child, least, end;

	for (;;) {
		child = i * ARITY + 1;
		if (child >= ts->nr)
			break;
		end = child + ARITY < ts->nr ? child + ARITY : ts->nr;
		for (least = child++; child < end; child++)
			if (ts->heap[child].when < ts->heap[least].when)
				least = child;
		if (e.when <= ts->heap[least].when)
			break;
		ts->heap[i] = ts->heap[least];
		i = least;
	}
	ts->heap[i] = e;
}

static void grow(struct go_timers *ts)
{
	size_t entry = sizeof(*ts->heap);
	size_t size = ts->size ? ts->size * 2 : FIRST_SIZE;
	void *heap;

	if (ts->size)
		heap = mremap(ts->heap, ts->size * entry, size * entry, MREMAP_MAYMOVE);
	else
		heap = mmap(NULL, size * entry, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (heap == MAP_FAILED)
		go_fatal("out of memory");
	ts->heap = heap;
	ts->size = size;
}

static struct go_timer_node *remove_first(struct go_timers *ts)
{
	struct go_timer_node *first = ts->heap[0].node;

	if (--ts->nr)
		sift_down(ts, 0, ts->heap[ts->nr]);
	return first;
}

/* Any M that holds a P. */
void go_timer_add(struct go_timer_node *t)
{
	struct go_timer_entry e = { .when = t->when > 0 ? t->when : 1, .node = t };
	struct go_timers *ts;
	struct go_rt *rt;
	struct go_p *p;
	bool first;

	go_crit_enter();
	p = go_p_self();
	rt = go_m()->rt;
	ts = &p->timers;
	go_lock(&ts->lock);
	if (ts->nr == ts->size)
		grow(ts);
	sift_up(ts, ts->nr++, e);
	first = ts->heap[0].node == t;
	publish(p);
	go_unlock(&ts->lock);
	/* From here on @t may have fired and be gone. */
	if (first)
		go_poll_need(rt, e.when);
	go_crit_exit();
}

/*
 * Fire what is due at @p, which need not be the P that is held.  The lock is not held
 * while a timer fires.
 */
void go_timer_run(struct go_p *p, int64_t now)
{
	struct go_timers *ts = &p->timers;
	struct go_timer_node *t;

	go_lock(&ts->lock);
	while (ts->nr && ts->heap[0].when <= now) {
		t = remove_first(ts);
		publish(p);
		go_unlock(&ts->lock);
		t->fire(t, now);
		go_lock(&ts->lock);
	}
	go_unlock(&ts->lock);
}

void go_timers_unmap(struct go_p *p)
{
	if (p->timers.size)
		munmap(p->timers.heap, p->timers.size * sizeof(*p->timers.heap));
}

/*
 * go_sleep()
 */
struct sleeper {
	struct go_timer_node timer;
	struct go_g *g;
};

static void wake_sleeper(struct go_timer_node *t, int64_t now)
{
	struct sleeper *s = (struct sleeper *)((char *)t - offsetof(struct sleeper, timer));

	(void)now;
	go_ready(s->g, false);
}

static bool commit_sleep(struct go_g *g, void *timer)
{
	(void)g;
	go_timer_add(timer);
	return true;
}

void go_sleep(int64_t ns)
{
	struct sleeper s = { .timer.fire = wake_sleeper, .g = go_self() };

	if (ns <= 0)
		return;
	if (__builtin_add_overflow(go_now(), ns, &s.timer.when))
		s.timer.when = INT64_MAX;
	go_park(commit_sleep, &s.timer, GO_WAIT_SLEEP);
}
