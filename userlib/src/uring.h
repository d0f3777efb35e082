/* SPDX-License-Identifier: MIT */
/*
 * What liburing 2.3 does not have: handing SQEs to the kernel in two steps.
 *
 * io_uring_submit() moves the tail and enters in one go and keeps its own count of
 * what is new, so two threads must not be in it for one ring.  Here the tail is
 * moved by whoever may fill the ring, and entering is a system call that anybody
 * may make.
 */
#ifndef GO_URING_H
#define GO_URING_H

#include <liburing.h>

/* SQEs that the kernel has not taken yet. */
static inline unsigned int go_uring_unsubmitted(const struct io_uring *ring)
{
	return *ring->sq.ktail - io_uring_smp_load_acquire(ring->sq.khead);
}

/* The @i-th free SQE.  The caller has seen to it that there are as many. */
static inline struct io_uring_sqe *go_uring_slot(struct io_uring *ring, unsigned int i)
{
	unsigned int index = (*ring->sq.ktail + i) & ring->sq.ring_mask;

	if (ring->sq.array)
		ring->sq.array[index] = index;
	return &ring->sq.sqes[index];
}

/* The next @nr SQEs are filled: all at once the kernel may take them. */
static inline void go_uring_publish(struct io_uring *ring, unsigned int nr)
{
	/* Pairs with the acquire in the kernel's io_sqring_entries(). */
	io_uring_smp_store_release(ring->sq.ktail, *ring->sq.ktail + nr);
}

/* Completions to be had, in the ring or, after an overflow, with the kernel. */
static inline bool go_uring_ready(const struct io_uring *ring)
{
	return *ring->cq.khead != io_uring_smp_load_acquire(ring->cq.ktail) ||
	       IO_URING_READ_ONCE(*ring->sq.kflags) & IORING_SQ_CQ_OVERFLOW;
}

#endif /* GO_URING_H */
