// SPDX-License-Identifier: MIT
/*
 * The module, with spare M's and the poller waiting in io_uring_enter().
 *
 * Every M has a small ring to wait on, used by its own thread only, and so SINGLE_ISSUER
 * and DEFER_TASKRUN.  Its descriptor is given back at once: the thread reaches the ring
 * by its registered number, so thousands of M's take no descriptors.
 *
 * One wait is one system call.  What stays pending from one wait to the next, because
 * the M came back for another reason, is known, and each SQE posts exactly one CQE, so
 * it can be told how many to wait for before the one that matters:
 *
 *   WAIT commands   One is always submitted: that releases the P.  When n of them were
 *                   under way already, one of the n + 1 stays pending and the others
 *                   complete at once.  (Not always the new one: the old one may have
 *                   been granted a P just when the M came back for another reason.)
 *   POLL_ADD        On the eventfd of I/O, when the M is the poller and it is not armed
 *                   yet.  When the M is the poller no longer it is removed, which makes
 *                   two completions at once: the removal's and its own.
 *
 * An M returns from io_uring_enter() holding a P, whatever the reason: the module sees
 * to it on the way to user mode.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "backend_kmod.h"
#include "sched/types.h"
#include "uring.h"

#define WAIT_SQES	4
#define WAIT_CQES	16

/* What a completion is of. */
enum {
	DONE_WAIT = 1,
	DONE_POLL,
	DONE_UNPOLL,
};

struct wait_ring {
	struct io_uring uring;
	/* Under way: */
	unsigned int waits;
	bool polling, unpolling;
	/* What this wait has come to: */
	bool granted, readable, down;
};

static __thread struct wait_ring wait_ring;

static int wait_ring_make(struct io_uring *uring)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_CQSIZE,
		.cq_entries = WAIT_CQES,
	};

	return io_uring_queue_init_params(WAIT_SQES, uring, &params);
}

static int wait_ring_open(struct wait_ring *r)
{
	int ret;

	memset(r, 0, sizeof(*r));
	ret = wait_ring_make(&r->uring);
	if (ret)
		return ret;
	ret = io_uring_register_ring_fd(&r->uring);
	if (ret != 1) {
		io_uring_queue_exit(&r->uring);
		return ret < 0 ? ret : -ENOSYS;
	}
	close(r->uring.ring_fd);
	r->uring.ring_fd = -1;
	return 0;
}

/* Gives the memory back; the kernel's part goes with the thread. */
static void wait_ring_close(struct wait_ring *r)
{
	io_uring_queue_exit(&r->uring);
}

static void prep_wait(struct wait_ring *r, struct io_uring_sqe *sqe)
{
	const struct gosched_plain arg = { .size = sizeof(arg) };

	/* liburing 2.3 has no helper for this one. */
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, go_kmod_mine->fd, NULL, 0, 0);
	sqe->cmd_op = GOSCHED_IOC_WAIT;
	memcpy(sqe->cmd, &arg, sizeof(arg));
	sqe->user_data = DONE_WAIT;
	r->waits++;
}

static void prep_poll(struct wait_ring *r, struct io_uring_sqe *sqe, int fd)
{
	io_uring_prep_poll_add(sqe, fd, POLLIN);
	sqe->user_data = DONE_POLL;
	r->polling = true;
}

static void prep_unpoll(struct wait_ring *r, struct io_uring_sqe *sqe)
{
	io_uring_prep_poll_remove(sqe, DONE_POLL);
	sqe->user_data = DONE_UNPOLL;
	r->unpolling = true;
}

static void fill(struct wait_ring *r, const struct go_backend_wait *w)
{
	unsigned int nr = 0;

	/* The kernel was out of memory: what it did not take is as good as new. */
	if (go_uring_unsubmitted(&r->uring))
		return;
	prep_wait(r, go_uring_slot(&r->uring, nr++));
	if (w->fd >= 0 && !r->polling)
		prep_poll(r, go_uring_slot(&r->uring, nr++), w->fd);
	else if (w->fd < 0 && r->polling && !r->unpolling)
		prep_unpoll(r, go_uring_slot(&r->uring, nr++));
	go_uring_publish(&r->uring, nr);
}

/* Submit, and wait for one completion more than those that come at once. */
static void enter(const struct wait_ring *r, const struct go_backend_wait *w)
{
	unsigned int at_once = r->waits - 1 + (r->unpolling ? 1 + r->polling : 0);
	struct __kernel_timespec ts;
	struct io_uring_getevents_arg arg = { .ts = w->deadline ? (uintptr_t)&ts : 0 };

	if (w->deadline) {
		int64_t left = go_kmod_time_left(w->deadline);

		ts.tv_sec = left / 1000000000;
		ts.tv_nsec = left % 1000000000;
	}
	/*
	 * What it returns says little: with SQEs to submit it is their number, even if a
	 * signal or the time limit ended the wait.  The completions and the clock tell.
	 */
	io_uring_enter2((unsigned int)r->uring.enter_ring_fd, go_uring_unsubmitted(&r->uring),
			at_once + 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG |
			IORING_ENTER_REGISTERED_RING, (sigset_t *)&arg, sizeof(arg));
}

static void reap(struct wait_ring *r)
{
	struct io_uring_cqe *cqe;
	unsigned int head, nr = 0;

	io_uring_for_each_cqe(&r->uring, head, cqe) {
		nr++;
		switch (cqe->user_data) {
		case DONE_WAIT:
			r->waits--;
			r->down |= cqe->res < 0;	/* -ESHUTDOWN, or worse */
			break;
		case DONE_POLL:
			r->polling = false;
			r->readable |= cqe->res > 0;
			break;
		case DONE_UNPOLL:
			r->unpolling = false;
			break;
		}
	}
	io_uring_cq_advance(&r->uring, nr);
	r->granted = !r->waits;
}

static bool passed(int64_t deadline)
{
	return deadline && !go_kmod_time_left(deadline);
}

static int uring_wait(struct go_m *m, const struct go_backend_wait *w)
{
	struct wait_ring *r = &wait_ring;

	r->readable = false;
	do {
		fill(r, w);
		/*
		 * Outside the critical section: between two wake-ups inside the kernel
		 * the M may hold a P, and must not keep it when it falls asleep again.
		 */
		__atomic_store_n(&m->slot->crit, 0, __ATOMIC_RELEASE);
		enter(r, w);
		__atomic_store_n(&m->slot->crit, 1, __ATOMIC_SEQ_CST);
		reap(r);
		if (r->down)
			return -ESHUTDOWN;
	} while (r->unpolling ||
		 !(r->granted || (r->readable && w->fd >= 0) || passed(w->deadline)));
	return go_kmod_held(m);
}

static int uring_attach(struct go_m *m, void *retire_ip, void *retire_sp)
{
	int ret = wait_ring_open(&wait_ring);

	if (ret)
		return ret;
	ret = go_kmod_attach(m, retire_ip, retire_sp);
	if (ret)
		wait_ring_close(&wait_ring);
	return ret;
}

static void uring_detach(struct go_m *m)
{
	go_kmod_detach(m);
	wait_ring_close(&wait_ring);
}

static int uring_open(struct go_backend_config *config)
{
	struct io_uring probe;
	int ret = wait_ring_make(&probe);

	if (ret == -ENOMEM || ret == -EMFILE || ret == -ENFILE)
		return ret;
	if (ret) {
		config->why = "io_uring is barred here, or the kernel is older than 6.1";
		return -ENODEV;
	}
	io_uring_queue_exit(&probe);
	return go_kmod_open(config, GOSCHED_FEAT_URING_WAIT | GOSCHED_FEAT_RETIRE);
}

const struct go_backend go_backend_uring = {
	.name		= "uring",
	.open		= uring_open,
	.close		= go_kmod_close,
	.attach		= uring_attach,
	.detach		= uring_detach,
	.wait		= uring_wait,
	.yield		= go_kmod_yield,
	.ring		= go_kmod_ring,
	.set_procs	= go_kmod_set_procs,
	.shutdown	= go_kmod_shutdown,
};
