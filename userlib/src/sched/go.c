// SPDX-License-Identifier: MIT
/*
 * go_run() and the life of goroutines.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gosched.h>

#include "types.h"

#define GO_VERSION	"0.1"
#define ID_BATCH	16
/* P's that there can be at least, so that go_maxprocs() has room. */
#define PROCS_ROOM	64
/* How long M's are given, at the end, to come to library code by themselves. */
#define END_GRACE	(20 * GO_MILLISECOND)

static pthread_mutex_t run_lock = PTHREAD_MUTEX_INITIALIZER;

int *go_errno_location(void)
{
	return __errno_location();
}

const char *go_os(void)
{
	return "linux";
}

const char *go_arch(void)
{
	return GO_ARCH_NAME;
}

const char *go_version(void)
{
	return "gosched " GO_VERSION;
}

uint64_t go_id(void)
{
	struct go_g *g = go_self();

	return g ? g->id : 0;
}

/*
 * Goroutines
 */

static uint64_t new_id(struct go_rt *rt, struct go_p *p)
{
	if (p->id_next == p->id_end) {
		p->id_next = atomic_fetch_add(&rt->next_id, ID_BATCH);
		p->id_end = p->id_next + ID_BATCH;
	}
	return p->id_next++;
}

static void add_live(struct go_p *p, int n)
{
	int64_t live = atomic_load_explicit(&p->live, memory_order_relaxed);

	atomic_store_explicit(&p->live, live + n, memory_order_relaxed);
}

/* A goroutine, runnable but on no queue yet, or NULL. */
static struct go_g *new_goroutine(struct go_rt *rt, struct go_p *p, size_t stack_size,
				  void *fn, const unsigned long *args)
{
	struct go_g *g = go_g_alloc(rt, p, stack_size);
	int i;

	if (!g)
		return NULL;
	g->fn = fn;
	for (i = 0; i < GO_ARG_MAX; i++)
		g->args[i] = args[i];
	g->id = new_id(rt, p);
	add_live(p, 1);
	go_g_set_state(g, GO_G_IDLE, GO_G_RUNNABLE);
	return g;
}

static int start(void *fn, const unsigned long *args)
{
	struct go_g *self = go_self(), *g;
	struct go_m *m;
	struct go_p *p;

	go_crit_enter();
	m = go_m();
	if (!m)
		return -EPERM;
	p = go_m_proc(m);
	g = new_goroutine(m->rt, p, self ? self->spawn_stack_size : 0, fn, args);
	if (g) {
		go_runq_put(m->rt, p, g, true);
		go_wake(m->rt);
	}
	go_crit_exit();
	return g ? 0 : -ENOMEM;
}

int go_spawn(void (*fn)(void *), void *arg)
{
	unsigned long args[GO_ARG_MAX] = { (unsigned long)arg };

	return start((void *)fn, args);
}

/*
 * For go(f, ...).  A call through a pointer got here, as one by name may go through the
 * dynamic linker, which does not keep the static chain register, and as the compiler
 * leaves the static chain out where it can see that the callee takes none.
 */
void (*go_capture_entry(void))(void)
{
	void (*entry)(void) = go_capture;

	__asm__("" : "+r"(entry));
	return entry;
}

/* From go_capture(). */
void go_start_captured(void *fn, const unsigned long *args)
{
	int ret = start(fn, args);

	if (ret == -EPERM)
		go_panic("go: outside a goroutine: call it from what go_run() runs");
	if (ret)
		go_panic("go: no memory for a stack (or no mapping: sysctl vm.max_map_count)");
}

/* The bottom of a goroutine's stack. */
_Noreturn void go_g_main(void)
{
	struct go_m *m = go_m();
	struct go_g *g = m->curg;
	void (*fn)(unsigned long, unsigned long, unsigned long, unsigned long,
		   unsigned long, unsigned long) = g->fn;

	go_san_arrive_g(&g->san, &m->san);
	errno = 0;
	go_crit_exit();
	fn(g->args[0], g->args[1], g->args[2], g->args[3], g->args[4], g->args[5]);
	go_exit();
}

static struct go_g *after_exit(struct go_m *m, struct go_g *g)
{
	struct go_p *p = go_m_proc(m);

	go_g_set_state(g, GO_G_RUNNING, GO_G_IDLE);
	add_live(p, -1);
	go_g_free(m->rt, p, g);
	return NULL;
}

void go_exit(void)
{
	if (!go_self())
		go_fatal("go_exit outside a goroutine");
	go_crit_enter();
	go_leave_to(go_m(), after_exit);
	__builtin_unreachable();
}

static void main_goroutine(void *arg)
{
	struct go_rt *rt = arg;

	rt->result = rt->fn(rt->arg);
	go_crit_enter();
	atomic_store(&rt->done, true);
	go_rt_event(rt);
	go_leave_for_good(go_m());
}

int go_numgoroutine(void)
{
	struct go_m *m = go_m();
	unsigned int i, nr;
	int64_t live = 0;

	if (!m)
		return 0;
	nr = atomic_load(&m->rt->nr_used);
	for (i = 0; i < nr; i++)
		live += atomic_load_explicit(&m->rt->procs[i].live, memory_order_relaxed);
	return (int)live;
}

int go_maxprocs(int n)
{
	struct go_m *m = go_m();
	struct go_rt *rt;
	unsigned int nr, used;
	int old;

	if (!m)
		return go_procs_default();
	rt = m->rt;
	old = (int)go_load(&rt->header->nr_procs);
	if (n < 1 || n == old)
		return old;
	nr = (unsigned int)n < rt->max_procs ? (unsigned int)n : rt->max_procs;
	go_crit_enter();
	used = atomic_load(&rt->nr_used);
	while (used < nr && !atomic_compare_exchange_weak(&rt->nr_used, &used, nr))
		;
	if (!rt->backend->set_procs(nr))
		go_wake(rt);
	go_crit_exit();
	return old;
}

void go_blocking_begin(void)
{
	struct go_m *m = go_m();

	if (!go_self() || !m->rt->backend->block_begin || m->blocking++)
		return;
	m->rt->backend->block_begin(m);
}

void go_blocking_end(void)
{
	struct go_m *m = go_m();
	int saved = errno;

	if (!go_self() || !m->rt->backend->block_end)
		return;
	if (!m->blocking)
		go_fatal("go_blocking_end without go_blocking_begin");
	if (!--m->blocking)
		m->rt->backend->block_end(m);
	errno = saved;
	/* Leaves here when the run has ended meanwhile. */
	go_crit_enter();
	go_crit_exit();
}

/*
 * The runtime
 */

/* Make the thread in go_run() look around. */
void go_rt_event(struct go_rt *rt)
{
	atomic_fetch_add(&rt->event, 1);
	go_futex_wake(&rt->event, 1);
}

void go_rt_put(struct go_rt *rt)
{
	unsigned int i;

	if (atomic_fetch_sub(&rt->refs, 1) != 1)
		return;
	go_stacks_unmap(rt);
	for (i = 0; i < atomic_load(&rt->nr_used); i++)
		go_timers_unmap(&rt->procs[i]);
	munmap(rt->procs, rt->max_procs * sizeof(*rt->procs));
	free(rt);
}

static void init_procs(struct go_rt *rt)
{
	struct gosched_pslot *slots = (void *)((char *)rt->header + rt->header->pslot_offset);
	unsigned int i;

	rt->procs = mmap(NULL, rt->max_procs * sizeof(*rt->procs), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (rt->procs == MAP_FAILED)
		go_fatal("out of memory");
	for (i = 0; i < rt->max_procs; i++) {
		rt->procs[i].id = i;
		rt->procs[i].slot = &slots[i];
	}
}

static struct go_rt *new_rt(int (*fn)(void *), void *arg)
{
	unsigned int nr = (unsigned int)go_procs_default();
	struct go_backend_config config = {
		.nr_procs = nr,
		.max_procs = nr > PROCS_ROOM ? nr : PROCS_ROOM,
		.max_machines = GO_MAX_MACHINES,
	};
	struct go_rt *rt = aligned_alloc(GO_CACHE_LINE, sizeof(*rt));

	if (!rt)
		go_fatal("out of memory");
	*rt = (struct go_rt){ .fn = fn, .arg = arg, .refs = 1, .next_id = 1, .nr_used = nr };
	rt->backend = go_backend_choose(&config);
	if (!rt->backend)
		_exit(2);
	rt->header = config.header;
	rt->max_procs = config.max_procs;
	init_procs(rt);
	return rt;
}

static void start_main(struct go_rt *rt)
{
	unsigned long args[GO_ARG_MAX] = { (unsigned long)rt };
	struct go_gqueue batch = {};
	struct go_g *g;

	g = new_goroutine(rt, &rt->procs[0], 0, (void *)main_goroutine, args);
	if (!g)
		go_fatal("out of memory");
	go_gqueue_push(&batch, g);
	go_global_put(rt, &batch);
	go_m_want_spare(rt);
}

static void start_wanted(struct go_rt *rt)
{
	int ret = 0;

	if (!atomic_exchange(&rt->want_machine, false))
		return;
	if (atomic_load(&rt->machines) < GO_MAX_MACHINES)
		ret = go_m_start(rt);
	else
		atomic_store(&rt->starting, false);
	if (!ret)
		return;
	if (!atomic_load(&rt->machines))
		go_fatal("no thread can be made: %s", strerror(-ret));
	atomic_store(&rt->starting, false);
}

static void wait_done(struct go_rt *rt)
{
	uint32_t event;

	for (;;) {
		event = atomic_load(&rt->event);
		if (atomic_load(&rt->done))
			return;
		start_wanted(rt);
		go_futex_wait(&rt->event, event, 0);
	}
}

/* Wait a while for all M's to end; whether they have. */
static bool wait_machines(struct go_rt *rt)
{
	int64_t deadline = go_now() + END_GRACE;
	uint32_t event;

	for (;;) {
		event = atomic_load(&rt->event);
		if (!atomic_load(&rt->machines))
			return true;
		if (go_now() >= deadline)
			return false;
		go_futex_wait(&rt->event, event, deadline);
	}
}

/*
 * A thread that is about to attach needs the backend, however late it comes, and must
 * not be sent away in the midst of it.
 */
static void wait_attached(struct go_rt *rt)
{
	uint32_t event;

	for (;;) {
		event = atomic_load(&rt->event);
		if (!atomic_load(&rt->unattached))
			return;
		go_futex_wait(&rt->event, event, 0);
	}
}

/* Is an M in a critical section?  Slots that nobody has are 0. */
static bool any_in_library(struct go_rt *rt)
{
	struct gosched_mslot *slots = (void *)((char *)rt->header + rt->header->mslot_offset);
	unsigned int i;

	for (i = 0; i < GO_MAX_MACHINES; i++)
		if (go_load(&slots[i].crit))
			return true;
	return false;
}

/*
 * An M in library code uses what is about to be closed: it is waited for however late it
 * is.  It cannot be overlooked: who enters now sees that the run is over (lock.c), and
 * who entered without seeing it did so before the graces that have passed.
 */
static void wait_library(struct go_rt *rt)
{
	uint32_t event = atomic_load(&rt->event);

	while (any_in_library(rt)) {
		go_futex_wait(&rt->event, event, go_now() + GO_MILLISECOND);
		event = atomic_load(&rt->event);
	}
}

/*
 * M's end as soon as they come to library code.  Those that do not are in user code,
 * where the backend may be able to send them away, or in a blocking call: these are
 * left alone and end when it returns.
 */
static void stop(struct go_rt *rt)
{
	atomic_store(&rt->stopping, true);
	rt->backend->shutdown(false);
	go_io_kick();	/* a poller need not wait in the backend */
	wait_attached(rt);
	if (!wait_machines(rt)) {
		rt->backend->shutdown(true);
		if (!wait_machines(rt))
			wait_library(rt);
	}
	go_io_close();
	rt->backend->close();
}

int go_run(int (*fn)(void *), void *arg)
{
	struct go_rt *rt;
	int result, ret;

	if (go_m())
		go_fatal("go_run called from a goroutine");
	if (pthread_mutex_trylock(&run_lock))
		go_fatal("go_run called while another thread is in it");
	rt = new_rt(fn, arg);
	ret = go_io_open();
	if (ret)
		go_fatal("I/O cannot be set up: %s", strerror(-ret));
	start_main(rt);
	wait_done(rt);
	stop(rt);
	result = rt->result;
	go_rt_put(rt);
	pthread_mutex_unlock(&run_lock);
	return result;
}
