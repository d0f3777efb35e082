// SPDX-License-Identifier: GPL-2.0
/*
 * A small io_uring of our own: the tests need to leave rings in states that a
 * library would not, and the figures of bench/ must not hold a library's cost.
 */
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "harness.h"

#define RING_ENTRIES 8
#define RING_PAGE 4096

/* Linux 6.5; not in the headers of Debian 12. */
#ifndef IORING_SETUP_NO_MMAP
#define IORING_SETUP_NO_MMAP (1U << 14)
#endif

static void *map_anonymous(void)
{
	void *p = mmap(NULL, RING_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void *map_ring(int fd, size_t size, off_t offset)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);

	CHECK(p != MAP_FAILED);
	return p;
}

/*
 * IORING_SETUP_NO_MMAP takes addresses in the last word of sq_off (the entries)
 * and of cq_off (the rings), which headers before Linux 6.5 call resv2.
 */
static void set_user_addr(void *offsets, size_t size, void *address)
{
	uint64_t value = (uintptr_t)address;

	memcpy((char *)offsets + size - sizeof(value), &value, sizeof(value));
}

int ring_open(struct ring *r, unsigned int flags, bool own_memory)
{
	struct io_uring_params p = { .flags = flags };
	char *map;

	*r = (struct ring){ .map_size = RING_PAGE, .sqes_size = RING_PAGE };
	if (own_memory) {
		r->map = map_anonymous();
		r->sqes = map_anonymous();
		p.flags |= IORING_SETUP_NO_MMAP;
		set_user_addr(&p.sq_off, sizeof(p.sq_off), r->sqes);
		set_user_addr(&p.cq_off, sizeof(p.cq_off), r->map);
	}
	r->fd = syscall(SYS_io_uring_setup, RING_ENTRIES, &p);
	if (r->fd < 0)
		return -errno;
	if (!own_memory) {
		size_t sq = p.sq_off.array + p.sq_entries * sizeof(uint32_t);
		size_t cq = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);

		r->map_size = sq > cq ? sq : cq;
		r->sqes_size = p.sq_entries * sizeof(struct io_uring_sqe);
		r->map = map_ring(r->fd, r->map_size, IORING_OFF_SQ_RING);
		r->sqes = map_ring(r->fd, r->sqes_size, IORING_OFF_SQES);
	}
	map = r->map;
	r->sq_tail = (unsigned int *)(map + p.sq_off.tail);
	r->sq_mask = (unsigned int *)(map + p.sq_off.ring_mask);
	r->sq_array = (unsigned int *)(map + p.sq_off.array);
	r->cq_head = (unsigned int *)(map + p.cq_off.head);
	r->cq_tail = (unsigned int *)(map + p.cq_off.tail);
	r->cq_mask = (unsigned int *)(map + p.cq_off.ring_mask);
	r->cqes = (struct io_uring_cqe *)(map + p.cq_off.cqes);
	return 0;
}

void ring_close(struct ring *r)
{
	CHECK_SYS(munmap(r->map, r->map_size));
	CHECK_SYS(munmap(r->sqes, r->sqes_size));
	CHECK_SYS(close(r->fd));
}

struct io_uring_sqe *ring_sqe(struct ring *r, uint64_t user_data)
{
	unsigned int tail = *r->sq_tail, index = tail & *r->sq_mask;
	struct io_uring_sqe *sqe = (struct io_uring_sqe *)r->sqes + index;

	memset(sqe, 0, sizeof(*sqe));
	sqe->user_data = user_data;
	r->sq_array[index] = index;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_RELEASE);
	r->pending++;
	return sqe;
}

void ring_prep_command(struct ring *r, int fd, unsigned int cmd, struct gosched_plain arg,
		       uint64_t user_data)
{
	struct io_uring_sqe *sqe = ring_sqe(r, user_data);

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = cmd;
	memcpy(sqe->cmd, &arg, sizeof(arg));
}

int ring_enter(struct ring *r, unsigned int min_complete)
{
	unsigned int pending = r->pending;
	long n;

	r->pending = 0;
	n = syscall(SYS_io_uring_enter, r->fd, pending, min_complete, IORING_ENTER_GETEVENTS,
		    NULL, 0);
	return n < 0 ? -errno : n;
}

bool ring_reap(struct ring *r, uint64_t *user_data, int *res)
{
	unsigned int head = *r->cq_head;
	struct io_uring_cqe *cqe;

	if (head == __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE))
		return false;
	cqe = r->cqes + (head & *r->cq_mask);
	*user_data = cqe->user_data;
	*res = cqe->res;
	__atomic_store_n(r->cq_head, head + 1, __ATOMIC_RELEASE);
	return true;
}
