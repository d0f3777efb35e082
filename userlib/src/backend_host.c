// SPDX-License-Identifier: MIT
/*
 * The host backend: no module, user space plays the kernel's part.
 *
 * What the module sees by itself has to be told here: go_blocking_begin() and _end()
 * around code that blocks.  An M in between keeps its P until the monitor, a thread
 * that looks around every 20 us to 10 ms as Go's does, finds that others could use it.
 * There are no signals: at the end of a slice the monitor sets need-resched, which
 * takes effect when the goroutine next leaves a critical section.
 *
 * As in the module, a P is held by an M, idle, or out of use, and goes to an M whose
 * block has ended, else to a spare M if there is work, else is idle.  One mutex guards
 * it all; only block_begin() and the quick way out of block_end() do without.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <gosched/time.h>

#include "sched/types.h"

#define TICK_MIN_NS	(20 * GO_MICROSECOND)
#define TICK_MAX_NS	(10 * GO_MILLISECOND)
#define TICKS_IDLE	50	/* ticks without anything to do until they get longer */

/* An M towards the monitor; changed by compare-and-exchange. */
enum host_block {
	HOST_RUNS,
	HOST_BLOCKS,	/* between block_begin() and block_end(), has its P */
	HOST_RETAKEN,	/* ... has lost it */
};

struct host_m {
	struct gosched_mslot *slot;
	_Atomic enum host_block block;
	_Atomic uint32_t block_nr;	/* counts blocks, for the monitor */
	_Atomic uint32_t wake;		/* futex: 0 while it sleeps for a P */
	struct host_m *next;		/* in a queue */
	struct host *host;
};

struct host_queue {
	struct host_m *head, *tail;
	uint32_t nr;
};

struct host_p {
	struct gosched_pslot *slot;
	struct host_m *holder;
	bool idle;
	/* What the monitor saw last, and since when. */
	uint32_t tick, block_nr;
	int64_t slice_start;
};

struct host {
	pthread_mutex_t lock;
	pthread_cond_t monitor_wake;	/* a P is no longer idle; shut down */
	pthread_t monitor;
	struct gosched_header *header;
	size_t map_size;
	int64_t slice_ns;
	bool shutdown;
	unsigned int refs;		/* open() and each M */
	unsigned int max_procs, max_machines;
	uint32_t slots_used;		/* M slots that have ever been used */
	struct host_queue waiting;	/* M's with a goroutine, without a P */
	struct host_queue spares;
	struct gosched_mslot *free_slots[GO_MAX_MACHINES];
	uint32_t nr_free_slots;
	struct host_p procs[];
};

static struct host *host;	/* of the run that is open */

static void queue_push(struct host_queue *q, struct host_m *hm)
{
	hm->next = NULL;
	if (q->tail)
		q->tail->next = hm;
	else
		q->head = hm;
	q->tail = hm;
	q->nr++;
}

static struct host_m *queue_pop(struct host_queue *q)
{
	struct host_m *hm = q->head;

	if (!hm)
		return NULL;
	q->head = hm->next;
	if (!q->head)
		q->tail = NULL;
	q->nr--;
	return hm;
}

static void publish(struct host *h)
{
	go_store(&h->header->spares, h->spares.nr);
	go_store(&h->header->waiting, h->waiting.nr);
}

static bool in_use(struct host *h, struct host_p *p)
{
	return p - h->procs < (ptrdiff_t)h->header->nr_procs;
}

static bool has_work(struct host *h)
{
	int64_t now = go_now(), deadline;
	unsigned int i;

	if (go_load(&h->header->runnable) || go_load(&h->header->attention))
		return true;
	for (i = 0; i < h->max_procs; i++) {
		if (go_load(&h->procs[i].slot->runnable))
			return true;
		deadline = (int64_t)__atomic_load_n(&h->procs[i].slot->deadline, __ATOMIC_RELAXED);
		if (deadline && deadline <= now)
			return true;
	}
	return false;
}

static struct host_p *idle_proc(struct host *h)
{
	struct host_p *p;

	if (!h->header->idle)
		return NULL;
	for (p = h->procs; in_use(h, p); p++)
		if (p->idle)
			return p;
	return NULL;
}

static void set_idle(struct host *h, struct host_p *p)
{
	p->idle = true;
	go_store(&h->header->idle, h->header->idle + 1);
}

static void clear_idle(struct host *h, struct host_p *p)
{
	if (!p->idle)
		return;
	p->idle = false;
	if (h->header->idle == h->header->nr_procs)
		pthread_cond_signal(&h->monitor_wake);
	go_store(&h->header->idle, h->header->idle - 1);
}

/* @hm holds @p from here on; wakes it when it sleeps. */
static void grant(struct host *h, struct host_p *p, struct host_m *hm)
{
	clear_idle(h, p);
	p->holder = hm;
	p->slice_start = go_now();
	p->tick = go_load(&p->slot->tick);
	go_store(&hm->slot->proc, (uint32_t)(p - h->procs));
	atomic_store(&hm->wake, 1);
	go_futex_wake(&hm->wake, 1);
}

/* Who gets @p: waiting M's first, then a spare if there is work. */
static struct host_m *choose(struct host *h)
{
	struct host_m *hm = queue_pop(&h->waiting);

	if (!hm && h->spares.head && has_work(h))
		hm = queue_pop(&h->spares);
	publish(h);
	return hm;
}

/* @p, which nobody holds, goes to whoever is next. */
static void pass(struct host *h, struct host_p *p)
{
	struct host_m *hm;

	if (!in_use(h, p) || h->shutdown)
		return;
	hm = choose(h);
	if (!hm) {
		set_idle(h, p);
		/*
		 * Lost wake-up: others store their counts of goroutines, full
		 * barrier, look at header->idle and ring.
		 */
		atomic_thread_fence(memory_order_seq_cst);
		hm = choose(h);
	}
	if (hm)
		grant(h, p, hm);
}

static struct host_p *held(struct host *h, struct host_m *hm)
{
	uint32_t proc = go_load(&hm->slot->proc);

	return proc == GOSCHED_NO_PROC ? NULL : &h->procs[proc];
}

/* Take the P from @hm; NULL when it has none. */
static struct host_p *take(struct host *h, struct host_m *hm)
{
	struct host_p *p = held(h, hm);

	if (p) {
		p->holder = NULL;
		go_store(&hm->slot->proc, GOSCHED_NO_PROC);
	}
	return p;
}

/*
 * Sleep until a P is granted; @hm is in one of the queues, which nobody looks at any
 * more after a shutdown.  Called and returns locked.
 */
static int sleep_for_proc(struct host *h, struct host_m *hm)
{
	while (!held(h, hm) && !h->shutdown) {
		atomic_store(&hm->wake, 0);
		pthread_mutex_unlock(&h->lock);
		while (!atomic_load(&hm->wake))
			go_futex_wait(&hm->wake, 0, 0);
		pthread_mutex_lock(&h->lock);
	}
	if (!h->shutdown)
		return 0;
	take(h, hm);
	return -ESHUTDOWN;
}

/* Get any P, as an M with a goroutine of its own. */
static int get_proc(struct host *h, struct host_m *hm)
{
	struct host_p *p = idle_proc(h);

	if (h->shutdown)
		return -ESHUTDOWN;
	if (p) {
		grant(h, p, hm);
		return 0;
	}
	queue_push(&h->waiting, hm);
	publish(h);
	return sleep_for_proc(h, hm);
}

/* Get a P as soon as there is work for one. */
static int get_proc_as_spare(struct host *h, struct host_m *hm)
{
	struct host_p *p = idle_proc(h);

	if (h->shutdown)
		return -ESHUTDOWN;
	if (p && has_work(h)) {
		grant(h, p, hm);
		return 0;
	}
	queue_push(&h->spares, hm);
	publish(h);
	return sleep_for_proc(h, hm);
}

static void poll_fd(struct host *h, const struct go_backend_wait *w)
{
	struct pollfd pfd = { .fd = w->fd, .events = POLLIN };
	int64_t ns = w->deadline - go_now();
	struct timespec ts;

	if (ns < 0)
		ns = 0;
	ts = (struct timespec){ .tv_sec = ns / GO_SECOND, .tv_nsec = ns % GO_SECOND };
	pthread_mutex_unlock(&h->lock);
	ppoll(&pfd, 1, w->deadline ? &ts : NULL, NULL);
	pthread_mutex_lock(&h->lock);
}

static int host_wait(struct go_m *m, const struct go_backend_wait *w)
{
	struct host_m *hm = m->backend_data;
	struct host *h = hm->host;
	struct host_p *p;
	int ret;

	pthread_mutex_lock(&h->lock);
	p = take(h, hm);
	if (p)
		pass(h, p);
	if (w->fd >= 0) {
		if (!h->shutdown && !(idle_proc(h) && has_work(h)))
			poll_fd(h, w);
		ret = get_proc(h, hm);
	} else {
		ret = get_proc_as_spare(h, hm);
	}
	pthread_mutex_unlock(&h->lock);
	return ret;
}

static int host_yield(struct go_m *m)
{
	struct host_m *hm = m->backend_data;
	struct host *h = hm->host;
	struct host_p *p;
	int ret = 0;

	pthread_mutex_lock(&h->lock);
	p = held(h, hm);
	if (h->shutdown || h->waiting.head || !in_use(h, p)) {
		take(h, hm);
		pass(h, p);
		ret = get_proc(h, hm);
	}
	pthread_mutex_unlock(&h->lock);
	return ret;
}

static int host_ring(void)
{
	struct host *h = host;
	struct host_m *hm;
	struct host_p *p;
	int ret = 0;

	pthread_mutex_lock(&h->lock);
	p = idle_proc(h);
	if (h->shutdown) {
		ret = -ESHUTDOWN;
	} else if (!p) {
		ret = -EAGAIN;
	} else if (!h->spares.head) {
		ret = -ENOENT;
	} else {
		hm = queue_pop(&h->spares);
		publish(h);
		grant(h, p, hm);
	}
	pthread_mutex_unlock(&h->lock);
	return ret;
}

static void host_block_begin(struct go_m *m)
{
	struct host_m *hm = m->backend_data;

	atomic_fetch_add_explicit(&hm->block_nr, 1, memory_order_relaxed);
	atomic_store(&hm->block, HOST_BLOCKS);
}

static void host_block_end(struct go_m *m)
{
	struct host_m *hm = m->backend_data;
	struct host *h = hm->host;
	enum host_block expected = HOST_BLOCKS;

	if (atomic_compare_exchange_strong(&hm->block, &expected, HOST_RUNS))
		return;
	pthread_mutex_lock(&h->lock);
	atomic_store(&hm->block, HOST_RUNS);
	get_proc(h, hm);
	pthread_mutex_unlock(&h->lock);
}

static int host_set_procs(unsigned int nr_procs)
{
	struct host *h = host;
	unsigned int i, old;

	pthread_mutex_lock(&h->lock);
	old = h->header->nr_procs;
	for (i = nr_procs; i < old; i++)
		clear_idle(h, &h->procs[i]);
	go_store(&h->header->nr_procs, nr_procs);
	/* A P that is still held was on its way out and now stays. */
	for (i = old; i < nr_procs; i++)
		if (!h->procs[i].holder)
			pass(h, &h->procs[i]);
	pthread_mutex_unlock(&h->lock);
	return 0;
}

/*
 * The monitor.
 */

/* @hm has been in a block since before the last tick: give its P to others. */
static bool retake_blocked(struct host *h, struct host_p *p, struct host_m *hm, int64_t now)
{
	uint32_t nr = atomic_load_explicit(&hm->block_nr, memory_order_relaxed);
	enum host_block expected = HOST_BLOCKS;

	if (p->block_nr != nr) {
		p->block_nr = nr;
		p->slice_start = now;
		return false;
	}
	/* Even without work after a while: then a new goroutine need not wait for a tick. */
	if (!h->waiting.head && now - p->slice_start < TICK_MAX_NS && !has_work(h))
		return false;
	if (!atomic_compare_exchange_strong(&hm->block, &expected, HOST_RETAKEN))
		return false;
	take(h, hm);
	pass(h, p);
	return true;
}

/* Ask @hm to yield when its slice is over and somebody wants its P. */
static void end_slice(struct host *h, struct host_p *p, struct host_m *hm, int64_t now)
{
	uint32_t tick = go_load(&p->slot->tick);

	if (p->tick != tick) {
		p->tick = tick;
		p->slice_start = now;
	}
	if (now - p->slice_start < h->slice_ns)
		return;
	p->slice_start = now;
	if (h->waiting.head || !in_use(h, p) || has_work(h))
		__atomic_fetch_or(&hm->slot->flags, GOSCHED_M_NEED_RESCHED, __ATOMIC_RELAXED);
}

/* Look at all P's once; whether any was taken. */
static bool look_around(struct host *h)
{
	int64_t now = go_now();
	bool any = false;
	unsigned int i;

	for (i = 0; i < h->max_procs; i++) {
		struct host_p *p = &h->procs[i];
		struct host_m *hm = p->holder;

		if (!hm)
			continue;
		if (atomic_load(&hm->block) == HOST_BLOCKS)
			any |= retake_blocked(h, p, hm, now);
		else
			end_slice(h, p, hm, now);
	}
	return any;
}

static void *monitor(void *arg)
{
	struct host *h = arg;
	int64_t tick = TICK_MIN_NS, until;
	struct timespec ts;
	int idle = 0;

	pthread_mutex_lock(&h->lock);
	while (!h->shutdown) {
		if (h->header->idle == h->header->nr_procs) {
			pthread_cond_wait(&h->monitor_wake, &h->lock);
			tick = TICK_MIN_NS;
			idle = 0;
			continue;
		}
		until = go_now() + tick;
		ts = (struct timespec){
			.tv_sec = until / GO_SECOND,
			.tv_nsec = until % GO_SECOND,
		};
		pthread_cond_timedwait(&h->monitor_wake, &h->lock, &ts);
		if (look_around(h)) {
			tick = TICK_MIN_NS;
			idle = 0;
		} else if (++idle > TICKS_IDLE && tick < TICK_MAX_NS) {
			tick = tick * 2 < TICK_MAX_NS ? tick * 2 : TICK_MAX_NS;
		}
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/*
 * Life of the backend and of M's.
 */

static struct gosched_mslot *first_mslot(struct host *h)
{
	return (void *)((char *)h->header + h->header->mslot_offset);
}

/* Called locked; unlocks. */
static void put(struct host *h)
{
	bool last = --h->refs == 0;

	pthread_mutex_unlock(&h->lock);
	if (!last)
		return;
	munmap(h->header, h->map_size);
	pthread_cond_destroy(&h->monitor_wake);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static int host_attach(struct go_m *m, void *retire_ip, void *retire_sp)
{
	struct host *h = host;
	struct host_m *hm = calloc(1, sizeof(*hm));

	(void)retire_ip;
	(void)retire_sp;
	if (!hm)
		return -ENOMEM;
	hm->host = h;
	pthread_mutex_lock(&h->lock);
	if (h->nr_free_slots) {
		hm->slot = h->free_slots[--h->nr_free_slots];
	} else if (h->slots_used < h->max_machines) {
		hm->slot = first_mslot(h) + h->slots_used++;
	} else {
		pthread_mutex_unlock(&h->lock);
		free(hm);
		return -ENOSPC;
	}
	*hm->slot = (struct gosched_mslot){ .proc = GOSCHED_NO_PROC };
	h->refs++;
	pthread_mutex_unlock(&h->lock);
	m->backend_data = hm;
	m->slot = hm->slot;
	return 0;
}

static void host_detach(struct go_m *m)
{
	struct host_m *hm = m->backend_data;
	struct host *h = hm->host;
	struct host_p *p;

	pthread_mutex_lock(&h->lock);
	p = take(h, hm);
	if (p)
		pass(h, p);
	go_store(&m->slot->crit, 0);
	h->free_slots[h->nr_free_slots++] = hm->slot;
	free(hm);
	put(h);
}

static void init_locks(struct host *h)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->monitor_wake, &attr);
	pthread_condattr_destroy(&attr);
}

static int map_slots(struct host *h, const struct go_backend_config *config)
{
	struct gosched_header *header;
	unsigned int i;

	h->map_size = sizeof(*header) + config->max_procs * sizeof(struct gosched_pslot) +
		      config->max_machines * sizeof(struct gosched_mslot);
	header = mmap(NULL, h->map_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (header == MAP_FAILED)
		return -ENOMEM;
	h->header = header;
	header->pslot_offset = sizeof(*header);
	header->mslot_offset = header->pslot_offset +
			       config->max_procs * (uint32_t)sizeof(struct gosched_pslot);
	header->nr_procs = config->nr_procs;
	for (i = 0; i < config->max_procs; i++)
		h->procs[i].slot = (struct gosched_pslot *)(header + 1) + i;
	for (i = 0; i < config->nr_procs; i++)
		set_idle(h, &h->procs[i]);
	return 0;
}

static int host_open(struct go_backend_config *config)
{
	struct host *h = calloc(1, sizeof(*h) + config->max_procs * sizeof(h->procs[0]));
	int err;

	if (!h)
		return -ENOMEM;
	h->refs = 1;
	h->max_procs = config->max_procs;
	h->max_machines = config->max_machines < GO_MAX_MACHINES ? config->max_machines :
								   GO_MAX_MACHINES;
	h->slice_ns = (int64_t)(config->slice_ns ? config->slice_ns : GOSCHED_DEFAULT_SLICE_NS);
	err = map_slots(h, config);
	if (err) {
		free(h);
		return err;
	}
	init_locks(h);
	err = pthread_create(&h->monitor, NULL, monitor, h);
	if (err) {
		pthread_mutex_lock(&h->lock);
		put(h);
		return -err;
	}
	config->header = h->header;
	host = h;
	return 0;
}

static void wake_all(struct host_queue *q)
{
	struct host_m *hm, *next;

	for (hm = q->head; hm; hm = next) {
		next = hm->next;
		atomic_store(&hm->wake, 1);
		go_futex_wake(&hm->wake, 1);
	}
}

/* Nobody can be sent away from user code here: @retire makes no difference. */
static void host_shutdown(bool retire)
{
	struct host *h = host;

	(void)retire;
	pthread_mutex_lock(&h->lock);
	if (!h->shutdown) {
		h->shutdown = true;
		wake_all(&h->waiting);
		wake_all(&h->spares);
		pthread_cond_signal(&h->monitor_wake);
	}
	pthread_mutex_unlock(&h->lock);
}

static void host_close(void)
{
	struct host *h = host;

	host = NULL;
	pthread_join(h->monitor, NULL);
	pthread_mutex_lock(&h->lock);
	put(h);
}

const struct go_backend go_backend_host = {
	.name = "host",
	.open = host_open,
	.close = host_close,
	.attach = host_attach,
	.detach = host_detach,
	.wait = host_wait,
	.yield = host_yield,
	.ring = host_ring,
	.block_begin = host_block_begin,
	.block_end = host_block_end,
	.set_procs = host_set_procs,
	.shutdown = host_shutdown,
};
