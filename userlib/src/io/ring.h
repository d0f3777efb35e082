/* SPDX-License-Identifier: MIT */
/*
 * I/O rings: operations that a goroutine submits and waits for.
 *
 * The functions that the scheduler calls (go_io_*) are declared in sched/sched.h.
 */
#ifndef GO_IO_RING_H
#define GO_IO_RING_H

#include <stdatomic.h>
#include <stdbool.h>

#include <liburing.h>

struct go_g;
struct go_ring;

/*
 * Where an operation stands.  One function makes each transition (ring.c):
 *
 * GO_OP_PENDING  The goroutine runs; the kernel may or may not be done with it.
 * GO_OP_PARKED   The goroutine is parked.  Who completes the operation readies it.
 * GO_OP_DONE     The result is there.  The goroutine may take the record away.
 */
enum go_op_state {
	GO_OP_PENDING,
	GO_OP_PARKED,
	GO_OP_DONE,
};

/* An operation, on the stack of the goroutine that waits for it. */
struct go_op {
	_Atomic unsigned int state;
	int res;				/* result, once done */
	_Atomic(struct go_ring *) ring;		/* NULL until it is published */
	struct go_g *g;
	struct go_op *next;			/* among those about to be readied */
};

/* Whether it makes sense to try: io_uring is not known to be barred. */
bool go_ring_usable(void);

/*
 * Submit @sqe, its user_data left open, with a limit in time when @deadline is not
 * NULL (CLOCK_MONOTONIC).  False when no ring is to be had: do without.  Called by
 * a goroutine outside critical sections, like the two below.
 */
bool go_ring_submit(struct go_op *op, const struct io_uring_sqe *sqe,
		    struct __kernel_timespec *deadline);

/* Wait for the result. */
int go_ring_wait(struct go_op *op);

/*
 * Have the operation end soon, if it is in the kernel: its result is -ECANCELED
 * then, or what it had come to.  Any goroutine, as long as the record is there.
 */
void go_ring_cancel(struct go_op *op);

#endif /* GO_IO_RING_H */
