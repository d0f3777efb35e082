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
	bool closer;			/* closes the descriptor */
	_Atomic bool closing;		/* the descriptor is being closed */
	/* Under the bucket's lock: */
	bool queued;			/* parked until it is its turn */
	bool pinned;			/* a closer is about to cancel it */
	bool leaving;			/* parked until it is not pinned any more */
	struct go_fdop *prev, *next;	/* in the bucket, oldest first */
};

/*
 * Enter an operation.  May wait for its turn.  False: the descriptor is being closed, do
 * not submit it.  Followed by go_fdtab_end() in either case.
 */
bool go_fdtab_begin(struct go_fdop *f, int fd, bool position);

/*
 * Enter the closing of @fd: all operations that are in flight are cancelled, and those
 * that come before go_fdtab_end() wait for it.
 */
void go_fdtab_begin_close(struct go_fdop *f, int fd);

void go_fdtab_end(struct go_fdop *f);

/* Forget the operations of an earlier run. */
void go_fdtab_reset(void);

#endif /* GO_IO_FDTAB_H */
