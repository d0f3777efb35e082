/* SPDX-License-Identifier: MIT */
/*
 * Operations in flight, by descriptor.
 *
 * For two things that the kernel does not do for us: go_close() wakes those who wait
 * on the descriptor, and operations that use a regular file's position happen one
 * after the other, as read() and write() do.
 */
#ifndef GO_IO_FDTAB_H
#define GO_IO_FDTAB_H

#include <stdatomic.h>
#include <stdbool.h>

#include "ring.h"

/* An operation on a descriptor; on the stack of its goroutine, like the rest. */
struct go_fdop {
	struct go_op op;
	int fd;
	bool position;			/* uses the file position, if there is one */
	_Atomic bool closing;		/* the descriptor is being closed */
	/* Under the bucket's lock: */
	bool queued;			/* parked until an earlier one has ended */
	bool pinned;			/* go_close() is about to cancel it */
	bool leaving;			/* parked until it is not pinned any more */
	struct go_fdop *prev, *next;	/* in the bucket, oldest first */
};

/*
 * Enter an operation.  May wait for its turn.  False: the descriptor was closed
 * meanwhile, do not submit it.  Followed by go_fdtab_end() in either case.
 */
bool go_fdtab_begin(struct go_fdop *f, int fd, bool position);
void go_fdtab_end(struct go_fdop *f);

/* Forget the operations of an earlier run. */
void go_fdtab_reset(void);

/* Cancel all operations on @fd that were entered before. */
void go_fdtab_cancel(int fd);

#endif /* GO_IO_FDTAB_H */
