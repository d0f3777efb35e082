/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process with M's in every state at once, for tests that end it, stop it or
 * pull something away from it.  One P:
 *
 *   holder    has it, and counts in user code
 *   trapped   is back from a block and waits for it, then counts too
 *   blocked   sleeps in read()
 *   spare     waits by ioctl
 *   by_ring   waits by io_uring
 */
#ifndef GOSCHED_CAST_H
#define GOSCHED_CAST_H

#include <linux/io_uring.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "harness.h"

struct cast {
	struct domain d;
	struct machine holder, trapped, blocked, spare, by_ring;
	int trapped_pipe[2], blocked_pipe[2];
	int go_on;			/* no more counting */
	unsigned long counted;		/* by whoever has the P */
	unsigned long without_p;	/* of that without one */
	unsigned long shared_p;		/* on one that another was using */
	unsigned int owner;		/* of the P, inside critical sections */
	int ready;			/* for another process to see */
};

static inline void cast_count(struct machine *m)
{
	struct cast *c = m->arg;

	while (!load(&c->go_on)) {
		machine_crit_enter(m);
		if (!machine_holds(m))
			add(&c->without_p, 1);
		else if (__atomic_exchange_n(&c->owner, m->id + 1, __ATOMIC_SEQ_CST))
			add(&c->shared_p, 1);
		add(&c->counted, 1);
		store(&c->owner, 0);
		machine_crit_exit(m);
	}
}

static inline void cast_blocks(struct machine *m, int fd)
{
	struct cast *c = m->arg;
	char byte;

	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	CHECK_EQ(read(fd, &byte, 1), 1);
	if (!machine_holds(m))
		add(&c->without_p, 1);
	machine_step(m, 2);
}

static inline void cast_trapped(struct machine *m)
{
	cast_blocks(m, ((struct cast *)m->arg)->trapped_pipe[0]);
	cast_count(m);
	machine_step(m, 3);
}

static inline void cast_blocked(struct machine *m)
{
	cast_blocks(m, ((struct cast *)m->arg)->blocked_pipe[0]);
}

static inline void cast_holder(struct machine *m)
{
	CHECK_EQ(machine_wait(m), 0);
	machine_step(m, 1);
	cast_count(m);
	machine_step(m, 2);
}

static inline void cast_spare(struct machine *m)
{
	machine_step(m, 1 - machine_wait(m));
}

static inline void cast_by_ring(struct machine *m)
{
	struct gosched_plain arg = { .size = sizeof(arg) };
	uint64_t user_data;
	struct ring r;
	int res;

	CHECK_EQ(ring_open(&r, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, false), 0);
	ring_prep_command(&r, m->d->fd, GOSCHED_IOC_WAIT, arg, 1);
	while (!ring_reap(&r, &user_data, &res))
		ring_enter(&r, 1);
	machine_step(m, 1 - res);
}

/* Returns with everybody in place. */
static inline void cast_start(struct cast *c)
{
	CHECK_SYS(pipe(c->trapped_pipe));
	CHECK_SYS(pipe(c->blocked_pipe));
	domain_open(&c->d, 1, 1, NO_SLICE);
	machine_start_holding(&c->blocked, &c->d, cast_blocked, c);
	until(load(&c->d.header->idle) == 1);
	machine_start_holding(&c->trapped, &c->d, cast_trapped, c);
	until(load(&c->d.header->idle) == 1);
	machine_start_holding(&c->holder, &c->d, cast_holder, c);
	machine_start_spare(&c->spare, &c->d, cast_spare, c);
	machine_start_spare(&c->by_ring, &c->d, cast_by_ring, c);
	CHECK_EQ(write(c->trapped_pipe[1], "x", 1), 1);
	until(load(&c->d.header->waiting) == 1);
	CHECK_EQ(load(&c->d.header->idle), 0);
	CHECK_EQ(machine_at(&c->trapped), 1);
	CHECK_EQ(machine_at(&c->blocked), 1);
	store(&c->ready, 1);
}

static inline struct cast *cast_shared(void)
{
	struct cast *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(c != MAP_FAILED);
	return c;
}

/* In a child: the cast, then @act in its main thread. */
static inline pid_t cast_child(struct cast *c, void (*act)(struct cast *c))
{
	pid_t pid = CHECK_SYS(fork());

	if (!pid) {
		cast_start(c);
		act(c);
		_exit(0);
	}
	return pid;
}

static inline void cast_pause(struct cast *c)
{
	for (;;)
		pause();
}

/* The end of a process, however it came: its status; nothing is left behind. */
static inline int cast_reap(pid_t pid)
{
	int status = -1;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	until(!domain_folder(pid, NULL, 0));
	return status;
}

#endif /* GOSCHED_CAST_H */
