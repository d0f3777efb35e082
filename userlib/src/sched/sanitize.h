/* SPDX-License-Identifier: MIT */
/*
 * Tell AddressSanitizer about switches of stacks; nothing in ordinary builds.
 *
 * Around each switch: go_san_leave_*() on the old stack, right before, and
 * go_san_arrive_*() as the first thing on the new one.
 */
#ifndef GO_SANITIZE_H
#define GO_SANITIZE_H

#include <stddef.h>

#ifdef __SANITIZE_ADDRESS__

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

struct go_san_fiber {
	void *fake;		/* what ASan keeps for a stack that does not run */
	const void *low;
	size_t size;
};

struct go_san_stack {
	void *fake;
	const void *low;	/* learned from the first switch away */
	size_t size;
};

/* From the scheduler's stack to a goroutine's, and on arrival there. */
static inline void go_san_leave_sched(struct go_san_stack *s, const struct go_san_fiber *to)
{
	__sanitizer_start_switch_fiber(&s->fake, to->low, to->size);
}

static inline void go_san_arrive_g(struct go_san_fiber *f, struct go_san_stack *from)
{
	__sanitizer_finish_switch_fiber(f->fake, &from->low, &from->size);
}

/* Back; with @f NULL the goroutine will not run again. */
static inline void go_san_leave_g(struct go_san_fiber *f, const struct go_san_stack *to)
{
	__sanitizer_start_switch_fiber(f ? &f->fake : NULL, to->low, to->size);
}

static inline void go_san_arrive_sched(struct go_san_stack *s)
{
	__sanitizer_finish_switch_fiber(s->fake, NULL, NULL);
}

/* A stack is used anew: forget the red zones of frames that were never left. */
static inline void go_san_fresh(struct go_san_fiber *f, void *low, size_t size)
{
	f->fake = NULL;
	f->low = low;
	f->size = size;
	__asan_unpoison_memory_region(low, size);
}

#else

struct go_san_fiber {
};

struct go_san_stack {
};

static inline void go_san_leave_sched(struct go_san_stack *s, const struct go_san_fiber *to)
{
	(void)s;
	(void)to;
}

static inline void go_san_arrive_g(struct go_san_fiber *f, struct go_san_stack *from)
{
	(void)f;
	(void)from;
}

static inline void go_san_leave_g(struct go_san_fiber *f, const struct go_san_stack *to)
{
	(void)f;
	(void)to;
}

static inline void go_san_arrive_sched(struct go_san_stack *s)
{
	(void)s;
}

static inline void go_san_fresh(struct go_san_fiber *f, void *low, size_t size)
{
	(void)f;
	(void)low;
	(void)size;
}

#endif

#endif /* GO_SANITIZE_H */
