// SPDX-License-Identifier: MIT
/*
 * I/O rings: one plain io_uring per P, made when the P first needs it.
 *
 * Why a ring per P, and why a plain one: Documentation/decisions/0001-ring-ownership.rst.
 *
 * Submission.  SQEs are filled and published (the tail is moved) inside a critical
 * section by the holder of the P, so there is one writer.  io_uring_enter() comes after
 * it: the kernel may touch the user's buffer there, and a fault must not keep the P.
 * The M may lose its P in between and another M publish and enter on the same ring; the
 * kernel takes what it finds, in order and under a lock of its own.  So entering means
 * "until the kernel's head has passed my SQE", and it does not matter who got it there.
 * An M that is stopped before it enters delays nobody's operation but its own: everyone
 * who publishes enters.  For the same reason nobody else has to look for SQEs that were
 * left behind.
 *
 * Completion.  CQEs are reaped by the holder of the P, by the goroutine that has just
 * submitted, and by the poller for all rings, under the ring's reap_lock.  The record
 * of an operation lives on its goroutine's stack; its state decides who goes first,
 * the goroutine that parks or the one that completes:
 *
 *   goroutine, in the commit of its park     reaper
 *   state: PENDING -> PARKED, or             res = ...; store it first
 *     it was DONE: do not park               old = exchange(state, DONE)
 *                                            old was PARKED: ready the goroutine
 *
 * Once DONE is stored and the goroutine was not parked, the record may be gone.
 *
 * Notices.  All rings signal one eventfd, but only while there is a poller:
 *
 *   poller                                   kernel
 *   enable notices                           store the CQ tail
 *   full barrier (A)                         full barrier (B): it takes a lock
 *   look at the CQ tails                     look whether notices are enabled
 *
 * (B) is the completion lock in the kernel's io_eventfd_flush_signal(), on x86 a full
 * barrier.
 *
 * End of a run.  go_io_close() cancels all that is in flight and waits for it, so no
 * buffer is written afterwards.  An M may still sit in a foreign call, or between
 * publishing and the end of entering: then the ring's memory is left where it is
 * (a few pages, leaked) and its descriptor closed.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../sched/types.h"
#include "../uring.h"
#include "fdtab.h"
#include "ring.h"

#define GO_RING_SQES	256
#define GO_RING_CQES	4096

struct go_ring {
	struct io_uring uring;
	go_lock_t reap_lock;
	_Atomic uint64_t submitted;	/* operations; by the P's holder */
	_Atomic uint64_t reaped;	/* of these; under reap_lock */
};

static struct {
	_Atomic(struct go_ring *) rings[GOSCHED_MAX_PROCS];
	/*
	 * M's that publish or enter in a P's ring.  Not in the ring, because one
	 * that comes too late must be able to count itself without touching it.  An
	 * M that is retired there is never taken off again.
	 */
	_Atomic unsigned int users[GOSCHED_MAX_PROCS];
	_Atomic unsigned int nr;	/* no ring at or beyond it */
	_Atomic bool open;		/* a run is on; changed under lock */
	_Atomic bool barred;		/* io_uring cannot be had in this run */
	pthread_mutex_t lock;		/* rings are installed */
	int eventfd;
} io = { .lock = PTHREAD_MUTEX_INITIALIZER, .eventfd = -1 };

#define for_each_ring(i, r) \
	for ((i) = 0; (i) < atomic_load(&io.nr); (i)++) \
		if (((r) = atomic_load(&io.rings[i])))

/*
 * Making and freeing.
 */

static void ring_free(struct go_ring *r)
{
	io_uring_queue_exit(&r->uring);
	free(r);
}

/* Needs 6.0, for the synchronous cancel, and with it has all the rest. */
static int ring_check(struct go_ring *r)
{
	struct io_uring_sync_cancel_reg reg = { .fd = -1 };
	int ret = io_uring_register_sync_cancel(&r->uring, &reg);

	return ret == -ENOENT || ret == 0 ? 0 : -ENOSYS;
}

static int ring_make(struct go_ring **out)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE,
		.cq_entries = GO_RING_CQES,
	};
	struct go_ring *r = calloc(1, sizeof(*r));
	int ret;

	if (!r)
		return -ENOMEM;
	ret = io_uring_queue_init_params(GO_RING_SQES, &r->uring, &params);
	if (ret) {
		free(r);
		return ret;
	}
	ret = ring_check(r);
	if (!ret)
		ret = io_uring_register_eventfd(&r->uring, io.eventfd);
	if (!ret)
		ret = io_uring_ring_dontfork(&r->uring);
	if (ret) {
		ring_free(r);
		return ret;
	}
	*out = r;
	return 0;
}

/* The run is over, the rings are closed: this goroutine never runs again. */
_Noreturn static void run_over(void)
{
	for (;;)
		go_park(NULL, NULL, GO_WAIT_IO);
}

/*
 * Give P number @proc its ring.  Not in a critical section, so another M may be
 * faster.  Notices are on in a new ring, and only the poller turns them off, so a
 * poller that has not seen it yet misses nothing.
 */
static bool ring_install(unsigned int proc)
{
	struct go_ring *r;
	bool used = false, open;
	int ret = ring_make(&r);

	if (ret) {
		if (ret != -ENOMEM && ret != -EMFILE && ret != -ENFILE)
			atomic_store(&io.barred, true);
		return false;
	}
	pthread_mutex_lock(&io.lock);
	open = atomic_load(&io.open);
	if (open && !atomic_load(&io.rings[proc])) {
		atomic_store(&io.rings[proc], r);
		if (atomic_load(&io.nr) <= proc)
			atomic_store(&io.nr, proc + 1);
		used = true;
	}
	pthread_mutex_unlock(&io.lock);
	if (!used)
		ring_free(r);
	if (!open)
		run_over();
	return true;
}

/*
 * Completion.  All inside critical sections.
 */

struct go_woken {
	struct go_op *first, **last;
};

static void op_done(struct go_op *op, int res, struct go_woken *woken)
{
	op->res = res;
	/* Publishes res.  Pairs with the acquire in go_ring_wait() and park_commit(). */
	if (atomic_exchange_explicit(&op->state, GO_OP_DONE, memory_order_acq_rel) != GO_OP_PARKED)
		return;
	op->next = NULL;
	*woken->last = op;
	woken->last = &op->next;
}

/* Take what is in the CQ.  @woken NULL: the run is over, only count. */
static void ring_consume(struct go_ring *r, struct go_woken *woken)
{
	unsigned int head, nr = 0, ops = 0;
	struct io_uring_cqe *cqe;

	io_uring_for_each_cqe(&r->uring, head, cqe) {
		struct go_op *op = (struct go_op *)(uintptr_t)cqe->user_data;

		nr++;
		if (!op)	/* the time limit of another */
			continue;
		ops++;
		if (woken)
			op_done(op, cqe->res, woken);
	}
	io_uring_cq_advance(&r->uring, nr);
	atomic_store_explicit(&r->reaped, r->reaped + ops, memory_order_relaxed);
}

/* Reap @r, unless somebody else is at it.  True when goroutines became ready. */
static bool ring_reap(struct go_ring *r)
{
	struct go_woken woken = { NULL, &woken.first };
	struct go_op *op, *next;

	if (!go_uring_ready(&r->uring) || !go_trylock(&r->reap_lock))
		return false;
	do {
		ring_consume(r, &woken);
		/* What did not fit in is handed over by the kernel on request. */
		if (IO_URING_READ_ONCE(*r->uring.sq.kflags) & IORING_SQ_CQ_OVERFLOW)
			io_uring_enter(r->uring.ring_fd, 0, 0, IORING_ENTER_GETEVENTS, NULL);
	} while (go_uring_ready(&r->uring));
	go_unlock(&r->reap_lock);

	for (op = woken.first; op; op = next) {
		next = op->next;
		go_ready(op->g, false);
	}
	return woken.first;
}

static bool park_commit(struct go_g *g, void *arg)
{
	unsigned int pending = GO_OP_PENDING;
	struct go_op *op = arg;

	(void)g;
	return atomic_compare_exchange_strong(&op->state, &pending, GO_OP_PARKED);
}

int go_ring_wait(struct go_op *op)
{
	if (atomic_load_explicit(&op->state, memory_order_acquire) != GO_OP_DONE)
		go_park(park_commit, op, GO_WAIT_IO);
	return op->res;
}

/*
 * Submission.
 */

/*
 * Publish @sqe in the ring of the P that is held: 0 and in @seq where the kernel's
 * head will be past it; -EAGAIN when the ring is full.  Inside a critical section.
 */
static int ring_publish(struct go_ring *r, struct go_op *op, const struct io_uring_sqe *sqe,
			struct __kernel_timespec *deadline, unsigned int *seq)
{
	unsigned int nr = deadline ? 2 : 1;
	struct io_uring_sqe *slot;

	if (go_uring_unsubmitted(&r->uring) + nr > r->uring.sq.ring_entries)
		return -EAGAIN;
	slot = go_uring_slot(&r->uring, 0);
	*slot = *sqe;
	slot->user_data = (uintptr_t)op;
	if (deadline) {
		slot->flags |= IOSQE_IO_LINK;
		slot = go_uring_slot(&r->uring, 1);
		io_uring_prep_link_timeout(slot, deadline, IORING_TIMEOUT_ABS);
		slot->user_data = 0;
	}
	atomic_store(&op->ring, r);
	atomic_store_explicit(&r->submitted, r->submitted + 1, memory_order_relaxed);
	go_uring_publish(&r->uring, nr);
	*seq = *r->uring.sq.ktail;
	return 0;
}

/* Until the kernel has taken all before @seq.  Outside critical sections. */
static void ring_enter(struct go_ring *r, unsigned int seq)
{
	while ((int)(io_uring_smp_load_acquire(r->uring.sq.khead) - seq) < 0) {
		/*
		 * The count is only a limit, and never less than what is there: an
		 * operation and its time limit must not be cut apart.
		 */
		int ret = io_uring_enter(r->uring.ring_fd, r->uring.sq.ring_entries, 0, 0, NULL);

		if (ret >= 0 || ret == -EINTR)
			continue;
		if (!atomic_load(&io.open))
			run_over();
		if (ret != -EAGAIN && ret != -EBUSY)
			go_fatal("io_uring_enter: %s", strerror(-ret));
		/* Out of memory for requests, or too much to reap. */
		go_crit_enter();
		ring_reap(r);
		go_crit_exit();
		sched_yield();
	}
}

/*
 * The ring of the P that is held, NULL when it has none yet.  Opens a critical section
 * and makes the M a user of P number @proc's ring, until ring_put().
 */
static struct go_ring *ring_get(unsigned int *proc)
{
	go_crit_enter();
	*proc = go_m_self()->slot->proc;
	/* Before open is looked at; pairs with go_io_close(), which does the reverse. */
	atomic_fetch_add(&io.users[*proc], 1);
	if (!atomic_load(&io.open)) {
		go_crit_exit();
		run_over();
	}
	return atomic_load(&io.rings[*proc]);
}

static void ring_put(unsigned int proc)
{
	atomic_fetch_sub(&io.users[proc], 1);
}

bool go_ring_usable(void)
{
	return !atomic_load_explicit(&io.barred, memory_order_relaxed);
}

bool go_ring_submit(struct go_op *op, const struct io_uring_sqe *sqe,
		    struct __kernel_timespec *deadline)
{
	struct go_ring *r;
	unsigned int proc, seq;
	int ret;

	op->g = go_self();
	do {
		r = ring_get(&proc);
		ret = r ? ring_publish(r, op, sqe, deadline, &seq) : -ENOENT;
		if (ret == -EAGAIN)
			seq = *r->uring.sq.ktail;
		go_crit_exit();
		if (r)
			ring_enter(r, seq);
		ring_put(proc);
		if (!r && !ring_install(proc))
			return false;
	} while (ret);

	/* Often it is done already: then there is no need to park. */
	go_crit_enter();
	ring_reap(r);
	go_crit_exit();
	return true;
}

void go_ring_cancel(struct go_op *op)
{
	struct go_ring *r = atomic_load(&op->ring);
	struct io_uring_sync_cancel_reg reg = {
		.addr = (uintptr_t)op,
		.fd = -1,
	};

	/* Not yet in the kernel, or no longer, is no error of the caller's. */
	if (r)
		io_uring_register_sync_cancel(&r->uring, &reg);
}

/*
 * For the scheduler.
 */

bool go_io_harvest(struct go_p *p)
{
	struct go_ring *r = atomic_load_explicit(&io.rings[p->id], memory_order_acquire);

	return r && ring_reap(r);
}

bool go_io_harvest_all(void)
{
	struct go_ring *r;
	unsigned int i;
	bool any = false;

	for_each_ring(i, r)
		any |= ring_reap(r);
	return any;
}

bool go_io_pending(void)
{
	struct go_ring *r;
	unsigned int i;

	for_each_ring(i, r) {
		if (atomic_load(&r->submitted) != atomic_load(&r->reaped))
			return true;
	}
	return false;
}

void go_io_kick(void)
{
	const uint64_t one = 1;

	/* Fails only when the count is at its limit, and then it is readable anyhow. */
	if (write(io.eventfd, &one, sizeof(one)) < 0)
		return;
}

int go_io_poll_begin(void)
{
	struct go_ring *r;
	unsigned int i;

	for_each_ring(i, r)
		io_uring_cq_eventfd_toggle(&r->uring, true);
	/* (A): see the head of this file. */
	atomic_thread_fence(memory_order_seq_cst);
	for_each_ring(i, r) {
		if (go_uring_ready(&r->uring)) {
			go_io_kick();
			break;
		}
	}
	return io.eventfd;
}

void go_io_poll_end(void)
{
	struct go_ring *r;
	unsigned int i;
	uint64_t count;

	for_each_ring(i, r)
		io_uring_cq_eventfd_toggle(&r->uring, false);
	/* Fails when there was no notice. */
	if (read(io.eventfd, &count, sizeof(count)) < 0)
		return;
}

int go_io_open(void)
{
	io.eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (io.eventfd < 0)
		return -errno;
	go_fdtab_reset();
	atomic_store(&io.barred, false);
	atomic_store(&io.open, true);
	return 0;
}

/*
 * Whatever was published and not entered must never reach a buffer: it becomes an
 * operation that does nothing.  It keeps its user_data and so is counted like any other.
 */
static void ring_defuse(struct go_ring *r)
{
	struct io_uring_sq *sq = &r->uring.sq;
	unsigned int i;

	for (i = io_uring_smp_load_acquire(sq->khead); i != *sq->ktail; i++) {
		struct io_uring_sqe *sqe = &sq->sqes[i & sq->ring_mask];
		uint64_t user_data = sqe->user_data;

		io_uring_prep_nop(sqe);
		sqe->user_data = user_data;
	}
}

/* Cancel all that is in flight and wait until the kernel is done with it. */
static void ring_drain(struct go_ring *r)
{
	struct io_uring_sync_cancel_reg reg = {
		.fd = -1,
		.flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL,
	};
	struct __kernel_timespec ts = { .tv_nsec = 10 * 1000 * 1000 };
	struct io_uring_getevents_arg arg = { .ts = (uintptr_t)&ts };

	ring_defuse(r);
	for (;;) {
		io_uring_enter(r->uring.ring_fd, r->uring.sq.ring_entries, 0, 0, NULL);
		io_uring_register_sync_cancel(&r->uring, &reg);
		ring_consume(r, NULL);
		if (atomic_load(&r->submitted) == atomic_load(&r->reaped))
			return;
		/* Cancelled, but not all of it ends at once. */
		io_uring_enter2(r->uring.ring_fd, 0, 1,
				IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
				(sigset_t *)&arg, sizeof(arg));
	}
}

void go_io_close(void)
{
	struct go_ring *r;
	unsigned int i;

	pthread_mutex_lock(&io.lock);
	atomic_store(&io.open, false);
	pthread_mutex_unlock(&io.lock);
	for_each_ring(i, r) {
		ring_drain(r);
		atomic_store(&io.rings[i], NULL);
		/* A user that comes after this look finds that the run is over. */
		if (atomic_load(&io.users[i]))
			close(r->uring.ring_fd);
		else
			ring_free(r);
	}
	atomic_store(&io.nr, 0);
	close(io.eventfd);
	io.eventfd = -1;
}
