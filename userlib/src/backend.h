/* SPDX-License-Identifier: MIT */
/*
 * The seam between the library and what schedules its threads.
 *
 * Everything the library asks of the kernel module (or of the code that stands
 * in for it) goes through one struct of functions, so that the scheduler above
 * does not know which one it runs on:
 *
 *   uring  the module; spare M's and idle pollers wait in io_uring_enter
 *   ioctl  the module; spare M's wait in an ioctl (io_uring is barred, or 6.1)
 *   host   no module: futexes, a monitor thread, explicit begin and end around
 *          blocking code
 *
 * The shared slots (struct gosched_header, _pslot, _mslot) have the layout and
 * the meaning of <linux/gosched.h> in all of them; the host backend plays the
 * kernel's part.
 *
 * Words: an M *holds* a P or not; m->slot->proc says which.  It is stable while
 * m->slot->crit is not 0, except across wait() and yield(), which give it up.
 */
#ifndef GO_BACKEND_H
#define GO_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/gosched.h>

struct go_m;

/* What open() is given and what it fills in. */
struct go_backend_config {
	unsigned int nr_procs;		/* in: P's to begin with */
	unsigned int max_procs;		/* in: most that set_procs() may ask for */
	unsigned int max_machines;	/* in: most M's at a time */
	uint64_t slice_ns;		/* in: 0 for the default */
	struct gosched_header *header;	/* out: the shared slots, mapped */
	const char *why;		/* out: of -ENODEV, the reason, for a message */
};

/*
 * What an M waits for besides a P.  An M that is the poller also comes back when
 * @fd is readable or @deadline has passed; it then holds a P like everybody else.
 */
struct go_backend_wait {
	int fd;				/* -1: not the poller */
	int64_t deadline;		/* CLOCK_MONOTONIC ns, 0 for none */
};

struct go_backend {
	const char *name;

	/*
	 * Take the backend into use.  0; -ENODEV when it cannot be had at all
	 * (no device, io_uring barred): the next one is tried; any other error
	 * is final.  Called once per go_run, from a thread that is no M.
	 */
	int (*open)(struct go_backend_config *config);

	/* Undo open().  M's that are stuck in foreign calls may still exist. */
	void (*close)(void);

	/*
	 * The calling thread becomes an M: sets m->slot.  It holds no P until
	 * its first wait().  @retire_ip and @retire_sp: where the thread goes on
	 * when it is retired in the middle of user code.
	 */
	int (*attach)(struct go_m *m, void *retire_ip, void *retire_sp);

	/* The calling thread is an M no longer; a P that it holds is released. */
	void (*detach)(struct go_m *m);

	/*
	 * Give up the P, if any, and return 0 holding one; -ESHUTDOWN holding
	 * none.  Called on the system stack with crit 1, which it may lower to 0
	 * for the time of the wait.  Returns only for one of: a P was granted
	 * because somebody rang, a P was handed on with runnable goroutines,
	 * or, for the poller, @w->fd or @w->deadline.
	 */
	int (*wait)(struct go_m *m, const struct go_backend_wait *w);

	/*
	 * The slice is over: pass the P to whoever waits, return 0 holding one
	 * again, perhaps another, at once when nobody waits; -ESHUTDOWN.
	 */
	int (*yield)(struct go_m *m);

	/*
	 * An idle P goes to a spare M: 0.  -EAGAIN: no P is idle.  -ENOENT: no M
	 * is spare (the caller may wake the poller or start another M).
	 */
	int (*ring)(void);

	/*
	 * Around code that may block in the kernel, for backends that cannot see
	 * it; NULL where the module does.  After block_end() the M holds a P.
	 * crit is 0 in between.
	 */
	void (*block_begin)(struct go_m *m);
	void (*block_end)(struct go_m *m);

	/* Change the number of P's in use: 0 or a negative errno. */
	int (*set_procs)(unsigned int nr_procs);

	/*
	 * No more scheduling: every wait() and yield() returns -ESHUTDOWN, no M
	 * is held back.  With @retire, M's in user code are sent to their
	 * retire_ip where the backend can do that.
	 */
	void (*shutdown)(bool retire);
};

extern const struct go_backend go_backend_uring;
extern const struct go_backend go_backend_ioctl;
extern const struct go_backend go_backend_host;

/*
 * Choose by $GOSCHED_BACKEND, or else the first of uring, ioctl, host that can
 * be had, and open it.  Prints what is wrong and how to mend it, and returns
 * NULL, when a forced backend cannot be had.
 */
const struct go_backend *go_backend_choose(struct go_backend_config *config);

#endif /* GO_BACKEND_H */
