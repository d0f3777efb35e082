/* SPDX-License-Identifier: MIT */
/*
 * The scheduler's inner interface: what channels, timers, I/O and the backends
 * may use of it.
 *
 * G  goroutine: a stack and, while it does not run, the saved stack pointer.
 * M  machine: a thread attached to the backend.  Has a system stack ("g0"), on
 *    which the scheduler runs.
 * P  processor: run queue, caches, I/O ring, timers.  Data of a P is touched only
 *    by the M that holds it, inside a critical section, and needs no locks; what
 *    thieves and pollers touch as well is atomic or has a lock.
 *
 * Critical sections: between go_crit_enter() and go_crit_exit() the M keeps its
 * P, whatever happens.  They nest, must be short, and must not touch memory that
 * may be slow to fault in (user buffers): a block inside stalls the P.
 */
#ifndef GO_SCHED_H
#define GO_SCHED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../backend.h"

/*
 * State of a goroutine.  One function makes each transition (see run.c, park.c).
 *
 * GO_G_IDLE      Allocated, not yet started, or dead and cached.  On a free list.
 * GO_G_RUNNABLE  On exactly one run queue (or being moved between two).  Its saved
 *                context is complete; whoever takes it off the queue runs it.
 * GO_G_RUNNING   Runs on m->curg, or is stopped in the kernel with its M.  On no
 *                queue.  Only itself changes its state.
 * GO_G_WAITING   Parked.  On no run queue; whatever it waits for knows it and is
 *                the only one who may go_ready() it, once.
 */
enum go_g_state {
	GO_G_IDLE,
	GO_G_RUNNABLE,
	GO_G_RUNNING,
	GO_G_WAITING,
};

/* Why a goroutine waits; the strings in go_wait_reason_names are Go's. */
enum go_wait_reason {
	GO_WAIT_NONE,
	GO_WAIT_CHAN_RECEIVE,		/* "chan receive" */
	GO_WAIT_CHAN_SEND,		/* "chan send" */
	GO_WAIT_CHAN_RECEIVE_NIL,	/* "chan receive (nil chan)" */
	GO_WAIT_CHAN_SEND_NIL,		/* "chan send (nil chan)" */
	GO_WAIT_SELECT,			/* "select" */
	GO_WAIT_SLEEP,			/* "sleep" */
	GO_WAIT_IO,			/* "IO wait" */
	GO_WAIT_WAITGROUP,		/* "sync.WaitGroup.Wait" */
	GO_WAIT_NR,
};

extern const char *const go_wait_reason_names[GO_WAIT_NR];

struct go_g;
struct go_p;

/* The goroutine that runs here, NULL on a system stack or a foreign thread. */
struct go_g *go_self(void);
/*
 * The M of the calling thread, NULL on a foreign thread.  Never cached by the
 * compiler: after a switch the thread may be another.
 */
struct go_m *go_m_self(void);
/* The P that this M holds.  Only inside a critical section. */
struct go_p *go_p_self(void);

void go_crit_enter(void);
/*
 * Leaves the section; yields when the slice has ended inside (only when called
 * on a goroutine's stack and the depth returns to 0).
 */
void go_crit_exit(void);

/*
 * Park the calling goroutine.  @commit is called on the system stack, inside a
 * critical section, once the goroutine's context is saved and its state is
 * WAITING: from there on another M may ready it.  It typically unlocks @lock.
 * When it returns false the goroutine goes on at once.  NULL: no commit.
 * Enter with no critical section open; a spin lock taken by go_lock() counts as
 * one and is the usual exception: @commit releases it.
 */
void go_park(bool (*commit)(struct go_g *g, void *lock), void *lock, enum go_wait_reason why);
/* A commit function for the usual case: go_unlock((go_lock_t *)lock); true. */
bool go_park_unlock(struct go_g *g, void *lock);

/*
 * Make a WAITING goroutine runnable, on this M's P: next in line when @next,
 * else at the tail.  Rings an idle P when there is one.  Any M that holds a P,
 * on a goroutine's or the system stack.
 */
void go_ready(struct go_g *g, bool next);

/* A slot for whoever parks to leave a message for the goroutine it wakes. */
void *go_g_param(struct go_g *g);
void go_g_set_param(struct go_g *g, void *param);

/*
 * A lock for short sections among M's: spins, then sleeps on a futex.  go_lock()
 * enters a critical section, go_unlock() leaves it.  Zero is unlocked.
 */
typedef struct { _Atomic uint32_t word; } go_lock_t;
void go_lock(go_lock_t *lock);
bool go_trylock(go_lock_t *lock);	/* enters the section only when it succeeds */
void go_unlock(go_lock_t *lock);

/* A fatal error: "fatal error: <text>" on stderr, exit status 2. */
_Noreturn void go_fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Timers (sched/timer.c): a heap per P.  @fire runs on the system stack of
 * some M that holds a P, inside a critical section, and must not block.  The
 * struct belongs to the caller, who keeps it until it has fired.
 */
struct go_timer_node {
	int64_t when;			/* CLOCK_MONOTONIC ns */
	void (*fire)(struct go_timer_node *t, int64_t now);
};

void go_timer_add(struct go_timer_node *t);

/*
 * The scheduler's view of timers and I/O.  All inside a critical section, P held.
 * run: fire what is due.
 * open: by go_run, before the first M; 0 also when io_uring cannot be had.
 * harvest: reap completions of @p's ring, or of all rings; whether there were any.
 * poll_begin: enable notices; fd that becomes readable, or -1 when no I/O is possible.
 */
void go_timer_run(struct go_p *p, int64_t now);
int go_io_open(void);
void go_io_close(void);
bool go_io_harvest(struct go_p *p);
bool go_io_harvest_all(void);
int go_io_poll_begin(void);
void go_io_poll_end(void);	/* drain the fd, disable notices */
bool go_io_pending(void);	/* operations in flight anywhere */
void go_io_kick(void);		/* make the poller come back */

#endif /* GO_SCHED_H */
