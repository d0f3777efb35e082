// SPDX-License-Identifier: MIT
/*
 * Goroutines and their stacks.
 *
 *   | guard page | stack, grows down ...      | struct go_g |
 *
 * One mapping each, committed by need.  Those of the default size are kept when
 * their goroutine ends: per P without a lock, the surplus in a common pool.
 *
 * Runs inside critical sections, so it must not use malloc(): the M that holds one of
 * its locks may have been stopped there, and may be waiting for this very P.
 */
#include <sys/mman.h>

#include <gosched.h>

#include "types.h"

#define STACK_DEFAULT	(256UL * 1024)
#define STACK_MIN	(16UL * 1024)
#define STACK_MAX	(1UL << 40)
#define P_KEEPS		64U	/* free stacks of a P */
#define POOL_KEEPS	4096U	/* free stacks in the pool */

static char *map_base(struct go_g *g)
{
	char *top = (char *)g + sizeof(*g);

	return top - g->map_size;
}

static void link_all(struct go_rt *rt, struct go_g *g)
{
	go_lock(&rt->stack_lock);
	g->all_next = rt->all;
	if (rt->all)
		rt->all->all_prev = g;
	rt->all = g;
	go_unlock(&rt->stack_lock);
}

static void unlink_all(struct go_rt *rt, struct go_g *g)
{
	go_lock(&rt->stack_lock);
	if (g->all_prev)
		g->all_prev->all_next = g->all_next;
	else
		rt->all = g->all_next;
	if (g->all_next)
		g->all_next->all_prev = g->all_prev;
	go_unlock(&rt->stack_lock);
}

static struct go_g *map_stack(size_t size)
{
	size_t map_size = size + GO_PAGE_SIZE;
	struct go_g *g;
	char *base;

	base = mmap(NULL, map_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (base == MAP_FAILED)
		return NULL;
	if (mprotect(base, GO_PAGE_SIZE, PROT_NONE)) {
		munmap(base, map_size);
		return NULL;
	}
	g = (struct go_g *)(base + map_size - sizeof(*g));
	g->map_size = map_size;
	return g;
}

/* Lay the frame of go_entry() on an unused stack. */
static void prepare(struct go_g *g)
{
	char *low = map_base(g) + GO_PAGE_SIZE;
	struct go_frame *frame;
	uintptr_t top = (uintptr_t)g & ~15UL;

	go_san_fresh(&g->san, low, (size_t)((char *)g - low));
	/* As if called: 16-byte aligned once the frame has been popped. */
	frame = (struct go_frame *)(top - 16 - sizeof(*frame));
	go_frame_init(frame, go_entry);
	g->sp = frame;
}

static struct go_g *pool_get(struct go_rt *rt)
{
	struct go_g *g;

	go_lock(&rt->stack_lock);
	g = go_gqueue_pop(&rt->free);
	go_unlock(&rt->stack_lock);
	return g;
}

/* A goroutine with a stack of @stack_size, 0 for the default; NULL: out of memory. */
struct go_g *go_g_alloc(struct go_rt *rt, struct go_p *p, size_t stack_size)
{
	struct go_g *g = NULL;

	if (!stack_size) {
		g = go_gqueue_pop(&p->free);
		if (!g)
			g = pool_get(rt);
	}
	if (!g) {
		g = map_stack(stack_size ? stack_size : STACK_DEFAULT);
		if (!g)
			return NULL;
		link_all(rt, g);
	}
	prepare(g);
	g->spawn_stack_size = 0;
	g->param = NULL;
	return g;
}

static void unmap(struct go_rt *rt, struct go_g *g)
{
	unlink_all(rt, g);
	munmap(map_base(g), g->map_size);
}

/* Half of what @p keeps goes to the pool. */
static void share(struct go_rt *rt, struct go_p *p)
{
	struct go_g *g;

	while (p->free.nr > P_KEEPS / 2) {
		g = go_gqueue_pop(&p->free);
		go_lock(&rt->stack_lock);
		if (rt->free.nr < POOL_KEEPS) {
			go_gqueue_push(&rt->free, g);
			g = NULL;
		}
		go_unlock(&rt->stack_lock);
		if (g)
			unmap(rt, g);
	}
}

/* @g has ended; on the scheduler's stack. */
void go_g_free(struct go_rt *rt, struct go_p *p, struct go_g *g)
{
	if (g->map_size != STACK_DEFAULT + GO_PAGE_SIZE) {
		unmap(rt, g);
		return;
	}
	go_gqueue_push(&p->free, g);
	if (p->free.nr > P_KEEPS)
		share(rt, p);
}

/* No M is left: all stacks, of goroutines that have ended and that never will. */
void go_stacks_unmap(struct go_rt *rt)
{
	struct go_g *g, *next;

	for (g = rt->all; g; g = next) {
		next = g->all_next;
		munmap(map_base(g), g->map_size);
	}
}

void go_set_stack_size(size_t bytes)
{
	struct go_g *self = go_self();

	if (!self)
		return;
	if (bytes && bytes < STACK_MIN)
		bytes = STACK_MIN;
	if (bytes > STACK_MAX)
		bytes = STACK_MAX;
	bytes = (bytes + GO_PAGE_SIZE - 1) & ~(GO_PAGE_SIZE - 1);
	self->spawn_stack_size = bytes == STACK_DEFAULT ? 0 : bytes;
}
