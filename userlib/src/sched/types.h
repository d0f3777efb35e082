/* SPDX-License-Identifier: MIT */
/*
 * G, M, P and the runtime they belong to: for the files of the scheduler, and for
 * backends and I/O where they keep something of their own in an M or a P.
 *
 * Letters at fields say who may touch them:
 *   C  constant once visible to others
 *   G  the goroutine itself while it runs, else whoever took it off a queue
 *   M  the M's own thread
 *   P  whoever holds the P, inside a critical section
 *   A  anybody, atomically
 *   L  under the lock named beside it
 */
#ifndef GO_TYPES_H
#define GO_TYPES_H

#include <pthread.h>

#include "sched.h"
#include "sanitize.h"
#include "arch/x86_64/arch.h"

#define GO_CACHE_LINE	64
#define GO_RUNQ_SIZE	256
#define GO_MAX_MACHINES	10000

/* A goroutine stands at the top of its own stack. */
struct go_g {
	void *sp;			/* G  a struct go_frame, while it does not run */
	enum go_g_state state;		/* G */
	enum go_wait_reason why;	/* G  while WAITING */
	uint64_t id;			/* G */
	int saved_errno;		/* G  while it does not run */
	struct go_g *next;		/* in a go_gqueue or on a free list */
	void *param;			/* G  left by whoever makes it ready */
	void *fn;			/* G  what it calls, with what */
	unsigned long args[GO_ARG_MAX];
	size_t spawn_stack_size;	/* G  of goroutines that it starts, 0: default */
	size_t map_size;		/* C  of its stack, guard page included */
	struct go_g *all_prev, *all_next; /* L  rt->stack_lock: all stacks there are */
	struct go_san_fiber san;
};

/* First in, first out. */
struct go_gqueue {
	struct go_g *head, *tail;
	unsigned int nr;
};

struct go_m {
	void *way_out_sp;		/* C  see switch.S */
	void *sched_sp;			/* M  the scheduler's stack, while a goroutine runs */
	struct gosched_mslot *slot;	/* C  set by backend->attach() */
	struct go_rt *rt;		/* C */
	struct go_g *curg;		/* M  the goroutine that runs */
	/*
	 * What remains to be done for the goroutine that has just left for the
	 * scheduler's stack: returns the goroutine to run next, or NULL.
	 */
	struct go_g *(*after)(struct go_m *m, struct go_g *g);	/* M */
	bool (*commit)(struct go_g *g, void *lock);		/* M  for after_park */
	void *commit_lock;					/* M */
	enum go_wait_reason why;				/* M */
	bool spinning;			/* M  counted in rt->spinning */
	bool started;			/* M  has waited once; see rt->starting */
	bool leaving;			/* M */
	unsigned int blocking;		/* M  depth of go_blocking_begin() */
	uint32_t random;		/* M */
	void *backend_data;		/* the backend's */
	struct go_san_stack san;	/* M */
};

struct go_timer_entry;

/* Timers of a P: a 4-ary heap. */
struct go_timers {
	go_lock_t lock;
	struct go_timer_entry *heap;	/* L  lock */
	size_t nr, size;		/* L  lock */
};

struct go_p {
	unsigned int id;		/* C */
	struct gosched_pslot *slot;	/* C */
	uint32_t pass;			/* P  scheduling passes */
	uint32_t streak;		/* P  goroutines run from @next in a row */
	uint64_t id_next, id_end;	/* P  goroutine numbers to hand out */
	struct go_gqueue free;		/* P  goroutines with a stack of the default size */
	_Atomic int64_t live;		/* P writes, A reads: started here minus ended here */

	/* The run queue: queue.c. */
	_Alignas(GO_CACHE_LINE) _Atomic uint32_t head;	/* A */
	_Atomic uint32_t tail;				/* P writes, A reads */
	_Atomic(struct go_g *) next;			/* A */
	_Atomic(struct go_g *) ring_slots[GO_RUNQ_SIZE];

	struct go_timers timers;
};

/* One go_run().  Freed by the last of go_run() and its M's. */
struct go_rt {
	const struct go_backend *backend;	/* C */
	struct gosched_header *header;		/* C */
	struct go_p *procs;			/* C  all that there can be */
	unsigned int max_procs;			/* C */
	int (*fn)(void *);			/* C  the main goroutine's function */
	void *arg;				/* C */
	int result;				/* of it, once done */
	_Atomic bool stopping;			/* A */
	_Atomic unsigned int nr_used;		/* A  P's that have ever been in use */

	_Alignas(GO_CACHE_LINE) _Atomic uint32_t spinning;	/* A  M's that look for work */
	_Atomic int64_t poll_until;	/* A  deadline of the poller, 0: nobody polls; poll.c */
	go_lock_t poll_lock;

	_Alignas(GO_CACHE_LINE) go_lock_t global_lock;
	struct go_gqueue global;	/* L  global_lock; its length is header->runnable */

	_Alignas(GO_CACHE_LINE) go_lock_t stack_lock;
	struct go_gqueue free;		/* L  stack_lock */
	struct go_g *all;		/* L  stack_lock */
	_Atomic uint64_t next_id;	/* A */

	/* Between go_run() and its M's. */
	_Atomic uint32_t event;		/* A  futex; counts what go_run() has to look at */
	_Atomic bool done;		/* A  the main goroutine has returned */
	_Atomic bool want_machine;	/* A  a spare M is wanted */
	_Atomic bool starting;		/* A  an M has been made and has not waited yet */
	_Atomic uint32_t machines;	/* A  M's that have not ended */
	_Atomic uint32_t unattached;	/* A  of these, threads still to become one */
	_Atomic uint32_t refs;		/* A */
};

/*
 * The M of this thread.  The compiler must load it anew each time: the address of a
 * thread-local variable, let alone its value, is another after a switch.
 */
extern __thread struct go_m *go_tls_m __attribute__((tls_model("initial-exec")));

static inline struct go_m *go_m(void)
{
	struct go_m *m;

	__asm__ volatile("movq go_tls_m@gottpoff(%%rip), %0\n\tmovq %%fs:(%0), %0"
			 : "=r"(m) : : "memory");
	return m;
}

static inline void go_barrier(void)
{
	__asm__ volatile("" : : : "memory");
}

static inline uint32_t go_load(const uint32_t *hint)
{
	return __atomic_load_n(hint, __ATOMIC_RELAXED);
}

static inline void go_store(uint32_t *hint, uint32_t value)
{
	__atomic_store_n(hint, value, __ATOMIC_RELAXED);
}

static inline struct go_p *go_m_proc(struct go_m *m)
{
	return &m->rt->procs[go_load(&m->slot->proc)];
}

/* switch.S */
void go_switch(void **save, void *to);
void go_entry(void);
void go_call_with_way_out(void **save, void (*fn)(void *), void *arg);
void go_way_out(void);
void go_capture(void);

/* go.c */
_Noreturn void go_g_main(void);
void go_start_captured(void *fn, const unsigned long *args);
void go_rt_event(struct go_rt *rt);

/* machine.c */
int go_m_start(struct go_rt *rt);
void go_m_want_spare(struct go_rt *rt);
void go_m_started(struct go_m *m);
void go_rt_put(struct go_rt *rt);

/* run.c */
void go_sched_loop(struct go_m *m);
void go_leave_to(struct go_m *m, struct go_g *(*after)(struct go_m *m, struct go_g *g));
void go_leave_for_good(struct go_m *m);
void go_g_set_state(struct go_g *g, enum go_g_state from, enum go_g_state to);
void go_wake(struct go_rt *rt);

/* queue.c */
void go_gqueue_push(struct go_gqueue *q, struct go_g *g);
struct go_g *go_gqueue_pop(struct go_gqueue *q);
void go_runq_put(struct go_rt *rt, struct go_p *p, struct go_g *g, bool next);
struct go_g *go_runq_take(struct go_p *p);
struct go_g *go_runq_rob(struct go_p *p);
struct go_g *go_runq_steal(struct go_p *p, struct go_p *victim, bool next_too);
bool go_runq_has_work(struct go_rt *rt);
void go_global_put(struct go_rt *rt, struct go_gqueue *batch);
struct go_g *go_global_take(struct go_rt *rt, struct go_p *p);

/* steal.c */
struct go_g *go_steal(struct go_m *m, struct go_p *p);
void go_adopt_orphans(struct go_rt *rt, struct go_p *p);

/* stack.c */
struct go_g *go_g_alloc(struct go_rt *rt, struct go_p *p, size_t stack_size);
void go_g_free(struct go_rt *rt, struct go_p *p, struct go_g *g);
void go_stacks_unmap(struct go_rt *rt);

/* timer.c */
int64_t go_timer_deadline(const struct go_p *p);
bool go_timer_due(const struct go_p *p);
void go_timers_unmap(struct go_p *p);

/* poll.c */
bool go_poll_begin(struct go_rt *rt, struct go_backend_wait *w);
void go_poll_end(struct go_rt *rt);
void go_poll_need(struct go_rt *rt, int64_t when);

/* lock.c */
void go_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t deadline);
void go_futex_wake(_Atomic uint32_t *word, int nr);

/* ncpu.c */
int go_procs_default(void);

#endif /* GO_TYPES_H */
