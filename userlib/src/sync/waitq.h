/* SPDX-License-Identifier: MIT */
/*
 * Queues of parked goroutines, first in, first out.
 *
 * A waiter lives on the stack of the goroutine that waits.  From the moment it is
 * queued it belongs to the queue's lock; whoever takes it off the queue, under
 * that lock, is the only one who may wake the goroutine, and must have done
 * with the waiter before that: the waiter is gone once its goroutine runs.
 */
#ifndef GO_WAITQ_H
#define GO_WAITQ_H

#include <stdbool.h>
#include <stddef.h>

#include <gosched/sync.h>

struct go_g;

struct go_waiter {
	struct go_waiter *next;
	struct go_g *g;
	void *elem;	/* what it sends, or where it receives; NULL: drop the value */
	bool ok;	/* set before the wake-up: the transfer took place */
};

static inline void go_waitq_push(struct go_waitq *q, struct go_waiter *w)
{
	w->next = NULL;
	if (q->tail)
		q->tail->next = w;
	else
		q->head = w;
	q->tail = w;
}

static inline struct go_waiter *go_waitq_pop(struct go_waitq *q)
{
	struct go_waiter *w = q->head;

	if (w) {
		q->head = w->next;
		if (!q->head)
			q->tail = NULL;
	}
	return w;
}

/* Take them all: a chain by @next. */
static inline struct go_waiter *go_waitq_take(struct go_waitq *q)
{
	struct go_waiter *w = q->head;

	q->head = NULL;
	q->tail = NULL;
	return w;
}

#endif /* GO_WAITQ_H */
