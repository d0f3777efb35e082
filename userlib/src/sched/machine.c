// SPDX-License-Identifier: MIT
/*
 * M's: threads that run goroutines.
 *
 * They are made by the thread that is in go_run(), never by an M: pthread_create()
 * takes locks of the C library, which an M may hold that was stopped there and that
 * waits for the very P the creator would keep.
 */
#include <stdlib.h>
#include <string.h>

#include <gosched.h>

#include "types.h"

__thread struct go_m *go_tls_m;

struct go_m *go_m_self(void)
{
	return go_m();
}

struct go_p *go_p_self(void)
{
	return go_m_proc(go_m());
}

/* Become an M and run goroutines. */
static void run(void *arg)
{
	struct go_m *m = arg;
	int ret;

	ret = m->rt->backend->attach(m, (void *)go_way_out, m->way_out_sp);
	if (!ret)
		m->slot->crit = 1;
	/* From here on the run may end under this thread. */
	atomic_fetch_sub(&m->rt->unattached, 1);
	go_rt_event(m->rt);
	if (!ret) {
		go_sched_loop(m);
	} else if (ret != -ENOSPC && ret != -ESHUTDOWN) {
		go_fatal("a thread cannot become an M of the %s backend: %s",
			 m->rt->backend->name, strerror(-ret));
	}
}

static void *thread(void *arg)
{
	struct go_m *m = arg;
	struct go_rt *rt = m->rt;

	go_tls_m = m;
	go_call_with_way_out(&m->way_out_sp, run, m);
	/* Here too when the kernel has sent the thread to go_way_out. */
	if (m->slot) {
		m->slot->crit = 1;
		rt->backend->detach(m);
	}
	go_m_started(m);
	go_tls_m = NULL;
	free(m);
	atomic_fetch_sub(&rt->machines, 1);
	go_rt_event(rt);
	go_rt_put(rt);
	return NULL;
}

/* Only from the thread in go_run(). */
int go_m_start(struct go_rt *rt)
{
	struct go_m *m = calloc(1, sizeof(*m));
	pthread_attr_t attr;
	pthread_t tid;
	int err;

	if (!m)
		return -ENOMEM;
	m->rt = rt;
	m->random = (uint32_t)go_now() | 1;
	atomic_fetch_add(&rt->refs, 1);
	atomic_fetch_add(&rt->machines, 1);
	atomic_fetch_add(&rt->unattached, 1);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&tid, &attr, thread, m);
	pthread_attr_destroy(&attr);
	if (err) {
		free(m);
		atomic_fetch_sub(&rt->unattached, 1);
		atomic_fetch_sub(&rt->machines, 1);
		atomic_fetch_sub(&rt->refs, 1);
	}
	return -err;
}

/* No spare M is left for the next block: ask for one, unless one is on its way. */
void go_m_want_spare(struct go_rt *rt)
{
	if (atomic_load_explicit(&rt->starting, memory_order_relaxed) ||
	    atomic_exchange(&rt->starting, true))
		return;
	atomic_store(&rt->want_machine, true);
	go_rt_event(rt);
}

/* The M waits for the first time, or never will. */
void go_m_started(struct go_m *m)
{
	if (m->started)
		return;
	m->started = true;
	atomic_store(&m->rt->starting, false);
}
